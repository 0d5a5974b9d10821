"""@fastnet.websocket over the wire, under every model: handlers, pushes, the end, limits and deadlines."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

import fastnet
from fastnet.codecs.websocket import Close, Ping, Pong
from fastnet.errors import ConfigError
from tests.apps.websockets import MODELS, Peer, ask, serve_site
from tests.servers.serving import PATIENCE_S, Server, until

ORDERS = ("/orders", "Sec-WebSocket-Protocol: other, orders")


@pytest.fixture(scope="module", params=MODELS)
def orders(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve_site("Orders", request.param, "--max-output", "100000") as server:
        yield server


@pytest.fixture(scope="module", params=MODELS)
def hurried(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve_site("hurried", request.param) as server:
        yield server


def test_a_function_is_decorated_and_can_still_be_called() -> None:
    @fastnet.websocket(max_message_bytes=10, concurrency=2)
    async def later(message: str) -> str:
        return message

    assert later.is_async and later.concurrency == 2
    assert later.protocol().options.max_message_bytes == 10
    assert fastnet.websocket(str.upper)("a") == "A"
    for option, value in (("max_mesage_bytes", 1), ("ping_interval", -1)):
        with pytest.raises(ConfigError) as caught:
            fastnet.websocket(str.upper, **{option: value})
        assert caught.value.option == option


def test_orders(orders: Server) -> None:
    with Peer(orders, *ORDERS, "Origin: https://shop.example") as peer:
        assert peer.response.get("sec-websocket-protocol") == b"orders"
        assert peer.receive() == "welcome to orders"
        assert peer.request("target") == "/orders"
        peer.send("push 20")
        assert [peer.receive() for _ in range(20)] == [f"{i}" for i in range(20)]
        peer.send("many 300")
        assert [peer.receive() for _ in range(300)] == ["x" * 999] * 300
        assert peer.request("ping hello") == Ping(b"hello")
        assert peer.request(Ping(b"?")) == Pong(b"?")
        peer.send(Close(3000, "had enough"))
        assert peer.rest() == [Close(3000)]
    with Peer(orders, *ORDERS) as peer:
        assert peer.receive() == "welcome to orders"
        until(lambda: str(peer.request("tell")).startswith("1 open"), "the end of the other")
        assert "NoneType 3000 had enough" in str(peer.request("tell"))


def test_who_may_not_come_in_is_told_why(orders: Server) -> None:
    for target, fields, status in (
        ("/other", (), 404),
        ("/orders", ("Origin: https://evil.example",), 403),
        ("/orders", ("Sec-WebSocket-Version: 12",), 426),
    ):
        with orders.connect() as client:
            response, text = ask(client, target, *fields)
            assert response.status == status
            assert text + b"".join(iter(lambda: client.recv(1000), b"")) != b""
    with orders.connect() as client:
        client.sendall(b"GET /orders HTTP/1.1\r\nhost: a\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 426 ")


def test_the_server_closes(orders: Server) -> None:
    with Peer(orders, *ORDERS) as peer:
        assert peer.receive() == "welcome to orders"
        assert peer.request("close 4001 moved") == Close(4001, "moved")
        peer.send("ignored", Close(4001))
        assert peer.receive() is None
    with Peer(orders, *ORDERS) as peer:
        assert peer.receive() == "welcome to orders"
        assert peer.request("close 1000") == Close(1000)
        assert peer.receive() is None, "who does not answer is dropped after close_timeout"


def test_a_handler_that_fails_ends_its_connection_only(orders: Server) -> None:
    with Peer(orders, *ORDERS) as other, Peer(orders, *ORDERS) as peer:
        assert (peer.receive(), other.receive()) == ("welcome to orders",) * 2
        assert peer.request("fail") == Close(1011)
        assert peer.receive() is None
        assert other.request("target") == "/orders"
    until(lambda: "our fault" in orders.log, "the log")


def test_limits_and_faults_are_told_by_their_code(orders: Server) -> None:
    for wire, code in ((b"\x82\xfe\x03\xe9", 1009), (b"\x81\x81\0\0\0\0\xff", 1007), (b"\x81\x01a", 1002)):
        with Peer(orders, *ORDERS) as peer:
            assert peer.receive() == "welcome to orders"
            peer.socket.sendall(wire + bytes(4))
            (close,) = peer.rest()
            assert isinstance(close, Close)
            assert close.code == code
    with Peer(orders, *ORDERS) as peer:
        assert peer.receive() == "welcome to orders"
        peer.socket.sendall(peer.encoder.encode("target")[:5])
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.rest() == []


def test_who_never_reads_takes_bounded_memory(orders: Server) -> None:
    def memory() -> int:
        return sum(psutil.Process(pid).memory_info().rss for pid in orders.workers())

    with Peer(orders, *ORDERS) as other:
        assert other.receive() == "welcome to orders"
        before = memory()
        with Peer(orders, *ORDERS) as greedy:
            greedy.send("flood", *["many 1000"] * 100, *[Ping(bytes(125))] * 2000)
            until(lambda: "full" in str(other.request("tell")), "the flood to be full")
            for _ in range(50):
                assert other.request("target") == "/orders"
            assert memory() - before < 16 << 20


@pytest.mark.parametrize("model", MODELS)
def test_clients_are_told_of_a_drain(model: str) -> None:
    with serve_site("echo", model) as server:
        with Peer(server) as peer:
            assert peer.request("a") == "a"
            server.process.send_signal(signal.SIGTERM)
            assert peer.receive() == Close(1001)
            peer.send(Close(1001))
            assert peer.receive() is None
        assert server.process.wait(PATIENCE_S) == 0


def test_pings_find_who_is_gone(hurried: Server) -> None:
    with Peer(hurried) as peer:
        ping = peer.receive()
        assert isinstance(ping, Ping)
        peer.send(Pong(ping.data))
        assert isinstance(peer.receive(), Ping)
        assert peer.receive() is None, "a ping was not answered"


def test_what_trickles_is_late(hurried: Server) -> None:
    with Peer(hurried) as peer:
        peer.socket.sendall(b"\x81\xfe")
        events: list[Any] = peer.rest()
        assert [event for event in events if isinstance(event, Close)] == [
            Close(1008, "a message takes longer than 0.4 s")
        ]
    with hurried.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert client.recv(100) == b""
