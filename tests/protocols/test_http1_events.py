"""The Python connections: both roles against each other, the client whole, upgrades, what cannot be sent."""

from __future__ import annotations

import doctest
import re

import pytest

import fastnet.protocols.http1_events as module
from fastnet.errors import LimitExceeded, ProtocolError
from fastnet.protocols import (
    NEED_DATA,
    PAUSED,
    ClientConnection,
    Closed,
    Data,
    EndOfMessage,
    ServerConnection,
    Settings,
    Upgraded,
)
from tests.protocols.exchange import GET, output, plain, pull

HOST = [("host", "a")]


def test_the_documentation_is_true() -> None:
    result = doctest.testmod(module)
    assert result.attempted > 10
    assert not result.failed


def asked(method: str = "GET", **options: object) -> ClientConnection:
    conn = ClientConnection()
    conn.send_request(method, "a:1" if method == "CONNECT" else "/", HOST, **options)  # type: ignore[arg-type]
    output(conn)
    return conn


def answer(conn: ClientConnection, data: bytes, eof: bool = False) -> list[object]:
    conn.receive_data(data)
    if eof:
        conn.receive_eof()
    return [plain(event) for event in pull(conn)]


OK = (200, b"", "1.1")

ANSWERS: dict[str, tuple[str, bytes, list[object], bool]] = {
    "length": ("GET", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi", [Data(b"hi")], True),
    "length 0": ("GET", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", [], True),
    "chunked": ("GET", b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", [Data(b"hi")], True),
    "HEAD": ("HEAD", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n", [], True),
    "HEAD chunked": ("HEAD", b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", [], True),
    "204": ("GET", b"HTTP/1.1 204 \r\n\r\n", [], True),
    "304": ("GET", b"HTTP/1.1 304 \r\nContent-Length: 2\r\n\r\n", [], True),
    "close": ("GET", b"HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", [Data(b"hi")], False),
    "1.0": ("GET", b"HTTP/1.0 200 \r\nContent-Length: 2\r\n\r\nhi", [Data(b"hi")], False),
    "1.0 keep-alive": (
        "GET",
        b"HTTP/1.0 200 \r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
        [Data(b"hi")],
        True,
    ),
}


@pytest.mark.parametrize(("method", "data", "body", "goes_on"), ANSWERS.values(), ids=ANSWERS)
def test_answers(method: str, data: bytes, body: list[object], goes_on: bool) -> None:
    conn = asked(method)
    events = answer(conn, data)
    assert events[1:] == [*body, EndOfMessage([]), NEED_DATA if goes_on else Closed(False)]
    assert conn.keep_alive == goes_on
    if goes_on:
        conn.send_request("GET", "/2", HOST)
        assert output(conn) == b"GET /2 HTTP/1.1\r\nhost: a\r\n\r\n"
        assert isinstance(answer(conn, b"HTTP/1.1 204 \r\n\r\n")[0], tuple)
    else:
        with pytest.raises(RuntimeError, match="closed"):
            conn.send_request("GET", "/2", HOST)


def test_until_eof() -> None:
    conn = asked()
    assert answer(conn, b"HTTP/1.1 200 \r\n\r\nhi")[1:] == [Data(b"hi"), NEED_DATA]
    assert answer(conn, b"!", eof=True) == [Data(b"!"), EndOfMessage([]), Closed(False)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 100 \r\n\r\n",
        b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nh",
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
    ],
)
def test_truncated(data: bytes) -> None:
    assert answer(asked(), data, eof=True)[-1] == Closed(True)


def test_an_idle_connection_closed_by_the_server_is_not_truncated() -> None:
    conn = asked()
    answer(conn, b"HTTP/1.1 204 \r\n\r\n")
    assert answer(conn, b"", eof=True) == [Closed(False)]


def test_informational_answers_come_first() -> None:
    conn = asked()
    data = b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n"
    events = answer(conn, data)
    assert [e[0] for e in events[:3] if isinstance(e, tuple)] == [103, 100, 204]
    assert events[3:] == [EndOfMessage([]), NEED_DATA]


BAD_ANSWERS = {
    "length and chunked": b"HTTP/1.1 200 \r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 \r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
    "bad chunk": b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "bare LF": b"HTTP/1.1 200 \nContent-Length: 2\r\n\r\n",
    "unasked switch": b"HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "version": b"HTTP/2.0 200 \r\n\r\n",
    "unasked answer": b"HTTP/1.1 204 \r\n\r\nHTTP/1.1 204 \r\n\r\n",
}


@pytest.mark.parametrize("data", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_bad_answers_raise_and_close(data: bytes) -> None:
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        conn = asked()
        with pytest.raises(ProtocolError):
            for piece in pieces:
                conn.receive_data(piece)
                pull(conn)
        assert conn.closed
        assert conn.next_event() == Closed(True)


def test_an_answer_over_a_limit() -> None:
    conn = ClientConnection(Settings(max_headers=2))
    conn.send_request("GET", "/", HOST)
    conn.receive_data(b"HTTP/1.1 200 \r\n" + b"A: b\r\n" * 3)
    with pytest.raises(LimitExceeded):
        conn.next_event()


def test_a_streamed_request() -> None:
    conn = asked("POST", body=None)
    conn.send_data(b"hel")
    conn.send_data(bytearray(b"lo"))
    conn.send_end([("X-Sum", "5")])
    assert output(conn) == b"3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n"
    with pytest.raises(RuntimeError):
        conn.send_data(b"more")
    with pytest.raises(RuntimeError):
        conn.send_end()


def test_lengths_of_requests() -> None:
    for method, body, said in (
        ("GET", b"", b""),
        ("POST", b"", b"content-length: 0\r\n"),
        ("POST", b"ab", b"content-length: 2\r\n"),
        ("PUT", None, b"transfer-encoding: chunked\r\n"),
    ):
        conn = ClientConnection()
        conn.send_request(method, "/", HOST, body)
        assert output(conn).partition(b"host: a\r\n")[2] == said + b"\r\n" + (body or b"")


def test_expect_continue() -> None:
    conn = ClientConnection()
    conn.send_request("POST", "/", [*HOST, ("Expect", "100-continue"), ("Content-Length", "2")], None)
    assert b"Expect: 100-continue\r\n" in output(conn)
    assert conn.expecting_continue
    assert isinstance(answer(conn, b"HTTP/1.1 100 \r\n\r\n")[0], tuple)
    assert not conn.expecting_continue
    conn.send_data(b"hi")
    conn.send_end()
    assert answer(conn, b"HTTP/1.1 204 \r\n\r\n")[1:] == [EndOfMessage([]), NEED_DATA]


def test_answered_before_the_request_is_complete() -> None:
    for fields, end in ((b"", NEED_DATA), (b"Connection: close\r\n", Closed(False))):
        conn = asked("POST", body=None)
        assert answer(conn, b"HTTP/1.1 413 \r\n%sContent-Length: 0\r\n\r\n" % fields)[1:] == [EndOfMessage([]), end]
        if end is NEED_DATA:
            with pytest.raises(RuntimeError):
                conn.send_request("GET", "/", HOST)
            conn.send_end()
            conn.send_request("GET", "/", HOST)


def test_one_request_at_a_time() -> None:
    conn = asked()
    with pytest.raises(RuntimeError, match="not complete"):
        conn.send_request("GET", "/", HOST)


# --- upgrades --------------------------------------------------------------------------------------------------------

SWITCH = [*HOST, ("connection", "upgrade"), ("upgrade", "x")]


def test_an_upgrade_from_end_to_end() -> None:
    client, server = ClientConnection(), ServerConnection()
    client.send_request("GET", "/", SWITCH)
    server.receive_data(output(client))
    pull(server)
    server.send_response(101, [("Upgrade", "x"), ("Content-Length", "5")])
    sent = output(server)
    assert sent == b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nconnection: upgrade\r\n\r\n"
    server.receive_data(b"new")
    assert server.next_event() == Upgraded()
    server.receive_data(b"er")
    assert server.take_rest() == b"newer"
    assert server.take_rest() == b""
    assert answer(client, sent + b"rest")[1:] == [Upgraded()]
    assert client.take_rest() == b"rest"
    with pytest.raises(RuntimeError):
        client.send_request("GET", "/", HOST) if client.closed else server.send_response(200)


def test_connect_from_end_to_end() -> None:
    client, server = ClientConnection(), ServerConnection()
    client.send_request("CONNECT", "a:1", HOST)
    server.receive_data(output(client) + b"early")
    assert pull(server)[1:] == [EndOfMessage([]), PAUSED]
    server.send_response(200, [("content-length", "7")], None)
    server.send_end()
    sent = output(server)
    assert sent == b"HTTP/1.1 200 OK\r\n\r\n"
    assert server.next_event() == Upgraded()
    assert server.take_rest() == b"early"
    assert answer(client, sent + b"late")[1:] == [Upgraded()]
    assert client.take_rest() == b"late"


def test_connect_refused_goes_on() -> None:
    conn = asked("CONNECT")
    events = answer(conn, b"HTTP/1.1 405 \r\nContent-Length: 2\r\n\r\nno")
    assert events[1:] == [Data(b"no"), EndOfMessage([]), NEED_DATA]


@pytest.mark.parametrize("data", [GET, b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"])
def test_101_only_answers_who_asked(data: bytes) -> None:
    server = ServerConnection()
    server.receive_data(data)
    pull(server)
    with pytest.raises(ValueError, match="101"):
        server.send_response(101, [("Upgrade", "x")])
    server.send_response(204)
    assert output(server).startswith(b"HTTP/1.1 204 ")


def test_an_upgrade_does_not_make_a_body_the_new_protocol() -> None:
    server = ServerConnection()
    fields = b"Host: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n"
    server.receive_data(b"POST / HTTP/1.1\r\n" + fields + b"\r\n")
    server.next_event()
    server.send_response(101, [("Upgrade", "x")])
    assert server.next_event() == Closed(False)


# --- what cannot be sent ---------------------------------------------------------------------------------------------


def waiting() -> ServerConnection:
    conn = ServerConnection()
    conn.receive_data(GET)
    pull(conn)
    return conn


SPLITS = ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"]


@pytest.mark.parametrize("text", SPLITS)
def test_nothing_splits_an_answer(text: str) -> None:
    for status, headers, reason in (
        (200, [("a", text)], None),
        (200, [(text, "a")], None),
        (200, [("ok", "x"), ("set-cookie", text)], None),
        (200, [], text.encode()),
        (200, [("content-length", text)], None),
        (200, [("transfer-encoding", text)], None),
    ):
        conn = waiting()
        with pytest.raises(ValueError, match=r"."):
            conn.send_response(status, headers, b"x", reason=reason)
        assert output(conn) == b""
        conn.send_response(500, [("a", "b")], b"x")
        assert output(conn) == b"HTTP/1.1 500 Internal Server Error\r\na: b\r\ncontent-length: 1\r\n\r\nx"
    conn = waiting()
    with pytest.raises(ValueError, match=r"."):
        conn.send_informational(103, [("link", text)])
    conn.send_response(200, [], None)
    conn.send_data(b"x")
    for trailer in ((text, "a"), ("a", text)):
        with pytest.raises(ValueError, match=r"."):
            conn.send_end([("good", "b"), trailer])
    conn.send_end([("good", "b")])
    assert output(conn).endswith(b"1\r\nx\r\n0\r\ngood: b\r\n\r\n")
    client = ClientConnection()
    with pytest.raises(ValueError, match=r"."):
        client.send_request("GET", "/", [*HOST, ("a", text)])
    for method, target in ((text, "/"), ("GET", "/" + text)):
        with pytest.raises(ValueError, match=r"."):
            client.send_request(method, target, HOST)
    assert output(client) == b""
    client.send_request("GET", "/", HOST)
    assert output(client) == b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Host", "Trailer", "Connection"])
def test_trailers_that_would_change_the_message(name: str) -> None:
    conn = waiting()
    conn.send_response(200, [], None)
    with pytest.raises(ValueError, match="trailer"):
        conn.send_end([(name, "1")])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("content-length", "2")], b"x"),
        ([("content-length", "1"), ("content-length", "2")], b"x"),
        ([("content-length", "+1")], b"x"),
        ([("content-length", "")], b"x"),
        ([("content-length", "9" * 19)], None),
        ([("transfer-encoding", "gzip")], b"x"),
    ],
)
def test_wrong_framing(headers: list[tuple[str, str]], body: bytes | None) -> None:
    conn = waiting()
    with pytest.raises(ValueError, match=r"content-length|transfer-encoding"):
        conn.send_response(200, headers, body)
    assert output(conn) == b""
    client = ClientConnection()
    with pytest.raises(ValueError, match=r"content-length|transfer-encoding"):
        client.send_request("POST", "/", [*HOST, *headers], body)
    assert output(client) == b""


def test_a_body_that_does_not_fit_its_length() -> None:
    conn = waiting()
    conn.send_response(200, [("content-length", "2")], None)
    with pytest.raises(ValueError, match="longer"):
        conn.send_data(b"abc")
    conn.send_data(b"a")
    with pytest.raises(ValueError, match="shorter"):
        conn.send_end()
    conn.abort()
    assert conn.aborted
    assert output(conn) == b""
    assert conn.next_event() == Closed(True)


def test_out_of_turn() -> None:
    conn = ServerConnection()
    for call in (
        lambda: conn.send_response(200),
        lambda: conn.send_data(b"x"),
        lambda: conn.send_end(),
        lambda: conn.send_informational(103),
    ):
        with pytest.raises(RuntimeError):
            call()
    conn = waiting()
    conn.send_response(200)
    for call in (lambda: conn.send_response(200), lambda: conn.send_data(b"x"), lambda: conn.send_end()):
        with pytest.raises(RuntimeError):
            call()
    assert output(conn).count(b"HTTP/1.1") == 1
    with pytest.raises(ValueError, match="informational"):
        waiting().send_response(103)
    with pytest.raises(ValueError, match="from 100 to 199"):
        waiting().send_informational(200)
    for headers in ([], [*HOST, *HOST]):
        with pytest.raises(ValueError, match="one Host"):
            ClientConnection().send_request("GET", "/", headers)


def test_refuse_at_each_point() -> None:
    conn = waiting()
    conn.refuse(503, "busy")
    assert output(conn).startswith(b"HTTP/1.1 503 ")
    assert conn.next_event() == Closed(True)
    length = [("content-length", "9")]
    for version, headers, is_cut in ((b"1.1", [], False), (b"1.0", [], True), (b"1.0", length, False)):
        conn = ServerConnection()
        conn.receive_data(GET + GET.replace(b"1.1", version))
        pull(conn)
        conn.send_response(200, [], b"whole")
        pull(conn)
        conn.send_response(200, headers, None)
        conn.send_data(b"half")
        assert not conn.closed
        conn.refuse(500, "broke")
        # half an answer is cut, not mended; the one before it is whole
        assert re.findall(rb"HTTP/1.1 (\d+)", sent := output(conn)) == [b"200", b"200"]
        assert b"whole" in sent and sent.endswith(b"half" if version == b"1.0" else b"4\r\nhalf\r\n")
        assert conn.next_event() == Closed(True)
        assert conn.is_cut == is_cut and not conn.aborted
    conn = waiting()
    conn.send_response(200)
    conn.refuse(500, "late")
    assert output(conn).count(b"HTTP/1.1") == 1
    conn.refuse(500, "later")
    assert output(conn) == b""


@pytest.mark.parametrize(
    ("method", "status", "headers", "body", "framing"),
    [
        ("HEAD", 200, [], b"body", b"content-length: 4\r\n"),
        ("HEAD", 200, [("content-length", "9")], b"", b"content-length: 9\r\n"),
        ("GET", 204, [("content-length", "4")], b"", b""),
        ("GET", 304, [], b"", b""),
        ("GET", 304, [("content-length", "9")], b"", b"content-length: 9\r\n"),
        ("GET", 200, [("transfer-encoding", "chunked")], b"body", b"content-length: 4\r\n"),
    ],
)
def test_answers_without_a_body(
    method: str, status: int, headers: list[tuple[str, str]], body: bytes, framing: bytes
) -> None:
    conn = ServerConnection()
    conn.receive_data(GET.replace(b"GET", method.encode()))
    pull(conn)
    conn.send_response(status, headers, body)
    _, _, sent = output(conn).partition(b"\r\n")
    assert sent == framing + b"\r\n" + (b"body" if framing and method == "GET" and status == 200 else b"")
    assert conn.keep_alive


def test_streaming_to_1_0_ends_with_the_connection() -> None:
    conn = ServerConnection()
    conn.receive_data(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    pull(conn)
    conn.send_informational(103, [("link", "a")])
    conn.send_response(200, [], None)
    conn.send_data(b"hi")
    conn.send_end([("a", "b")])
    assert output(conn) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi"
    assert conn.next_event() == Closed(False)


def test_early_hints() -> None:
    conn = waiting()
    conn.send_informational(103, [("link", "a")])
    conn.send_response(204)
    assert output(conn) == b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
