"""Accepting connections on a loop, by transports or by the native driver: limits, addresses, who serves."""

import importlib.util

import pytest

from fastnet.servers.transports import Transports
from tests.servers.loops import LOOPS, read_until, serving

GET = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


async def hello(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})


def test_transports_serve_only_where_the_native_driver_is_not_to():
    portable = importlib.util.find_spec("fastnet.servers.native") is None
    for loop, expected in (("asyncio", portable), ("uvloop", portable), ("transports", True)):
        with serving(hello, loop) as server:
            assert server.get()[1] == b"hello"
            assert isinstance(server.service._connections, Transports) == expected


def test_connections_beyond_the_limit_wait(serve):
    with serve(hello, max_connections=2) as server:
        first, second = server.connect(), server.connect()
        for sock in (first, second):
            sock.sendall(GET)
            read_until(sock, b"hello")
        third = server.connect()
        third.sendall(GET)
        third.settimeout(0.3)
        with pytest.raises(TimeoutError):
            third.recv(1)
        first.close()
        third.settimeout(10)
        read_until(third, b"hello")
        for sock in (second, third):
            sock.close()


def test_wildcard_address(serve):
    seen = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        seen.append((scope["client"], scope["server"]))
        await hello(scope, receive, send)

    with serve(app, address="0.0.0.0") as server:
        server.get()
    assert seen[0][1][0] == "127.0.0.1", "what the client connected to, not what was bound"


def test_a_unix_socket_stays_when_its_server_goes(serve, tmp_path):
    path = tmp_path / "socket"
    with serve(hello, unix=path) as server:
        assert server.get()[1] == b"hello"
    assert path.exists(), "it is the supervisor's"
