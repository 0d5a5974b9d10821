"""Connections on a loop: deadlines, drain, limits, lingering; on each kind of loop."""

import asyncio
import socket
import threading
import time

import pytest

from tests.servers.loops import LOOPS, read_all, read_until, serving


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


async def hello(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})


async def read_first(scope, receive, send):
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await hello(scope, receive, send)


async def endless(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    while True:
        await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})


GET = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "option", "answer"),
    [
        (b"", "first_byte_timeout", b""),
        (b"GET / HT", "head_timeout", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nab", "body_timeout", b"HTTP/1.1 408 "),
        (GET, "keepalive_timeout", b"HTTP/1.1 200 "),
    ],
)
def test_a_silent_client_is_gone_in_time(serve, sent, option, answer):
    with serve(read_first, **{option: 0.3}) as server, server.connect() as sock:
        sock.sendall(sent)
        began = time.monotonic()
        reply = read_all(sock)
        assert time.monotonic() - began > 0.2, "not before its time"
    assert reply.startswith(answer) and bool(reply) == bool(answer)


def test_a_client_that_never_reads_is_dropped(serve):
    with serve(endless, write_timeout=0.5) as server, server.connect() as sock:
        sock.sendall(GET)
        deadline = time.monotonic() + 10
        while server.service._connections.count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.service._connections.count == 0


def test_deadlines_leave_the_others_alone(serve):
    with serve(hello, first_byte_timeout=0.3, keepalive_timeout=30.0) as server:
        with server.connect() as good, server.connect() as silent:
            good.sendall(GET)
            read_until(good, b"hello")
            assert read_all(silent) == b""
            good.sendall(GET)
            read_until(good, b"hello")


def test_drain_answers_what_began_and_closes_what_is_idle(serve):
    began, go_on = threading.Event(), threading.Event()

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        if scope["path"] == "/slow":
            began.set()
            while not go_on.is_set():
                await asyncio.sleep(0.01)
        await hello(scope, receive, send)

    with serve(app) as server, server.connect() as idle, server.connect() as busy:
        idle.sendall(GET)
        read_until(idle, b"hello")
        busy.sendall(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
        assert began.wait(5)
        server.service.stop()
        assert read_all(idle) == b""
        go_on.set()
        reply = read_all(busy)
        assert reply.endswith(b"hello") and b"connection: close" in reply
        server.thread.join(5)
        assert not server.thread.is_alive()


def test_drain_serves_a_request_that_was_on_its_way(serve):
    with serve(hello) as server, server.connect() as sock:
        sock.sendall(GET)
        read_until(sock, b"hello")
        server.service.stop()
        time.sleep(0.2)
        sock.sendall(GET)
        reply = read_all(sock)
        assert reply.endswith(b"hello") and b"connection: close" in reply


def test_drain_ends_in_time(serve):
    cancelled = threading.Event()

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with serve(app, drain_timeout=0.5) as server, server.connect() as sock:
        sock.sendall(GET)
        time.sleep(0.1)
        server.stop()
        assert cancelled.is_set()
        with pytest.raises(ConnectionResetError):
            if read_all(sock) == b"":
                raise ConnectionResetError


def test_an_error_reaches_a_client_that_is_still_sending(serve):
    """Closing at once would reset the connection, and the answer might be lost."""
    with serve(hello) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nBad header\r\n\r\n" + bytes(200_000))
        assert read_all(sock).startswith(b"HTTP/1.1 400 ")


def test_resets_at_any_point(serve):
    with serve(endless, drain_timeout=2.0) as server:
        for sent in (b"", b"GET /", GET, b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nab"):
            for wait in (0, 0.05):
                sock = server.connect()
                sock.sendall(sent)
                time.sleep(wait)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.close()
        deadline = time.monotonic() + 10
        while server.service._connections.count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.service._connections.count == 0
