"""A connection of a service: its protocol, and the handler that answers its events. No socket, no clock."""

import asyncio
from typing import Any, final

from fastnet.apps.service import Service
from fastnet.apps.stepping import Stepper
from fastnet.protocols.base import Protocol

@final
class ServiceApp:
    @property
    def service(self) -> Service: ...
    @property
    def stepper(self) -> Stepper | None: ...
    @property
    def max_output(self) -> int: ...
    @property
    def idle_timeout(self) -> float: ...
    def __init__(
        self,
        service: Service,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        max_output: int = 262144,
        idle_timeout: float = 60.0,
    ) -> None: ...
    def close(self) -> None: ...

@final
class Connection:
    """A connection of a service, as a handler sees it. Its methods may be called by any thread, at any time.

    `state` is yours: whatever is put there stays with the connection.
    """

    state: Any
    @property
    def protocol(self) -> Protocol:
        """The Protocol. Only for what is called in the connection's own turn."""
    @property
    def peer(self) -> Any:
        """The other side's address as sockets have it; None for a Unix socket's."""
    @property
    def local(self) -> Any:
        """This side's address: (host, port), or (path, None)."""
    @property
    def tls(self) -> Any:
        """A TLSFacts, or None without TLS."""
    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
    def send(self, message: Any) -> None:
        """Send a message, or whatever the protocol sends, after what was sent before.

        Raises BufferFull when max_output bytes wait for the peer to read already, ClientDisconnected when the
        connection is closed or being closed.
        """
    async def drain(self) -> None:
        """Wait until the peer has read so much that there is room, or is gone. For coroutines of the service."""
    def close(self) -> None:
        """Send what was sent so far, then close. Does nothing on a connection that is closed."""
    def abort(self) -> None:
        """Drop the connection at once."""
    def send_eof(self) -> None:
        """Half-close: the peer reads the end after what was sent; what it sends still comes."""
    def set_timeout(self, seconds: float | None) -> None:
        """Have the handler's on_timeout() called in so many seconds, instead of what was set before; None: never.

        A handler without on_timeout() has the connection closed then.
        """
