"""A client of any stream protocol, for coroutines: `await fastnet.connect_async()`. See stream for what is the same."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastnet.clients.dialing import Retry, dial
from fastnet.clients.stream import Dialed
from fastnet.codecs.framing import Framing
from fastnet.errors import ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED, Protocol
from fastnet.servers.tls import facts_of
from fastnet.servers.tls_reasons import explained

_READ_BYTES = 65536


class AsyncClient:
    """A connection to a server, and the Protocol that speaks over it; made by connect_async(). See Client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        dialed: Dialed,
        read_timeout: float,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._dialed = dialed
        self._read_timeout = read_timeout
        self.protocol = protocol = dialed.protocol()
        protocol.peer = writer.get_extra_info("peername") or None
        protocol.local = writer.get_extra_info("sockname") or None
        session = writer.get_extra_info("ssl_object")
        protocol.tls = None if session is None else facts_of(session)
        protocol.now = time.monotonic()
        protocol.connection_made()

    async def open(self) -> None:
        """Send what the protocol begins with; called by connect_async()."""
        await self._flush()

    async def send(self, event: Any) -> None:
        """Send a message. Raises OSError when the connection is broken, TimeoutError when it is not taken in time."""
        self.protocol.now = time.monotonic()
        self.protocol.send(event)
        await self._flush()

    async def receive(self) -> Any:
        """The next message, or event of the protocol. Raises as Client.receive() does."""
        end = time.monotonic() + self._read_timeout
        while True:
            event = self.protocol.next_event()
            if event is not NEED_DATA and event is not PAUSED:
                return event
            await self._flush()
            if self.protocol.eof_received:
                raise ConnectionError("the server has closed the connection")
            try:
                data = await self._read(max(0.0, end - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no answer in {self._read_timeout:g} s") from None
            if data:
                self.protocol.receive_data(data)
                if self.protocol.tls_wanted:
                    await self._flush()
            else:
                self.protocol.receive_eof()

    async def request(self, event: Any) -> Any:
        """send(), then receive()."""
        await self.send(event)
        return await self.receive()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass  # broken already

    async def _read(self, timeout_s: float) -> bytes:
        """What comes next, b"" at the end. Raises TimeoutError."""
        with explained(self._dialed.server_name):
            async with asyncio.timeout(timeout_s):
                data = await self._reader.read(_READ_BYTES)
        self.protocol.now = time.monotonic()
        return data

    async def _flush(self) -> None:
        pieces = self.protocol.data_to_send()
        if pieces:
            self._writer.writelines(map(bytes, pieces))
            async with asyncio.timeout(self._read_timeout):
                await self._writer.drain()
        if self.protocol.tls_wanted:
            await self._start_tls()

    async def _start_tls(self) -> None:
        # What came in plain text, and was not read yet, would be read as if it had come by TLS.
        if not _is_empty(self._reader):
            raise ProtocolError("something came in plain text before TLS began")
        dialed = self._dialed
        with explained(dialed.server_name):
            async with asyncio.timeout(self._read_timeout):
                await self._writer.start_tls(dialed.upgrade(), server_hostname=dialed.server_name)
        session = self._writer.get_extra_info("ssl_object")
        self.protocol.tls, self.protocol.tls_wanted, self.protocol.tls_available = facts_of(session), False, False
        self.protocol.tls_started()
        await self._flush()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


_Client = TypeVar("_Client", bound=AsyncClient)


async def connect_async(
    url: str,
    *,
    framing: Framing[Any, Any] | None = None,
    protocol: Callable[[], Protocol] | None = None,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    retry: Retry | None = None,
) -> AsyncClient:
    """Connect to a server; `async with await fastnet.connect_async(...) as client`. Arguments and errors of connect().

    Looking up the name and the race of its addresses run in a thread of the loop's pool.
    """
    dialed = Dialed(url, framing, protocol, tls, server_name)
    return await opened(AsyncClient, dialed, connect_timeout, read_timeout, retry)


async def opened(
    make: type[_Client], dialed: Dialed, connect_timeout: float, read_timeout: float, retry: Retry | None
) -> _Client:
    """A client over a new connection. Raises what connect_async() does, and what open() of `make` does."""
    sock = await asyncio.to_thread(dial, dialed.destination, connect_timeout, retry)
    try:
        sock.setblocking(False)
        with explained(dialed.server_name):
            async with asyncio.timeout(connect_timeout):
                reader, writer = await asyncio.open_connection(
                    sock=sock,
                    ssl=dialed.context,
                    server_hostname=dialed.server_name if dialed.context is not None else None,
                )
    except BaseException:
        sock.close()
        raise
    try:
        client = make(reader, writer, dialed, read_timeout)
        await client.open()
    except BaseException:
        writer.close()
        raise
    return client


def _is_empty(reader: asyncio.StreamReader) -> bool:
    """Whether nothing waits to be read: a read that would wait is tried, and given up."""
    attempt = reader.read(1)
    try:
        attempt.send(None)
    except StopIteration as read:
        return not read.value
    finally:
        attempt.close()
    return True
