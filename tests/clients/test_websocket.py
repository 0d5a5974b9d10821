"""The WebSocket client that blocks, against servers of ours and wrong ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

import fastnet
from fastnet.codecs.websocket import Close, Decoder, Ping
from fastnet.errors import ConfigError, ProtocolError
from fastnet.protocols.websocket_handshake import server
from fastnet.protocols.websocket_options import Options
from tests.apps.websockets import serve_site
from tests.servers.serving import Server


@pytest.fixture(scope="module")
def orders() -> Iterator[Server]:
    with serve_site("Orders", "prefork") as server:
        yield server


def url(server: Server, target: str = "/orders") -> str:
    return f"ws://127.0.0.1:{server.port}{target}"


def test_messages_pings_and_the_end(orders: Server) -> None:
    with fastnet.connect_websocket(url(orders), subprotocols=["orders"], headers=[("x-a", "b")]) as client:
        assert client.receive() == "welcome to orders"
        assert client.protocol.subprotocol == "orders"
        assert client.protocol.compressed
        assert client.request("target") == "/orders"
        client.send("many 30")
        assert [client.receive() for _ in range(30)] == ["x" * 999] * 30
        client.send(Ping(b"x"))
        assert client.request("target") == "/orders"
        client.send("close 4001 moved")
        with pytest.raises(ConnectionError, match="4001 moved"):
            client.receive()
        assert list(client) == []
        with pytest.raises(ConnectionError, match="4001"):
            client.send("late")
    with fastnet.connect_websocket(url(orders), deflate=None) as client:
        assert client.receive() == "welcome to None"
        assert not client.protocol.compressed
        client.close(3000, "bye")
        assert client.protocol.close_code == 3000


def test_who_is_refused(orders: Server) -> None:
    with pytest.raises(ProtocolError, match="404") as caught:
        fastnet.connect_websocket(url(orders, "/other"))
    assert caught.value.status == 404
    for wrong in ("http://a/", "ws://", "ws://a:x/", "ws://u@a/", "ws://a/#b"):
        with pytest.raises(ConfigError, match="url"):
            fastnet.connect_websocket(wrong)
    with pytest.raises(ConfigError, match="no_option"):
        fastnet.connect_websocket(url(orders), no_option=1)


def test_silence_ends_in_time(orders: Server) -> None:
    with fastnet.connect_websocket(url(orders), read_timeout=0.2, ping_interval=0.05) as client:
        assert client.receive() == "welcome to None"
        with pytest.raises(TimeoutError, match=r"0\.2"):
            client.receive()
        assert client.protocol.latency < 60, "pings were answered meanwhile"
        assert client.request("target") == "/orders"


def test_a_server_that_breaks_the_rules_is_told() -> None:
    told = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                protocol = server(Options(deflate=None))()
                while protocol.opening:
                    protocol.receive_data(connection.recv(65536))
                connection.sendall(b"".join(map(bytes, protocol.data_to_send())) + b"\x81\x81\0\0\0\0a")
                told.extend(Decoder().feed(connection.recv(65536)))

        thread = threading.Thread(target=serve)
        thread.start()
        client = fastnet.connect_websocket(f"ws://127.0.0.1:{listener.getsockname()[1]}/")
        with pytest.raises(ProtocolError, match="masked"):
            client.receive()
        thread.join()
    assert told == [Close(1002, "a server's frame is masked")]
