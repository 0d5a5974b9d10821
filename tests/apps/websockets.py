"""A WebSocket client for tests that says what it is told, right or wrong, over a plain socket."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Protocol

from fastnet.codecs.http1 import Response, parse_response
from fastnet.codecs.websocket import Close, Control, Decoder, Encoder
from fastnet.codecs.websocket_deflate import Deflate
from tests.servers.serving import Server


class Reachable(Protocol):
    def connect(self) -> socket.socket: ...


HERE = Path(__file__).parent
MODELS = ("prefork", "threaded", "async")
Event = str | bytes | Control | Close


def serve_site(name: str, model: str, *options: str) -> Server:
    return Server(f"websocket_site:{name}", "--model", model, "--workers", "1", *options, cwd=HERE)


def ask(client: socket.socket, target: str = "/", *fields: str) -> tuple[Response, bytes]:
    """Open; the answer, and what came behind it."""
    lines = [
        f"GET {target} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *fields,
    ]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    data = b""
    while True:
        response = parse_response(data)
        if response is not None:
            return response, data[response.size :]
        piece = client.recv(1 << 16)
        assert piece, f"closed after {data!r}"
        data += piece


class Peer:
    """One connection; entered, it is open."""

    def __init__(self, server: Reachable, target: str = "/", *fields: str, deflate: Deflate | None = None) -> None:
        self.socket = server.connect()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if deflate is not None:
            fields += (f"Sec-WebSocket-Extensions: {deflate.offer()}",)
        self.response, rest = ask(self.socket, target, *fields)
        assert self.response.status == 101, self.response
        agreed = None
        if deflate is not None:
            agreed = deflate.agreed((self.response.get("sec-websocket-extensions") or b"").decode())
        self.encoder = Encoder(client=True, deflate=None if agreed is None else agreed.deflate, deflate_from=0)
        self._decoder = Decoder(
            client=True, max_message_bytes=1 << 26, inflate=None if agreed is None else agreed.inflate
        )
        self._events: list[Event] = self._decoder.feed(rest)

    def send(self, *events: Event) -> None:
        self.socket.sendall(b"".join(map(self.encoder.encode, events)))

    def receive(self) -> Event | None:
        """The next message or control frame; None: the server has closed the connection."""
        while not self._events:
            data = self.socket.recv(1 << 16)
            if not data:
                return None
            self._events = self._decoder.feed(data)
        return self._events.pop(0)

    def rest(self) -> list[Event]:
        """All that comes until the server closes the connection."""
        return list(iter(self.receive, None))

    def request(self, event: Event) -> Event | None:
        self.send(event)
        return self.receive()

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
