"""Services for the tests over the wire; a server loads them by name."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import fastnet
from fastnet import framing
from fastnet.errors import BufferFull, ProtocolError
from fastnet.protocols.base import Pieces


class Echo(fastnet.Protocol):
    """Bytes come back as they are."""

    def receive_data(self, data: bytes) -> None:
        self.write(data)


@fastnet.service(protocol=Pieces)
class Keeper:
    """Keeps what begins with "keep", tells all of it, and knows one word."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def on_message(self, piece: bytes) -> bytes:
        if piece == b"tell all":
            return b"".join(self.kept)
        if piece.startswith(b"keep"):
            self.kept.append(piece)
        return b"known" if piece in {b"known wd"} else b"other"


@fastnet.service(framing=framing.LengthPrefixed(4))
def framed(message: bytes) -> bytes:
    return message


@fastnet.service(framing=framing.LengthPrefixed(4))
async def framed_later(message: bytes) -> bytes:
    if message.startswith(b"later"):
        await asyncio.sleep(0.01)
    return message


SEEN: list[str] = []
OPEN: set[Any] = set()


@fastnet.service(framing=framing.Lines("lf", max_frame_bytes=1 << 20), message_timeout=60, idle_timeout=60)
class Commands:
    """Does what a line says."""

    def on_connect(self, connection: Any) -> None:
        self.connection = connection
        OPEN.add(connection)

    def on_close(self, error: Exception | None) -> None:
        OPEN.discard(self.connection)
        SEEN.append(f"{type(error).__name__} {error}")

    def on_timeout(self) -> bytes:
        return b"time is up"

    def on_message(self, message: bytes) -> Any:
        word, _, rest = message.partition(b" ")
        return getattr(self, word.decode())(rest)

    def pid(self, rest: bytes) -> bytes:
        return b"%d" % os.getpid()

    def bad(self, rest: bytes) -> bytes:
        raise ProtocolError("a bad question")

    def fail(self, rest: bytes) -> bytes:
        raise ValueError("our fault")

    def leave(self, rest: bytes) -> bytes:
        raise SystemExit(3)

    def many(self, rest: bytes) -> Iterator[bytes]:
        for _ in range(int(rest)):
            yield b"x" * 999

    def endless(self, rest: bytes) -> Iterator[bytes]:
        try:
            while True:
                yield b"y" * 9999
        finally:
            SEEN.append("endless ended")

    def push(self, rest: bytes) -> None:
        """From another thread."""
        threading.Thread(target=lambda: [self.connection.send(b"%d" % i) for i in range(int(rest))]).start()

    def flood(self, rest: bytes) -> bytes:
        """To a peer that does not read."""
        sent = 0
        try:
            while True:
                self.connection.send(b"z" * 99999)
                sent += 1
        except BufferFull:
            SEEN.append(f"flood {sent}")
        return b"full"

    def tell(self, rest: bytes) -> bytes:
        return b" ".join(word.encode() for word in SEEN) or b"nothing"

    def facts(self, rest: bytes) -> bytes:
        c = self.connection
        return repr((c.peer, c.local, c.tls, c.is_closed)).encode()

    def eof(self, rest: bytes) -> bytes:
        self.connection.send_eof()
        return b"no more"

    def close(self, rest: bytes) -> bytes:
        self.connection.send(b"bye")
        self.connection.close()
        return b"last"

    def abort(self, rest: bytes) -> None:
        self.connection.abort()

    def wait(self, rest: bytes) -> None:
        self.connection.set_timeout(float(rest))


@fastnet.service(framing=framing.Lines("lf"), message_timeout=0.3, idle_timeout=0.6)
def hurried(message: bytes) -> bytes:
    return message


@fastnet.service(framing=framing.Lines("lf"), concurrency=3)
async def concurrent(message: bytes, connection: Any) -> bytes:
    """Answers when as many as it may take have come."""
    connection.state = waiting = connection.state or []
    mine = asyncio.get_running_loop().create_future()
    waiting.append(mine)
    if len(waiting) == 3:
        for other in waiting:
            other.set_result(None)
    await mine
    return message


@fastnet.service(framing=framing.Lines("lf"))
async def streaming(message: bytes, connection: Any) -> bytes:
    """Sends as the peer reads, and no faster."""
    for _ in range(int(message)):
        await connection.drain()
        connection.send(b"d" * 9999)
    return b"done"


@fastnet.service(framing=framing.Lines("lf"))
async def slow(message: bytes) -> bytes:
    await asyncio.sleep(float(message))
    return b"awake"


class Greeting(fastnet.Protocol):
    """Speaks first, and its last word when the peer breaks the rules."""

    def connection_made(self) -> None:
        self.write(b"welcome\n")

    def receive_data(self, data: bytes) -> None:
        raise ProtocolError("nobody asked")

    def fail(self, error: Exception) -> None:
        self.write(b"sorry: " + str(error).encode())


@fastnet.service(framing=framing.Lines("lf"))
def sleeping(message: bytes) -> bytes:
    """Blocks its thread."""
    print("sleeping", file=sys.stderr, flush=True)
    time.sleep(float(message))
    return b"awake"
