"""A WebSocket client for coroutines: `await connect_websocket_async()`. See websocket for what is the same."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastnet.clients.dialing import Retry
from fastnet.clients.stream_async import AsyncClient, opened
from fastnet.clients.websocket import NORMAL, closed, dialed, is_closed, receive_into, to_wait_s
from fastnet.codecs.websocket import Close
from fastnet.errors import ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket import WebSocket


class AsyncWebSocketClient(AsyncClient):
    """A WebSocket to a server; made by connect_websocket_async(). One coroutine may receive while another sends."""

    protocol: WebSocket

    async def open(self) -> None:
        """Wait for the server's answer to the handshake; called by connect_websocket_async()."""
        await super().open()
        end = time.monotonic() + self._read_timeout
        while self.protocol.opening:
            await self._step(end)

    async def send(self, event: Any) -> None:
        """Send a message, `str` or `bytes`, or a Ping. Raises ConnectionError when the WebSocket is closed."""
        if is_closed(self.protocol):
            raise closed(self.protocol)
        await super().send(event)

    async def receive(self) -> Any:
        """The next message. Raises as WebSocketClient.receive() does."""
        end = time.monotonic() + self._read_timeout
        while True:
            self.protocol.now = time.monotonic()
            try:
                event = self.protocol.next_event()
            except ProtocolError as error:
                self.protocol.fail(error)
                await self._flush()
                self._writer.close()
                raise
            await self._flush()
            if event is not NEED_DATA:
                return event
            if is_closed(self.protocol):
                raise closed(self.protocol)
            await self._step(end)

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Messages until the WebSocket is closed."""
        while True:
            try:
                yield await self.receive()
            except ConnectionError:
                return

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Send a Close, wait for the server's, no longer than close_timeout, and close the connection."""
        try:
            if not self.protocol.opening and not is_closed(self.protocol):
                await super().send(Close(code, reason))
                end = time.monotonic() + self.protocol.options.close_timeout
                while not is_closed(self.protocol):
                    await self._step(end)
                    self.protocol.next_event()
        except (OSError, ProtocolError):
            pass  # it is over either way
        finally:
            await super().close()

    async def _step(self, end: float) -> None:
        protocol = self.protocol
        wait_s = to_wait_s(protocol, end, self._read_timeout)
        try:
            data = await self._read(wait_s)
        except TimeoutError:
            protocol.handle_timeout(time.monotonic())
            await self._flush()
            if protocol.aborted:
                raise closed(protocol) from None
            return
        receive_into(protocol, data)


async def connect_websocket_async(
    url: str,
    *,
    headers: Iterable[tuple[Any, Any]] = (),
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    retry: Retry | None = None,
    **options: Any,
) -> AsyncWebSocketClient:
    """Open a WebSocket; `async with await fastnet.connect_websocket_async("wss://...") as ws`.

    Arguments and errors of connect_websocket().
    """
    how = dialed(url, tls, server_name, headers, options)
    return await opened(AsyncWebSocketClient, how, connect_timeout, read_timeout, retry)
