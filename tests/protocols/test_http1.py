"""The connection: refusals, any cut, pipelining, keep-alive, early answers, limits, deadlines."""

from __future__ import annotations

import re

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnet.codecs.http1 import Request
from fastnet.protocols import NEED_DATA, PAUSED, Closed, Data, EndOfMessage, ServerConnection, Settings, Upgraded
from tests.protocols.exchange import GET, cuts, merge, output, plain, post, pull, serve
from tests.refusals import ACCEPTED, HOST, REFUSALS, chunked, get


@pytest.mark.parametrize(("data", "status"), REFUSALS.values(), ids=REFUSALS)
def test_refused_with_a_close_and_the_next_request_not_answered(data: bytes, status: int) -> None:
    for pieces in ([data + GET], [data[i : i + 1] for i in range(len(data))] if len(data) < 9000 else [data]):
        events, sent, conn = serve(pieces, eof=False)
        assert sent.startswith(b"HTTP/1.1 %d " % status), sent
        assert len(re.findall(rb"HTTP/1\.1 \d\d\d ", sent)) == 1
        assert b"\r\nconnection: close\r\n" in sent
        assert events[-1] == Closed(True)
        assert conn.closed
        assert conn.linger
        assert conn.next_timeout() is None
        conn.receive_data(GET)
        assert conn.next_event() == Closed(True)
        assert output(conn) == b""


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(data: bytes) -> None:
    events, sent, _ = serve([data])
    assert sent.startswith(b"HTTP/1.1 200 ")
    assert isinstance(events[-1], (Closed, Upgraded)) or events[-1] == EndOfMessage([])


body = st.binary(max_size=300)
chunks = st.lists(st.binary(min_size=1, max_size=100), max_size=5).map(
    lambda parts: b"".join(b"%x;e\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\nX-T: u\r\n\r\n"
)
refused = st.sampled_from([data for data, _ in REFUSALS.values() if len(data) < 300])
messages = st.one_of(st.just(GET), body.map(post), chunks.map(chunked), refused)


@settings(max_examples=60)
@given(st.data(), st.lists(messages, min_size=1, max_size=4).map(b"".join))
def test_any_cut_gives_the_same_events_and_output(data: st.DataObject, stream: bytes) -> None:
    events, sent, _ = serve([stream])
    again, sent_again, _ = serve(data.draw(cuts(stream)))
    assert again == events
    assert sent_again == sent


@settings(max_examples=60)
@given(st.lists(st.one_of(st.just(GET), body.map(post), chunks.map(chunked)), min_size=1, max_size=4))
def test_h11_hears_the_same(stream: list[bytes]) -> None:
    events, _, _ = serve([b"".join(stream)])
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(b"".join(stream))
    heard: list[object] = []
    for _ in stream:
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Data):
                if event.data:
                    heard.append(Data(bytes(event.data)))
            elif isinstance(event, h11.EndOfMessage):
                heard.append(EndOfMessage(list(event.headers)))
                break
            else:
                assert isinstance(event, h11.Request)
                raw = tuple(event.headers.raw_items())
                heard.append((event.method.decode(), event.target.decode(), event.http_version.decode(), raw))
        peer.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
        peer.send(h11.EndOfMessage())
        peer.start_next_cycle()
    assert [e for e in events if not isinstance(e, Closed)] == merge(heard)


def test_an_answer_comes_before_the_next_request() -> None:
    conn = ServerConnection()
    conn.receive_data(GET * 2)
    assert pull(conn)[1:] == [EndOfMessage([]), PAUSED]
    assert not conn.wants_data
    conn.send_response(200)
    assert isinstance(conn.next_event(), Request)
    assert conn.next_event() == EndOfMessage([])
    assert conn.next_event() == NEED_DATA
    assert conn.wants_data


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_is_pipelined_than_max_pipelined(most: int) -> None:
    conn = ServerConnection(Settings(max_pipelined=most))
    conn.receive_data(GET * 10)
    answered = 0
    while conn.next_event() is not PAUSED:
        if conn.next_event() == EndOfMessage([]):
            conn.send_response(200)
            answered += 1
    assert answered == most
    assert not conn.wants_data
    output(conn)
    assert isinstance(conn.next_event(), Request)


def test_no_request_is_read_while_more_than_max_output_waits() -> None:
    for over, event in ((0, Request), (1, type(PAUSED))):
        conn = ServerConnection(Settings(max_output=5000))
        conn.receive_data(GET * 2)
        pull(conn)
        conn.send_response(200, [], None)
        room = 5000 - len(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1300\r\n\r\n" + b"0\r\n\r\n")
        conn.send_data(bytes(room + over))
        conn.send_end()
        assert isinstance(conn.next_event(), event)


def test_unread_input_is_kept_in_order_while_paused() -> None:
    conn = ServerConnection()
    stream = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(500))
    for at in range(0, len(stream), 11):
        conn.receive_data(stream[at : at + 11])
        conn.next_event()
    seen = ["/0"]
    conn.next_event()
    while True:
        conn.send_response(204)
        output(conn)
        event = conn.next_event()
        if not isinstance(event, Request):
            break
        seen.append(event.target)
        conn.next_event()
    assert seen == [f"/{i}" for i in range(500)]


@pytest.mark.parametrize(
    ("request_", "said", "goes_on"),
    [
        (GET, b"", True),
        (get(HOST + b"Connection: close\r\n"), b"connection: close", False),
        (get(b"", b"GET / HTTP/1.0"), b"connection: close", False),
        (get(b"Connection: keep-alive\r\n", b"GET / HTTP/1.0"), b"connection: keep-alive", True),
    ],
)
def test_keep_alive(request_: bytes, said: bytes, goes_on: bool) -> None:
    conn = ServerConnection()
    conn.receive_data(request_)
    pull(conn)
    conn.send_response(200, [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")], b"x")
    assert b"\r\n" + (said + b"\r\n" if said else b"") + b"\r\nx" in output(conn).replace(b"content-length: 1\r\n", b"")
    assert conn.keep_alive == goes_on
    conn.receive_data(GET)
    assert isinstance(conn.next_event(), Request if goes_on else Closed)


@pytest.mark.parametrize("value", ["close", "Close", "upgrade, close", " close\t"])
def test_an_app_can_close(value: str) -> None:
    conn = ServerConnection()
    conn.receive_data(GET)
    pull(conn)
    conn.send_response(200, [("Connection", value)])
    assert b"\r\nconnection: close\r\n" in output(conn)
    assert conn.next_event() == Closed(False)
    assert conn.linger               # it did not know; what it may be sending must not reset the answer


def test_half_close_is_answered_and_so_is_what_was_pipelined() -> None:
    conn = ServerConnection()
    conn.receive_data(GET * 2)
    conn.receive_eof()
    pull(conn)
    conn.send_response(200)
    assert b"connection: close" not in output(conn)
    pull(conn)
    conn.send_response(200)
    assert b"connection: close" in output(conn)
    assert conn.next_event() == Closed(False)
    assert not conn.linger


@pytest.mark.parametrize("data", [b"", *(post(b"hello", b"A: b\r\n")[:n] for n in (1, 20, 46, 50, -1))])
def test_eof_at_each_point(data: bytes) -> None:
    conn = ServerConnection()
    conn.receive_data(data)
    conn.receive_eof()
    assert pull(conn)[-1] == Closed(bool(data))


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_trailers_are_kept_apart() -> None:
    events, _, _ = serve([chunked(b"2\r\nhi\r\n0\r\nHost: evil\r\nContent-Length: 9\r\nA: b\r\n\r\n") + GET], eof=False)
    trailers = [(b"host", b"evil"), (b"content-length", b"9"), (b"a", b"b")]
    assert events[1:] == [Data(b"hi"), EndOfMessage(trailers), plain_get(), EndOfMessage([])]


@pytest.mark.parametrize("over", [0, 1])
def test_trailers_in_pieces_go_on_where_they_stopped(over: int) -> None:
    """As many as may be, of the size that may be, a byte at a time; then a request whose head is its own."""
    trailers = [(b"t%d" % i, b"x" * 1000) for i in range(64)]
    lines = [b"%s: %s\r\n" % trailer for trailer in trailers]
    size = sum(map(len, lines))
    data = chunked(b"0\r\n" + b"".join(lines) + b"\r\n") + GET
    conn = ServerConnection(Settings(max_trailer_bytes=size - over))
    events: list[object] = []
    for i in range(len(data)):
        conn.receive_data(data[i : i + 1])
        new = merge(pull(conn))
        events += new
        if EndOfMessage(trailers) in new:
            conn.send_response(200)
    if over:
        assert events[-1] == Closed(True)
        assert output(conn).startswith(b"HTTP/1.1 431 ")
    else:
        assert events[1:] == [EndOfMessage(trailers), plain_get(), EndOfMessage([])]


def plain_get() -> object:
    conn = ServerConnection()
    conn.receive_data(GET)
    return plain(conn.next_event())


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_max_body(over: int) -> None:
    limit = Settings(max_body=100)
    size = 100 + over
    for data in (post(bytes(size)), chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (size, bytes(size)))):
        conn = ServerConnection(limit)
        conn.receive_data(data)
        end = pull(conn)[-1]
        assert (end == Closed(True)) == (over > 0)
        assert output(conn).startswith(b"HTTP/1.1 413 ") == (over > 0)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_limits_of_chunked(over: int) -> None:
    few = Settings(max_chunk_extensions=50, max_trailer_bytes=50, max_headers=5)
    for data, status in (
        (chunked(b"1;%s\r\nx\r\n0\r\n\r\n" % (b"a" * (49 + over))), 413),
        (chunked(b"0\r\na: %s\r\n\r\n" % (b"a" * (45 + over))), 431),
        (chunked(b"0\r\n%s\r\n" % (b"a: b\r\n" * (5 + over))), 431),
    ):
        conn = ServerConnection(few)
        for i in range(len(data)):
            conn.receive_data(data[i : i + 1])
            end = pull(conn)[-1]
        assert (end == Closed(True)) == (over > 0)
        assert output(conn)[9:12] == (b"%d" % status if over > 0 else b"")


def test_the_longest_content_length() -> None:
    conn = ServerConnection()
    conn.receive_data(get(HOST + b"Content-Length: 999999999999999999\r\n", b"POST / HTTP/1.1") + b"x")
    assert pull(conn)[1:] == [Data(b"x"), NEED_DATA]
    conn.send_response(200)
    assert conn.next_event() == Closed(False)
    assert conn.linger


def test_hold_stops_the_body_and_only_that() -> None:
    conn = ServerConnection()
    conn.receive_data(post(b"hello"))
    conn.next_event()
    conn.hold(True)
    assert conn.next_event() is PAUSED
    assert not conn.wants_data
    conn.hold(False)
    assert conn.next_event() == Data(b"hello")
    conn.hold(True)
    assert conn.next_event() == EndOfMessage([])
    conn.send_response(200)
    conn.receive_data(GET)
    assert isinstance(conn.next_event(), Request)   # held no more
    assert conn.wants_data


def test_expect_100_only_when_asked() -> None:
    head = get(HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST / HTTP/1.1")
    conn = ServerConnection()
    conn.receive_data(head)
    conn.next_event()
    assert conn.expecting_continue
    conn.send_informational(100)
    conn.send_informational(100)
    assert output(conn) == b"HTTP/1.1 100 Continue\r\n\r\n"
    conn.receive_data(b"hello" + head + b"hello")
    pull(conn)
    conn.send_response(200)
    assert b"connection: close" not in output(conn)
    conn.next_event()
    assert not conn.expecting_continue      # it did not wait
    conn.send_informational(100)
    assert output(conn) == b""


def test_an_answer_instead_of_100_closes() -> None:
    conn = ServerConnection()
    conn.receive_data(get(HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"POST / HTTP/1.1"))
    conn.next_event()
    conn.send_response(403)
    assert b"connection: close" in output(conn)
    assert conn.next_event() == Closed(False)


def test_early_answer_the_rest_of_the_body_is_dropped() -> None:
    for data in (post(b"x" * 60000), chunked(b"ea60\r\n%s\r\n0\r\n\r\n" % (b"x" * 60000))):
        conn = ServerConnection()
        conn.receive_data(data[:100])
        conn.next_event()
        conn.send_response(200)
        assert conn.next_event() is NEED_DATA
        conn.receive_data(data[100:] + GET)
        assert isinstance(conn.next_event(), Request)


@pytest.mark.parametrize("data", [post(b"x" * 70000), chunked(b"11170\r\n" + b"x" * 70000)])
def test_early_answer_a_long_rest_is_not_read(data: bytes) -> None:
    conn = ServerConnection()
    conn.receive_data(data[:100])
    conn.next_event()
    conn.send_response(200)
    conn.next_event()
    conn.receive_data(data[100:])
    assert conn.next_event() == Closed(False)
    assert conn.linger


def test_a_bad_rest_is_not_answered_a_second_time() -> None:
    conn = ServerConnection()
    conn.receive_data(chunked(b"5\r\nhel"))
    conn.next_event()
    conn.send_response(200)
    assert output(conn).startswith(b"HTTP/1.1 200")
    conn.receive_data(b"loXX\r\n")
    assert isinstance(pull(conn)[-1], Closed)
    assert output(conn) == b""
