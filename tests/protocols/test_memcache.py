"""Both sides of memcached's connections, without a socket: order, backpressure, time, what ends them."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.memcache import encode_get, encode_store
from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED
from fastnet.protocols.memcache import (
    LINE,
    STATS,
    VALUES,
    ClientConnection,
    ServerConnection,
    ServerRefused,
    Values,  # fmt: skip
)
from tests.codecs.framings import cuts, pieces_of


def events(connection: Any, pieces: Sequence[bytes]) -> list[Any]:
    found = []
    for piece in pieces:
        connection.receive_data(piece)
        while (event := connection.next_event()) is not NEED_DATA:
            found.append(event)
    return found


def server(**options: Any) -> ServerConnection:
    connection = ServerConnection(**options)
    connection.now = 100.0
    connection.connection_made()
    return connection


# --- a server's side


@given(sizes=cuts)
def test_requests_come_in_order_however_they_are_cut(sizes: list[int]) -> None:
    stream = encode_get(["a", "b"]) + encode_store("set", "a", b"\r\nget b\r\n") + b"version\r\n"
    for pieces in ([stream], pieces_of(stream, sizes), pieces_of(stream, [])):
        found = events(server(), pieces)
        assert [(event.verb, event.keys, event.value) for event in found] == [
            ("get", (b"a", b"b"), None), ("set", (b"a",), b"\r\nget b\r\n"), ("version", (), None)]  # fmt: skip


def test_answers_are_sent_in_order() -> None:
    connection = server()
    events(connection, [b"get a\r\nget b\r\n"])
    connection.send(b"END\r\n")
    connection.send(b"ERROR\r\n")
    assert b"".join(connection.data_to_send()) == b"END\r\nERROR\r\n"
    assert connection.data_to_send() == []


def test_requests_wait_while_answers_do() -> None:
    connection = server(max_output_bytes=10)
    connection.receive_data(b"get a\r\nget b\r\nget c\r\n")
    assert connection.next_event().key == b"a"
    connection.send(b"123456789")
    assert connection.next_event().key == b"b"
    connection.send(b"0")
    assert connection.next_event() is PAUSED
    connection.data_to_send()
    assert connection.next_event().key == b"c"
    assert connection.next_event() is NEED_DATA


def test_quit_closes_and_what_follows_is_not_read() -> None:
    connection = server()
    assert [event.key for event in events(connection, [b"get a\r\nquit\r\nget b\r\n"])] == [b"a"]
    assert connection.closing and not connection.aborted


@pytest.mark.parametrize("stream, line", [
    (b"set a 0 0 1\r\nxyz", b"CLIENT_ERROR bad data chunk\r\n"),
    (b"set a 0 0 x\r\n", b"CLIENT_ERROR bad data chunk: its length cannot be read\r\n"),
    (b"get " + b"a " * 40, b"CLIENT_ERROR line too long\r\n"),
    (b"POST / HTTP/1.1\r\n", b"CLIENT_ERROR this is no web server\r\n"),
])  # fmt: skip
def test_what_breaks_the_rules_is_told_and_raised(stream: bytes, line: bytes) -> None:
    connection = server(max_line_bytes=40)
    connection.receive_data(b"version\r\n" + stream)
    assert connection.next_event().verb == "version"
    with pytest.raises(ProtocolError) as caught:
        connection.next_event()
    assert isinstance(caught.value, LimitExceeded) == (b"too long" in line)
    assert not connection.fail(caught.value)
    assert b"".join(connection.data_to_send()) == line


def test_a_fault_of_the_server_is_told_without_details() -> None:
    connection = server()
    connection.fail(KeyError("secret"))
    assert b"".join(connection.data_to_send()) == b"SERVER_ERROR the request could not be answered\r\n"


def test_the_end_of_the_stream() -> None:
    connection = server()
    connection.receive_eof()
    assert connection.closing
    connection = server()
    events(connection, [b"set a 0 0 5\r\nab"])
    with pytest.raises(IncompleteFrame) as caught:
        connection.receive_eof()
    assert (caught.value.received, caught.value.expected) == (15, 20)


def test_a_request_must_be_complete_in_time() -> None:
    connection = server(request_timeout_s=5)
    assert connection.next_timeout() is None
    events(connection, [b"get a\r\nse"])
    assert connection.next_timeout() == 5
    connection.now = 104.0
    events(connection, [b"t"])
    assert connection.next_timeout() == 1
    connection.handle_timeout(104.9)
    assert not connection.aborted
    connection.handle_timeout(105.0)
    assert connection.aborted


def test_time_between_requests() -> None:
    connection = server(request_timeout_s=5, idle_timeout_s=50)
    assert connection.next_timeout() == 50
    connection.now = 120.0
    events(connection, [b"get a\r\n"])
    assert connection.next_timeout() == 50
    connection.handle_timeout(170.0)
    assert connection.aborted


@pytest.mark.parametrize("option, value", [("max_output_bytes", 0), ("request_timeout_s", -1), ("max_key_bytes", 0),
                                           ("idle_timeout_s", float("nan"))])  # fmt: skip
def test_options_of_a_server(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        ServerConnection(**{option: value})
    assert caught.value.option == option


# --- a client's side


def plain(event: Any) -> Any:
    if isinstance(event, Values):
        return event.values, event.flags, event.cas
    if isinstance(event, ServerRefused):
        return str(event)
    return event if isinstance(event, dict) else (event.kind, event.number)


@given(sizes=cuts)
def test_replies_are_whole_and_in_order_however_they_are_cut(sizes: list[int]) -> None:
    stream = (b"VALUE a 0 2\r\nhi\r\nVALUE b 7 5 99\r\nEND\r\n\r\nEND\r\nSTORED\r\nEND\r\n"
              b"STAT a 1\r\nSTAT b x y\r\nEND\r\n17\r\nSERVER_ERROR out of memory\r\n"
              b"VALUE c 0 1\r\nx\r\nERROR\r\nHD\r\n")  # fmt: skip
    shapes = (VALUES, LINE, VALUES, STATS, LINE, VALUES, VALUES, LINE)
    for pieces in ([stream], pieces_of(stream, sizes), pieces_of(stream, [])):
        connection = ClientConnection()
        for shape in shapes:
            connection.request(b"?", shape)
        assert connection.due == len(shapes)
        assert [plain(event) for event in events(connection, pieces)] == [
            ({b"a": b"hi", b"b": b"END\r\n"}, {b"b": 7}, {b"b": 99}),
            ("STORED", None),
            ({}, {}, {}),
            {b"a": b"1", b"b": b"x y"},
            ("NUMBER", 17),
            "SERVER_ERROR out of memory",
            "ERROR",
            ("HD", None),
        ]
        assert connection.due == 0
        connection.receive_eof()
        assert connection.closing


def test_requests_are_sent_as_they_are() -> None:
    connection = ClientConnection()
    connection.send((b"get a\r\n", VALUES))
    connection.write(b"delete a noreply\r\n")
    assert b"".join(connection.data_to_send()) == b"get a\r\ndelete a noreply\r\n"
    assert connection.due == 1
    with pytest.raises(ValueError):
        connection.request(b"", "pieces")


@given(sizes=cuts, order=st.permutations([b"a", b"b", b"\xc3\xbc", b"d"]))
def test_values_have_the_keys_that_were_asked_for(sizes: list[int], order: list[bytes]) -> None:
    hits = {b"a": b"VALUE a 5 1\r\n1\r\n", b"b": b"VALUE b 0 1 7\r\n2\r\n", b"\xc3\xbc": b"VALUE \xc3\xbc 0 1\r\n3\r\n",
            b"d": b""}  # fmt: skip
    stream = b"".join(map(hits.__getitem__, order)) + b"END\r\n"
    connection = ClientConnection()
    for _ in range(2):
        connection.request_values(["a", "\u00fc", b"b", "c", "d"], "gets")
    assert b"".join(map(bytes, connection.data_to_send())) == b"gets a \xc3\xbc b c d\r\n" * 2
    for found in events(connection, pieces_of(stream * 2, sizes)):
        assert found.values == {"a": b"1", "\u00fc": b"3", b"b": b"2"}
        assert (found.flags, found.cas, len(found)) == ({"a": 5}, {b"b": 7}, 3)


def test_a_key_asked_for_as_text_and_as_bytes_is_found_as_both() -> None:
    connection = ClientConnection()
    connection.request_values(["a", b"a"])
    (found,) = events(connection, [b"VALUE a 0 1\r\n1\r\n" * 2 + b"END\r\n"])
    assert found.values == {"a": b"1", b"a": b"1"}


def test_keys_are_checked_before_anything_is_queued() -> None:
    connection = ClientConnection()
    for keys, error in ((["a", "b c"], ValueError), ([], ValueError), (["a", 5], TypeError)):
        with pytest.raises(error):
            connection.request_values(keys)  # type: ignore[arg-type]
    assert connection.due == 0 and connection.data_to_send() == []


def test_a_key_that_was_not_asked_for_is_refused() -> None:
    connection = ClientConnection()
    connection.request_values(["a", "b"])
    connection.receive_data(b"VALUE b 0 1\r\n1\r\nVALUE c 0 1\r\n1\r\nEND\r\n")
    with pytest.raises(ProtocolError, match="the server sent a key that was not asked for"):
        connection.next_event()


@pytest.mark.parametrize("stream, shapes, error", [
    (b"END\r\n", [], "the server sent a reply to no request"),
    (b"STORED\r\n", [VALUES], "the server answered a get with something else"),
    (b"hello\r\n", [LINE], "the server sent a line that no memcached server may send"),
    (b"VALUE a 0 11\r\n", [VALUES], "the server sent a value that is larger than the limit"),
])  # fmt: skip
def test_a_server_that_breaks_the_rules(stream: bytes, shapes: list[str], error: str) -> None:
    connection = ClientConnection(max_value_bytes=10)
    for shape in shapes:
        connection.request(b"", shape)
    connection.receive_data(stream)
    with pytest.raises(ProtocolError, match=f"^{error}$"):
        connection.next_event()


@pytest.mark.parametrize("most, fits", [(40, True), (39, True), (38, False)])
def test_the_limit_of_a_reply(most: int, fits: bool) -> None:
    connection = ClientConnection(max_reply_bytes=most)
    for _ in range(3):  # of each reply by itself
        connection.request(b"", VALUES)
        connection.receive_data(b"VALUE a 0 2\r\nhi\r\n" * 2 + b"END\r\n")  # 39 bytes
        if fits:
            assert plain(connection.next_event())[0] == {b"a": b"hi"}
        else:
            with pytest.raises(LimitExceeded):
                connection.next_event()
            break


def test_the_end_while_replies_are_due() -> None:
    connection = ClientConnection()
    connection.request(b"", LINE)
    with pytest.raises(ProtocolError, match="while 1 replies were due"):
        connection.receive_eof()
    events(connection, [b"STOR"])
    with pytest.raises(IncompleteFrame):
        connection.receive_eof()


def test_options_of_a_client() -> None:
    with pytest.raises(ConfigError):
        ClientConnection(max_reply_bytes=0)
