"""Clients that ask by datagrams, blocking (`Client`) and for asyncio (`AsyncClient`); see protocols/udp_requests.

The socket is connected: the kernel drops what strangers send, and tells when nobody is there. Of several addresses of a
host the next one is tried as soon as nobody is at one.
"""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import math
import select
import socket
import time
from collections.abc import Iterator

from fastnet.clients.dialing import Retry, datagram_addresses, parse_datagram_destination
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.udp_requests import HEAD_BYTES, Outcome, Requester
from fastnet.servers.udp_options import never_fragment, packet_room_bytes

# 0.25, 0.5, 1, 2 and 4 s: 7.75 s in all.
_RETRY = Retry(attempts=5, first_s=0.25, ceiling_s=4.0, jitter=0.1)
_MOST_BYTES = 65_536
# With these an address is of no use, and another one may be.
_ELSEWHERE = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class _Asking:
    """What both faces share: the addresses, the socket, the protocol over it.

    Args:
        url: udp://HOST:PORT, or unixgram:PATH.
        retry: how often a request is sent, and how long is waited after each time: after the last one, too.
        fragment: whether what is too large for a packet of the way may go in fragments; else it is an error, EMSGSIZE.

    Raises:
        ConfigError: an argument cannot be used.
        OSError: the host is unknown.
    """

    def __init__(self, url: str, *, retry: Retry | None = None, fragment: bool = True) -> None:
        self.url = url
        self._fragment = fragment
        # One more, for the wait after the last attempt.
        retry = retry or _RETRY
        self._retry = dataclasses.replace(retry, attempts=retry.attempts + 1)
        self._addresses = datagram_addresses(parse_datagram_destination(url))
        self._turn = -1
        self.protocol = Requester(url)
        self._open(0)

    def _open(self, turn: int) -> None:
        """Connect to an address, or to the first after it that can be connected to."""
        for number, (family, address) in enumerate(self._addresses[turn:], turn):
            sock = socket.socket(family, socket.SOCK_DGRAM)
            try:
                sock.setblocking(False)
                if family == socket.AF_UNIX:
                    sock.bind("")  # any name of the abstract namespace, to be answered at
                if not self._fragment:
                    never_fragment(sock)
                sock.connect(address)
            except OSError:
                sock.close()
                if number == len(self._addresses) - 1:
                    raise
            else:
                self._socket, self._turn = sock, number
                return

    @property
    def packet_bytes(self) -> int | None:
        """How large a request is that goes in one packet, as far as the system knows the way by now; None: any."""
        room = packet_room_bytes(self._socket)
        return None if room is None else room - HEAD_BYTES

    def _too_large(self, error: OSError) -> OSError:
        room = self.packet_bytes
        text = error.strerror if room is None else f"{error.strerror}: a packet of this way has room for {room} bytes"
        return OSError(error.errno, text)

    def _goes_on(self, error: Exception | None) -> bool:
        """Whether `error` leaves another address to try."""
        known = isinstance(error, OSError) and error.errno in _ELSEWHERE
        return known and self._turn < len(self._addresses) - 1

    def _named(self, error: Exception | None) -> Exception:
        """The error, which says who was asked."""
        assert error is not None
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = self.url
        return error

    def _flush(self) -> None:
        for data, _ in self.protocol.data_to_send():
            try:
                self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                pass  # lost, as it might be on its way; it is sent again
            except OSError as error:
                self.protocol.send_failed(bytes(data), self._too_large(error) if _is_size(error) else error)

    def _receive(self) -> None:
        """Give the protocol what has come."""
        self.protocol.now = time.monotonic()
        while True:
            try:
                self.protocol.receive_datagram(self._socket.recv(_MOST_BYTES), None)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if not _is_size(error):
                    self.protocol.receive_error(error, None)
                elif not self._fragment:
                    # A router on the way says so. Otherwise what is sent again goes in fragments.
                    self.protocol.fail_larger((self.packet_bytes or 0) + HEAD_BYTES, self._too_large(error))
                return

    def _outcomes(self) -> Iterator[Outcome]:
        while (event := self.protocol.next_event()) is not NEED_DATA:
            yield event


def _is_size(error: OSError) -> bool:
    return error.errno == errno.EMSGSIZE


class Client(_Asking):
    """Asks one server, and blocks meanwhile; `with udp.Client(url) as client: client.request(data)`.

    For one thread at a time.
    """

    def request(self, data: bytes) -> bytes:
        """The server's response.

        Raises:
            RequestTimeout: none came; it says after how many attempts, and how long.
            RequestFailed: the server says so.
            ConnectionRefusedError: nobody is there; known at once.
            OSError: there is no way there, or the request is too large for it (EMSGSIZE).
            ValueError: it is larger than MOST_BYTES.
        """
        while True:
            outcome = self._ask(data)
            if outcome.response is not None:
                return outcome.response
            if not self._goes_on(outcome.error):
                raise self._named(outcome.error)
            self._socket.close()
            self._open(self._turn + 1)

    def _ask(self, data: bytes) -> Outcome:
        protocol = self.protocol
        protocol.now = time.monotonic()
        asked = protocol.ask(data, self._retry.waits())
        try:
            while True:
                self._flush()
                for outcome in self._outcomes():
                    if outcome.id == asked:
                        return outcome
                left = protocol.next_timeout()
                # Not by a timeout of the socket: poll() leaves an error there to be received.
                poller = select.poll()
                poller.register(self._socket, select.POLLIN)
                poller.poll(None if left is None else math.ceil(left * 1000))
                self._receive()
                if protocol.next_timeout() == 0:
                    protocol.handle_timeout(time.monotonic())
        finally:
            protocol.forget(asked)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Asking):
    """The same for asyncio; any number of requests may be on their way at once. To be made where its loop runs."""

    def __init__(self, url: str, *, retry: Retry | None = None, fragment: bool = True) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(url, retry=retry, fragment=fragment)

    async def request(self, data: bytes) -> bytes:
        """As Client.request(). When it is cancelled, the server may have the request."""
        while True:
            turn = self._turn
            outcome = await self._ask(data)
            if outcome.response is not None:
                return outcome.response
            # Another request may have gone on to the next address meanwhile.
            if turn == self._turn:
                if not self._goes_on(outcome.error):
                    raise self._named(outcome.error)
                self._unwatch()
                self._open(self._turn + 1)

    def _open(self, turn: int) -> None:
        super()._open(turn)
        self._loop.add_reader(self._socket, self._turn_over)

    def _unwatch(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    async def _ask(self, data: bytes) -> Outcome:
        self.protocol.now = time.monotonic()
        asked = self.protocol.ask(data, self._retry.waits())
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting[asked] = future
        self._settle()
        try:
            return await future
        finally:
            self._waiting.pop(asked, None)
            self.protocol.forget(asked)

    def _turn_over(self) -> None:
        self._receive()
        self._settle()

    def _expire(self) -> None:
        self._timer = None
        self.protocol.handle_timeout(time.monotonic())
        self._settle()

    def _settle(self) -> None:
        """Send what is queued, tell who waits, and be back in time."""
        self._flush()
        for outcome in self._outcomes():
            future = self._waiting.pop(outcome.id, None)
            if future is not None and not future.done():
                future.set_result(outcome)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        left = self.protocol.next_timeout()
        if left is not None:
            self._timer = self._loop.call_later(left, self._expire)

    async def close(self) -> None:
        """Close the socket; what waits is told so."""
        self._unwatch()
        if self._timer is not None:
            self._timer.cancel()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the client was closed"))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
