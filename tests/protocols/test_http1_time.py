"""The deadlines of the connection: each is met, and no client in time is hurt."""

from __future__ import annotations

import pytest

from fastnet.protocols import ServerConnection, Settings
from tests.protocols.exchange import GET, output, post, pull
from tests.refusals import chunked

TIMES = {
    "first_byte_timeout": 3, "head_timeout": 5, "body_timeout": 7, "keepalive_timeout": 11, "write_timeout": 13,
    "min_rate": 100,
}


def at(now: float, data: bytes = b"") -> ServerConnection:
    conn = ServerConnection(Settings(**TIMES), now=now)
    if data:
        conn.receive_data(data, now)
        pull(conn)
    return conn


def expires(conn: ServerConnection, now: float, after: float) -> None:
    """Nothing happens before `after` seconds from `now`, and something does then."""
    conn.handle_timeout(now)
    timeout = conn.next_timeout()
    assert timeout is not None
    assert timeout == pytest.approx(after)
    conn.handle_timeout(now + after - 0.001)
    assert not conn.closed
    conn.handle_timeout(now + after)
    assert conn.closed


def test_first_byte() -> None:
    conn = at(100)
    expires(conn, 100, 3)
    assert output(conn) == b""


def test_head_trickled() -> None:
    conn = at(100, b"GET")
    for i in range(4):
        conn.receive_data(b"x", 101 + i)
        pull(conn)
    conn.handle_timeout(104.9)
    assert not conn.closed
    conn.handle_timeout(105)
    assert conn.closed
    assert output(conn).startswith(b"HTTP/1.1 408 ")


def test_body_silent() -> None:
    conn = at(100, post(bytes(1000))[:-999])
    expires(conn, 100, 7)
    assert output(conn).startswith(b"HTTP/1.1 408 ")


def test_body_trickled_below_the_rate() -> None:
    conn = at(100, post(bytes(1000))[:-1000])
    now = 100.0
    while not conn.closed:
        now += 1
        conn.handle_timeout(now)
        if not conn.closed:
            conn.receive_data(b"x" * 10, now)
            pull(conn)
    assert 107 <= now <= 109
    assert output(conn).startswith(b"HTTP/1.1 408 ")


def test_body_above_the_rate_is_left_alone() -> None:
    conn = at(100, post(bytes(20000))[:-20000])
    for now in range(101, 280):
        conn.handle_timeout(now)
        conn.receive_data(b"x" * 110, now)
        pull(conn)
    assert not conn.closed


def test_body_after_a_part_of_the_answer_is_cut_short() -> None:
    conn = at(100, post(bytes(1000))[:-999])
    conn.send_response(200, [], None)
    output(conn)
    conn.handle_timeout(107)
    assert conn.closed
    assert conn.linger
    assert output(conn) == b""


def test_trailers_silent() -> None:
    conn = at(100, chunked(b"0\r\nA: b"))
    expires(conn, 100, 7)


def test_the_app_may_take_its_time() -> None:
    conn = at(100, post(b"x"))
    assert conn.next_timeout() is None
    conn.hold(True)
    conn.hold(False)
    assert conn.next_timeout() is None
    conn.handle_timeout(10000)
    assert not conn.closed


def test_time_held_does_not_count() -> None:
    conn = at(100, post(bytes(1000))[:-500])
    conn.hold(True)
    conn.handle_timeout(1000)
    assert conn.next_timeout() is None
    conn.hold(False)
    expires(conn, 1000, 7)


def test_keep_alive_idle() -> None:
    conn = at(100, GET)
    conn.send_response(200)
    pull(conn)
    output(conn)
    expires(conn, 100, 11)
    assert output(conn) == b""


def test_rest_dropped_has_a_deadline_of_its_own() -> None:
    conn = at(100, post(bytes(1000))[:-500])
    conn.receive_data(bytes(1), 106)
    pull(conn)
    conn.send_response(200)
    pull(conn)
    output(conn)
    expires(conn, 106, 7)
    assert output(conn) == b""


def write(conn: ServerConnection) -> None:
    conn.send_response(200, [], bytes(100000))
    pull(conn)
    assert output(conn)


def test_write_stalled() -> None:
    conn = at(100, GET)
    write(conn)
    conn.write_progress(0, True, 100)
    conn.handle_timeout(112.9)           # it is not idle either
    assert not conn.closed
    conn.handle_timeout(113)
    assert conn.closed
    assert conn.aborted


def test_write_below_the_rate() -> None:
    conn = at(100, GET)
    write(conn)
    now = 100.0
    conn.write_progress(0, True, now)
    while not conn.closed:
        now += 1
        conn.handle_timeout(now)
        conn.write_progress(10, True, now)
    assert 113 <= now <= 116


def test_write_above_the_rate_and_then_idle() -> None:
    conn = at(100, GET)
    write(conn)
    conn.write_progress(0, True, 100)
    for now in range(101, 300):
        conn.handle_timeout(now)
        assert not conn.closed
        conn.write_progress(110, True, now)
    conn.write_progress(50, False, 300)
    expires(conn, 300, 11)


def test_an_idle_connection_that_still_reads_is_not_idle() -> None:
    conn = at(100, GET)
    write(conn)
    conn.write_progress(10000, True, 100)
    conn.handle_timeout(112)
    assert not conn.closed


def test_zero_is_never() -> None:
    off = Settings(first_byte_timeout=0, head_timeout=0, body_timeout=0, keepalive_timeout=0, write_timeout=0)
    conn = ServerConnection(off)
    assert conn.next_timeout() is None
    conn.receive_data(b"G", 1)
    pull(conn)
    assert conn.next_timeout() is None
    conn.receive_data(post(b"x")[1:-1].replace(b"POST", b"ET"), 2)
    pull(conn)
    assert conn.next_timeout() is None
