"""Protocols as asyncio has them, for the tests over the wire; a server loads them by name."""

import asyncio
from typing import Any


class Echo(asyncio.Protocol):
    """Bytes come back as they are, after the client's end, too."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def eof_received(self) -> None:
        self.transport.close()


class Buffered(asyncio.BufferedProtocol):
    """The same, by a buffer of its own. Two of its objects say that they are equal, and cannot be hashed."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buffered)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = bytearray(4096)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, n: int) -> None:
        self.transport.write(bytes(self.buffer[:n]))


class Slotted(asyncio.Protocol):
    """Without a dict; asks nobody before it gives its connection to another protocol."""

    __slots__ = ("transport",)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        successor = Echo()
        successor.connection_made(self.transport)
        self.transport.set_protocol(successor)
        successor.data_received(data)


class Slow(asyncio.Protocol):
    """Answers later; knows whether it is busy, and so can be shut down."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.busy = 0
        self.over = False

    def data_received(self, data: bytes) -> None:
        self.busy += 1
        asyncio.get_running_loop().call_later(float(data), self.answer, data)

    def answer(self, data: bytes) -> None:
        self.busy -= 1
        self.transport.write(b"done")
        if self.over:
            self.transport.close()

    def shutdown(self) -> None:
        self.over = True
        if not self.busy:
            self.transport.close()


class Spinning(asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        while True:
            pass


class Demanding(asyncio.Protocol):
    def __init__(self, database: str) -> None:
        self.database = database


def bound() -> type:
    class Bound(Demanding):
        def __init__(self) -> None:
            super().__init__("database")

        def connection_made(self, transport: Any) -> None:
            transport.write(self.database.encode())
            transport.close()

    return Bound


class Datagrams(asyncio.DatagramProtocol):
    pass


class Mute(asyncio.BaseProtocol):
    pass


echo = Echo()
