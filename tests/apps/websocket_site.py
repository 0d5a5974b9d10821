"""WebSocket apps for the tests over the wire; a server loads them by name."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import fastnet
from fastnet.codecs.websocket import Close, Ping
from fastnet.errors import BufferFull

OPEN: set[Any] = set()
SEEN: list[str] = []


@fastnet.websocket
def echo(message: str | bytes) -> str | bytes:
    return message


@fastnet.websocket
async def echo_later(message: str | bytes) -> str | bytes:
    await asyncio.sleep(0)
    return message


@fastnet.websocket(
    subprotocols=["orders"], path="/orders", origins=["https://shop.example"], max_message_bytes=1000, close_timeout=0.3
)
class Orders:
    """Does what a text says."""

    def on_connect(self, connection: Any) -> None:
        self.connection = connection
        OPEN.add(connection)
        connection.send("welcome to " + str(connection.protocol.subprotocol))

    def on_close(self, error: Exception | None) -> None:
        OPEN.discard(self.connection)
        protocol = self.connection.protocol
        SEEN.append(f"{type(error).__name__} {protocol.close_code} {protocol.close_reason}")

    def on_message(self, message: str) -> Any:
        word, _, rest = message.partition(" ")
        return getattr(self, word)(rest)

    def target(self, rest: str) -> str:
        return str(self.connection.protocol.request.target)

    def push(self, rest: str) -> None:
        """From another thread."""
        threading.Thread(target=lambda: [self.connection.send(f"{i}") for i in range(int(rest))]).start()

    def ping(self, rest: str) -> None:
        self.connection.send(Ping(rest.encode()))

    def close(self, rest: str) -> None:
        code, _, reason = rest.partition(" ")
        self.connection.send(Close(int(code), reason))

    def fail(self, rest: str) -> None:
        raise ValueError("our fault")

    def many(self, rest: str) -> Any:
        return ("x" * 999 for _ in range(int(rest)))

    def flood(self, rest: str) -> str:
        """To a peer that does not read."""
        try:
            while True:
                self.connection.send(b"z" * 99_999)
        except BufferFull:
            SEEN.append("full")
        return "full"

    def tell(self, rest: str) -> str:
        return f"{len(OPEN)} open; " + ", ".join(SEEN)


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echoes, without a framework."""
    if scope["type"] == "lifespan":
        return
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({**message, "type": "websocket.send"})


@fastnet.websocket(ping_interval=0.2, ping_timeout=0.3, message_timeout=0.4, handshake_timeout=0.3)
def hurried(message: str) -> str:
    return message
