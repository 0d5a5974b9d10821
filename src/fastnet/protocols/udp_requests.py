"""Requests and responses by datagrams, without I/O: what is lost is asked for again, what comes twice is handled once.

A datagram is a head of 14 bytes, big-endian, and a body of any bytes:

    0xF5   kind   id, 8 bytes   CRC-32C of the other ten and the body, 4 bytes

Kinds: 1 request, 2 response, 3 failure, whose body says in UTF-8 what a person may know of it. An id is random, so that
a response can neither be guessed nor be taken for that of another request; whatever has another mark, kind, checksum or
id than what is waited for is dropped, and counted.

`Requester` is the client's side, for any number of requests at once to one server: ask(), then events, an Outcome each.
`Responder` is the server's, for any number of clients: its events are Requests. It remembers what it answered, so that
a request that comes again is given the same response and not handled again: at most once, for as long as it is
remembered.
"""

from __future__ import annotations

import errno
import secrets
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fastnet.codecs.checksum import crc32c
from fastnet.errors import ConfigError, FastnetError, ProtocolError
from fastnet.protocols.base import NEED_DATA, DatagramProtocol

REQUEST, RESPONSE, FAILURE = 1, 2, 3

_MARK = 0xF5
_FRONT = struct.Struct(">BBQ")
_CHECK = struct.Struct(">I")
HEAD_BYTES = _FRONT.size + _CHECK.size
# The most that a datagram over IPv4 carries, without our head. What exceeds the path's MTU is sent in fragments.
MOST_BYTES = 65_507 - HEAD_BYTES
# Requests that wait for the handler; more are dropped, and come again.
_MOST_WAITING = 1024


class RequestTimeout(FastnetError, TimeoutError):
    """No response came: `attempts` requests were sent, and `waited_s` seconds waited."""

    def __init__(self, server: str, attempts: int, waited_s: float) -> None:
        super().__init__(server, attempts, waited_s)
        self.server, self.attempts, self.waited_s = server, attempts, waited_s

    def __str__(self) -> str:
        times = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"no response from {self.server} to {times} in {self.waited_s:.3g} s"


class RequestFailed(FastnetError):
    """The server has the request, and says that it failed; the text is the server's."""


class Outcome(NamedTuple):
    """What became of the request `id`: a response, or an error."""

    id: int
    response: bytes | None
    error: Exception | None


class Request(bytes):
    """A request, as an event: bytes that know their `id`, and the `peer` they came from."""

    id: int
    peer: Any


def encode(kind: int, id: int, body: bytes) -> bytes:
    """A datagram. Raises ValueError when `body` is larger than MOST_BYTES."""
    if len(body) > MOST_BYTES:
        raise ValueError(f"{len(body)} bytes: a datagram has room for {MOST_BYTES}")
    front = _FRONT.pack(_MARK, kind, id)
    return front + _CHECK.pack(crc32c(body, crc32c(front))) + body


def decode(data: bytes) -> tuple[int, int, bytes] | None:
    """Kind, id and body; None for what is no datagram of this protocol, or is damaged."""
    if len(data) < HEAD_BYTES:
        return None
    mark, kind, id = _FRONT.unpack_from(data)
    if mark != _MARK or not REQUEST <= kind <= FAILURE:
        return None
    body = data[HEAD_BYTES:]
    if _CHECK.unpack_from(data, _FRONT.size)[0] != crc32c(body, crc32c(data[: _FRONT.size])):
        return None
    return kind, id, body


class _Pending:
    """A request that waits for its response."""

    __slots__ = ("attempts", "began", "due", "waits", "wire")

    def __init__(self, wire: bytes, waits: Iterator[float], began: float) -> None:
        self.wire, self.waits, self.began = wire, waits, began
        self.attempts, self.due = 0, began


class Requester(DatagramProtocol):
    """The side that asks, over a socket that is connected to one server, named `server` in errors.

    Events are Outcomes. `dropped` counts datagrams that were no response to what is waited for.
    """

    def __init__(self, server: str = "the server") -> None:
        self.server = server
        self.dropped = 0
        self._pending: dict[int, _Pending] = {}
        self._done: deque[Outcome] = deque()

    def ask(self, body: bytes, waits: Iterable[float]) -> int:
        """Queue a request; its id. `waits`: seconds to wait after each time that it is sent, at least one.

        Raises ValueError when it is larger than MOST_BYTES.
        """
        id = secrets.randbits(64)
        pending = _Pending(encode(REQUEST, id, body), iter(waits), self.now)
        self._pending[id] = pending
        self._attempt(id, pending)
        return id

    def forget(self, id: int) -> None:
        """Nobody waits for this one any more."""
        self._pending.pop(id, None)

    def receive_datagram(self, data: bytes, peer: Any) -> None:
        """A response, or else it is dropped."""
        found = decode(data)
        if found is None or found[0] == REQUEST or self._pending.pop(found[1], None) is None:
            self.dropped += 1
            return
        kind, id, body = found
        if kind == RESPONSE:
            self._done.append(Outcome(id, body, None))
        else:
            self._done.append(Outcome(id, None, RequestFailed(body.decode(errors="replace"))))

    def receive_error(self, error: OSError, peer: Any) -> None:
        """Nobody is there, or there is no way to it: what waits has failed."""
        for id in list(self._pending):
            self.fail_one(id, error)

    def send_failed(self, data: bytes, error: OSError) -> None:
        """Sending a datagram raised: one that is too large fails alone, else nobody is there."""
        found = decode(data)
        if error.errno == errno.EMSGSIZE and found is not None:
            self.fail_one(found[1], error)
        else:
            self.receive_error(error, None)

    def fail_larger(self, room_bytes: int, error: OSError) -> None:
        """The network does not carry datagrams of more than room_bytes: requests that are larger have failed."""
        for id, pending in list(self._pending.items()):
            if len(pending.wire) > room_bytes:
                self.fail_one(id, error)

    def fail_one(self, id: int, error: Exception) -> None:
        """A request has failed, if it still waits."""
        if self._pending.pop(id, None) is not None:
            self._done.append(Outcome(id, None, error))

    def next_event(self) -> Any:
        """An Outcome, or NEED_DATA."""
        return self._done.popleft() if self._done else NEED_DATA

    def next_timeout(self) -> float | None:
        """Until a request is to be sent again, or given up."""
        if not self._pending:
            return None
        return max(0.0, min(pending.due for pending in self._pending.values()) - self.now)

    def handle_timeout(self, now: float) -> None:
        """Send again what waited long enough, or give it up."""
        self.now = now
        for id, pending in list(self._pending.items()):
            if pending.due <= now:
                self._attempt(id, pending)

    def _attempt(self, id: int, pending: _Pending) -> None:
        wait = next(pending.waits, None)
        if wait is None:
            self.fail_one(id, RequestTimeout(self.server, pending.attempts, self.now - pending.began))
            return
        pending.attempts += 1
        pending.due = self.now + wait
        self.send_datagram(pending.wire, None)


class Inquiry(DatagramProtocol):
    """One request to all who hear it: at a broadcast address, or in a group. Everybody may answer, once.

    ask() first, then events: pairs of peer and response, or RequestFailed.
    """

    def __init__(self) -> None:
        self._id = secrets.randbits(64)
        self._answered: set[tuple[Any, bytes]] = set()
        self._done: deque[tuple[Any, bytes | RequestFailed]] = deque()

    def ask(self, body: bytes, where: Any) -> None:
        """Queue it; later, again, for those who may not have heard it. Raises ValueError as Requester.ask() does."""
        self.send_datagram(encode(REQUEST, self._id, body), where)

    def receive_datagram(self, data: bytes, peer: Any) -> None:
        """A response, or else it is dropped."""
        found = decode(data)
        # Servers of one machine that are bound to one port of a group have one address.
        if found is None or found[0] == REQUEST or found[1] != self._id or (peer, data) in self._answered:
            return
        self._answered.add((peer, data))
        kind, _, body = found
        self._done.append((peer, body if kind == RESPONSE else RequestFailed(body.decode(errors="replace"))))

    def next_event(self) -> Any:
        """(peer, response), or NEED_DATA."""
        return self._done.popleft() if self._done else NEED_DATA


class Responder(DatagramProtocol):
    """The side that answers. Events are Requests; what the handler returns is the response, None for none at all.

    Args:
        remember: how many requests, of all clients, are known when they come again; more push the oldest out.
        remember_bytes: how large their responses may be, in all.
        remember_s: how long they are known. It should be longer than clients try.

    `damaged` counts datagrams that were no requests, `repeated` requests that had come before. A service of it has to
    be served so that the datagrams of a client come to one process: see udp.service().
    """

    one_process = True

    def __init__(self, remember: int = 4096, remember_bytes: int = 4 << 20, remember_s: float = 60.0) -> None:
        for name, value in (("remember", remember), ("remember_bytes", remember_bytes), ("remember_s", remember_s)):
            if not value > 0:
                raise ConfigError(name, value, "a number above 0")
        self._most, self._most_bytes, self._keep_s = remember, remember_bytes, remember_s
        self._known: dict[tuple[Any, int], tuple[float, bytes | None]] = {}
        self._bytes = 0
        self._waiting: deque[Request] = deque()
        self.damaged = self.repeated = 0

    def __len__(self) -> int:
        return len(self._known)

    def receive_datagram(self, data: bytes, peer: Any) -> None:
        """A new request becomes an event; one that was answered is answered alike; all else is dropped."""
        found = decode(data)
        if found is None or found[0] != REQUEST:
            self.damaged += 1
            return
        _, id, body = found
        known = self._known.get((peer, id))
        if known is not None:
            self.repeated += 1
            if known[1] is not None:
                self.send_datagram(known[1], peer)
        elif len(self._waiting) < _MOST_WAITING:
            request = Request(body)
            request.id, request.peer = id, peer
            self._waiting.append(request)
            self._remember((peer, id), None)

    def next_event(self) -> Any:
        """A Request, or NEED_DATA."""
        return self._waiting.popleft() if self._waiting else NEED_DATA

    def reply(self, event: Request, result: bytes) -> None:
        """Queue the response. Raises ValueError or TypeError for what cannot be one, and tells the client so."""
        try:
            wire = encode(RESPONSE, event.id, result)
        except (TypeError, ValueError) as error:
            self.fail(event, error)
            raise
        self._answer(event, wire)

    def fail(self, event: Request, error: BaseException) -> None:
        """The handler raised: the client is told the text of a ProtocolError, and no details of anything else."""
        text = str(error) if isinstance(error, ProtocolError) else "the server could not answer this request"
        self._answer(event, encode(FAILURE, event.id, text.encode(errors="replace")[:1000]))

    def receive_error(self, error: OSError, peer: Any) -> None:
        """A response that is too large for the way is taken back, and the client told so."""
        if error.errno != errno.EMSGSIZE:
            return
        sent = [(len(wire), id) for (whose, id), (_, wire) in self._known.items() if whose == peer and wire is not None]
        if sent:
            size, id = max(sent)
            wire = encode(FAILURE, id, b"the response is too large for the network")
            if size > len(wire):
                self._remember((peer, id), wire)
                self.send_datagram(wire, peer)

    def _answer(self, event: Request, wire: bytes) -> None:
        self._remember((event.peer, event.id), wire)
        self.send_datagram(wire, event.peer)

    def _remember(self, key: tuple[Any, int], wire: bytes | None) -> None:
        self._drop(key)
        self._known[key] = self.now, wire
        self._bytes += len(wire or b"")
        while self._known:
            oldest = next(iter(self._known))
            full = len(self._known) > self._most or self._bytes > self._most_bytes
            if oldest == key or not (full or self._known[oldest][0] <= self.now - self._keep_s):
                break
            self._drop(oldest)

    def _drop(self, key: tuple[Any, int]) -> None:
        if key in self._known:
            self._bytes -= len(self._known.pop(key)[1] or b"")
