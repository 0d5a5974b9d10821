"""Services over UDP, for the tests: what answers, what speaks by itself, what fails."""

import asyncio
import errno
import os

import fastnet
from fastnet import udp
from fastnet.errors import ProtocolError
from fastnet.protocols.base import DatagramProtocol, Datagrams


def _shout(message: bytes) -> bytes | None:
    if message == b"fail":
        raise ValueError("asked to")
    return None if message == b"silence" else message.upper()


async def _shout_later(message: bytes) -> bytes | None:
    if message.startswith(b"slow"):
        await asyncio.sleep(0.05)
    return _shout(message)


def _stream(message: bytes) -> bytes:
    return message


class Ticking(DatagramProtocol):
    """Sends the number of each tick to who asked first; breaks the rules when told to; says what it cannot send."""

    def __init__(self) -> None:
        self.peer: object = None
        self.ticks = 0

    def receive_datagram(self, data: bytes, peer: object) -> None:
        if data == b"bad":
            raise ProtocolError("asked to")
        if data == b"large":
            self.send_datagram(b"x" * 65600, peer)
            return
        if data.startswith(b"broadcast"):
            self.peer = peer
            self.send_datagram(b"everybody", ("127.255.255.255", int(data.split()[1])))
            return
        if data == b"nowhere":
            self.send_datagram(b"x", ("no.address", 1))
            return
        self.peer = peer

    def receive_error(self, error: OSError, peer: object) -> None:
        self.send_datagram(str(error.strerror).encode(), self.peer if error.errno == errno.EACCES else peer)
        self.send_datagram(b"to whom it may concern", self.peer)

    def next_timeout(self) -> float | None:
        return None if self.peer is None or self.ticks == 3 else 0.02

    def handle_timeout(self, now: float) -> None:
        self.ticks += 1
        self.send_datagram(b"tick %d" % self.ticks, self.peer)


def _pid(message: bytes) -> bytes:
    return b"%d" % os.getpid()


echo = fastnet.service(_stream, datagram=Datagrams)
pid = fastnet.service(_pid, datagram=Datagrams)
shout = fastnet.service(_shout, datagram=Datagrams)
shout_later = fastnet.service(_shout_later, datagram=Datagrams, concurrency=100)
ticking = Ticking
stream = fastnet.service(_stream, protocol=fastnet.Protocol)


async def asgi(scope, receive, send):
    """No service."""


@udp.service
def answers(request: bytes) -> bytes:
    """In capitals, and one byte longer."""
    if request == b"bad":
        raise ProtocolError("asked to")
    if request == b"fail":
        raise ValueError("asked to")
    return request.upper() + b"!"


HANDLED: dict[bytes, int] = {}


@udp.service
def counted(request: bytes) -> bytes:
    """How often the request was handled, and which."""
    HANDLED[request] = HANDLED.get(request, 0) + 1
    return b"%d %b" % (HANDLED[request], request)


@udp.service
async def counted_later(request: bytes) -> bytes:
    HANDLED[request] = HANDLED.get(request, 0) + 1
    await asyncio.sleep(0.01)
    return b"%d %b" % (HANDLED[request], request)


@udp.service
def pid_answers(request: bytes) -> bytes:
    if request == b"fail":
        raise ProtocolError("asked to")
    return b"%d" % os.getpid()


@udp.service
def lengths(request: bytes) -> bytes:
    return b"%d" % len(request)


class Loud(DatagramProtocol):
    """Answers by itself, without events."""

    def receive_datagram(self, data: bytes, peer: object) -> None:
        self.send_datagram(data.upper(), peer)
