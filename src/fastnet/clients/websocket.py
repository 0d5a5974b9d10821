"""A WebSocket client for code that blocks: connect_websocket(). The other face is in websocket_async."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from fastnet.clients.dialing import Retry
from fastnet.clients.stream import Client, Dialed, opened
from fastnet.codecs.websocket import Close
from fastnet.errors import ConfigError, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket import WebSocket
from fastnet.protocols.websocket_handshake import client
from fastnet.protocols.websocket_options import Options

NORMAL = 1000  # the code of a Close
_PORTS = {"ws": 80, "wss": 443}


def dialed(
    url: str,
    tls: ssl.SSLContext | None,
    server_name: str | None,
    headers: Iterable[tuple[Any, Any]],
    options: dict[str, Any],
) -> Dialed:
    """What to connect to, and the WebSocket to speak there. Raises ConfigError for what cannot be used."""
    expected = "ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH"
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname
    except (KeyError, ValueError):
        raise ConfigError("url", url, expected) from None
    if not host or parts.fragment or "@" in parts.netloc:
        raise ConfigError("url", url, expected)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
    try:
        make = client(authority, target, Options(**options), headers)
    except TypeError:
        unknown = next(name for name in options if name not in Options.__dataclass_fields__)
        raise ConfigError(unknown, options[unknown], "an option of WebSocket") from None
    return Dialed(f"{'tls' if parts.scheme == 'wss' else 'tcp'}://{shown}:{port}", None, make, tls, server_name)


def is_closed(protocol: WebSocket) -> bool:
    """Nothing will come any more."""
    return protocol.close_code != 0 or protocol.closing or protocol.eof_received


def closed(protocol: WebSocket) -> ConnectionError:
    """What receive() raises then."""
    code, reason = protocol.close_code or 1006, protocol.close_reason
    return ConnectionError(f"the WebSocket is closed: {code}{' ' if reason else ''}{reason}")


def to_wait_s(protocol: WebSocket, end: float, read_timeout: float) -> float:
    """Until `end` or the protocol's own deadline, whichever is first. Raises TimeoutError when `end` is over."""
    protocol.now = now = time.monotonic()
    if now >= end:
        raise TimeoutError(f"no answer in {read_timeout:g} s")
    due = protocol.next_timeout()
    return min(end - now, math.inf if due is None else due)


def receive_into(protocol: WebSocket, data: bytes) -> None:
    """Give the protocol what came, b"" for the end. Raises ConnectionError for an end within the handshake."""
    if data:
        protocol.receive_data(data)
        return
    protocol.receive_eof()
    if protocol.opening:
        raise ConnectionError("the server has closed the connection within the handshake")


class WebSocketClient(Client):
    """A WebSocket to a server; made by connect_websocket(). For one thread at a time.

    Pings are sent and answered while receive() waits. `protocol` is the WebSocket: `subprotocol`, `response`,
    `latency`, and after the end `close_code` and `close_reason`.
    """

    protocol: WebSocket

    def open(self) -> None:
        """Wait for the server's answer to the handshake; called by connect_websocket()."""
        super().open()
        end = time.monotonic() + self._read_timeout
        while self.protocol.opening:
            self._step(end)

    def send(self, event: Any) -> None:
        """Send a message, `str` or `bytes`, or a Ping. Raises ConnectionError when the WebSocket is closed."""
        if is_closed(self.protocol):
            raise closed(self.protocol)
        super().send(event)

    def receive(self) -> Any:
        """The next message.

        Raises TimeoutError when it is not there after read_timeout, ConnectionError when the WebSocket is closed, and
        ProtocolError when the server broke the rules, of which it is told.
        """
        end = time.monotonic() + self._read_timeout
        while True:
            self.protocol.now = time.monotonic()
            try:
                event = self.protocol.next_event()
            except ProtocolError as error:
                self.protocol.fail(error)
                self._flush()
                self._socket.close()
                raise
            self._flush()
            if event is not NEED_DATA:
                return event
            if is_closed(self.protocol):
                raise closed(self.protocol)
            self._step(end)

    def __iter__(self) -> Iterator[Any]:
        """Messages until the WebSocket is closed."""
        while True:
            try:
                yield self.receive()
            except ConnectionError:
                return

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Send a Close, wait for the server's, no longer than close_timeout, and close the connection."""
        try:
            if not self.protocol.opening and not is_closed(self.protocol):
                super().send(Close(code, reason))
                end = time.monotonic() + self.protocol.options.close_timeout
                while not is_closed(self.protocol):
                    self._step(end)
                    self.protocol.next_event()
        except (OSError, ProtocolError):
            pass  # it is over either way
        finally:
            self._socket.close()

    def _step(self, end: float) -> None:
        """Wait for input or the protocol's own deadline, whichever is first. Raises TimeoutError at `end`."""
        protocol = self.protocol
        wait_s = to_wait_s(protocol, end, self._read_timeout)
        try:
            data = self._read(max(wait_s, 1e-3))
        except TimeoutError:
            protocol.handle_timeout(time.monotonic())
            self._flush()
            if protocol.aborted:
                raise closed(protocol) from None
            return
        receive_into(protocol, data)


def connect_websocket(
    url: str,
    *,
    headers: Iterable[tuple[Any, Any]] = (),
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    retry: Retry | None = None,
    **options: Any,
) -> WebSocketClient:
    """Open a WebSocket; `with fastnet.connect_websocket("wss://...") as ws: ws.send("hello"); ws.receive()`.

    Args:
        url: ws://HOST[:PORT]/PATH or wss://...; all addresses of a host are tried (RFC 8305).
        headers: further (name, value) fields of the handshake.
        tls: instead of the default context, which verifies the server's certificate and name.
        server_name: the name that is verified, if it is not the host.
        connect_timeout: seconds for each attempt.
        read_timeout: seconds for a message, or for the server to take what is sent.
        retry: how often, and after what time, to try again when nobody answers; by default never.
        options: the fields of protocols.websocket_options.Options: subprotocols, max_message_bytes, deflate, ...

    Raises:
        ConfigError: an argument cannot be used.
        OSError: nobody answered; ssl.SSLError, one of them: the server is not who it should be.
        ProtocolError: the server does not open a WebSocket; `status` is that of its answer.
    """
    how = dialed(url, tls, server_name, headers, options)
    return opened(WebSocketClient, how, connect_timeout, read_timeout, retry)
