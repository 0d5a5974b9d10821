"""A client of any stream protocol, for code that blocks: fastnet.connect(). The other face is in stream_async."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastnet.clients.dialing import Destination, Retry, dial, parse_destination, secured
from fastnet.codecs.framing import Framing
from fastnet.errors import ConfigError
from fastnet.protocols.base import NEED_DATA, PAUSED, Protocol
from fastnet.protocols.framed import Framed
from fastnet.servers.tls import client_context, facts_of
from fastnet.servers.tls_reasons import explained

_READ_BYTES = 65536


class Dialed:
    """What both faces need to know to connect; checked when made."""

    def __init__(
        self,
        url: str,
        framing: Framing[Any, Any] | None,
        protocol: Callable[[], Protocol] | None,
        tls: ssl.SSLContext | None,
        server_name: str | None,
    ) -> None:
        if (framing is None) == (protocol is None):
            raise ConfigError("protocol", protocol, "a protocol or a framing, one of the two")
        self.destination: Destination = parse_destination(url)
        self.make = functools.partial(Framed, framing) if framing is not None else protocol
        self.context = (tls or client_context()) if self.destination.scheme == "tls" else None
        self._upgrade = tls
        self.server_name = server_name or self.destination.host

    def protocol(self) -> Protocol:
        assert self.make is not None
        protocol = self.make()
        protocol.tls_available = self.context is None
        return protocol

    def upgrade(self) -> ssl.SSLContext:
        """The context of a connection that goes on with TLS."""
        return self._upgrade or client_context()


class Client:
    """A connection to a server, and the Protocol that speaks over it; made by connect(). For one thread at a time."""

    def __init__(self, sock: Any, dialed: Dialed, read_timeout: float) -> None:
        self._socket = sock
        self._dialed = dialed
        self._read_timeout = read_timeout
        self.protocol = protocol = dialed.protocol()
        protocol.peer, protocol.local = sock.getpeername() or None, sock.getsockname() or None
        protocol.tls = facts_of(sock) if isinstance(sock, ssl.SSLSocket) else None
        protocol.now = time.monotonic()
        protocol.connection_made()

    def open(self) -> None:
        """Send what the protocol begins with; called by connect()."""
        self._flush()

    def send(self, event: Any) -> None:
        """Send a message, or whatever the protocol sends. Raises OSError when the connection is broken."""
        self.protocol.now = time.monotonic()
        self.protocol.send(event)
        self._flush()

    def receive(self) -> Any:
        """The next message, or event of the protocol.

        Raises TimeoutError when it is not there after read_timeout, ConnectionError when the server has closed, and
        ProtocolError when it broke the rules, IncompleteFrame if in the middle of a message.
        """
        end = time.monotonic() + self._read_timeout
        while True:
            event = self.protocol.next_event()
            if event is not NEED_DATA and event is not PAUSED:
                return event
            self._flush()
            if self.protocol.eof_received:
                raise ConnectionError("the server has closed the connection")
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer in {self._read_timeout:g} s")
            try:
                data = self._read(left)
            except TimeoutError:
                raise TimeoutError(f"no answer in {self._read_timeout:g} s") from None
            if data:
                self.protocol.receive_data(data)
                if self.protocol.tls_wanted:
                    self._flush()
            else:
                self.protocol.receive_eof()

    def request(self, event: Any) -> Any:
        """send(), then receive()."""
        self.send(event)
        return self.receive()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _read(self, timeout_s: float) -> bytes:
        """What comes next, b"" at the end. Raises TimeoutError."""
        self._socket.settimeout(timeout_s)
        with explained(self._dialed.server_name):
            data: bytes = self._socket.recv(_READ_BYTES)
        self.protocol.now = time.monotonic()
        return data

    def _flush(self) -> None:
        pieces = self.protocol.data_to_send()
        if pieces:
            self._socket.settimeout(self._read_timeout)
            self._socket.sendall(pieces[0] if len(pieces) == 1 else b"".join(map(bytes, pieces)))
        if self.protocol.tls_wanted:
            self._start_tls()

    def _start_tls(self) -> None:
        dialed = self._dialed
        sock: Any = secured(self._socket, self._read_timeout, dialed.upgrade(), dialed.server_name)
        self._socket = sock
        self.protocol.tls, self.protocol.tls_wanted, self.protocol.tls_available = facts_of(sock), False, False
        self.protocol.tls_started()
        self._flush()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_Client = TypeVar("_Client", bound=Client)


def connect(
    url: str,
    *,
    framing: Framing[Any, Any] | None = None,
    protocol: Callable[[], Protocol] | None = None,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    retry: Retry | None = None,
) -> Client:
    """Connect to a server; `with fastnet.connect(...) as client: client.request(message)`.

    Args:
        url: tcp://HOST:PORT, tls://HOST:PORT or unix:PATH. All addresses of a host are tried (RFC 8305).
        framing: how messages stand in the stream, as for fastnet.service(); or
        protocol: what makes the client's side of a Protocol.
        tls: instead of client_context(), which verifies the server's certificate and name; also for a protocol that
            starts TLS by itself.
        server_name: the name that is verified, if it is not the host.
        connect_timeout: seconds for each attempt.
        read_timeout: seconds for an answer, or for the server to take what is sent.
        retry: how often, and after what time, to try again when nobody answers; by default never.

    Raises:
        ConfigError: an argument cannot be used.
        OSError: nobody answered; ssl.SSLError, one of them: the server is not who it should be.
    """
    dialed = Dialed(url, framing, protocol, tls, server_name)
    return opened(Client, dialed, connect_timeout, read_timeout, retry)


def opened(
    make: type[_Client], dialed: Dialed, connect_timeout: float, read_timeout: float, retry: Retry | None
) -> _Client:
    """A client over a new connection. Raises what connect() does, and what open() of `make` does."""
    sock = dial(dialed.destination, connect_timeout, retry)
    sock = secured(sock, connect_timeout, dialed.context, dialed.server_name)
    try:
        client = make(sock, dialed, read_timeout)
        client.open()
    except BaseException:
        sock.close()
        raise
    return client
