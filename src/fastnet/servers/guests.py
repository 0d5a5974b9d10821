"""The connections of one loop whose protocols are asyncio's: an application's own classes, and services without epoll.

Neither is driven by the pump. What a server has to know of them, how many there are and which are to be ended, it
learns from a subclass that notes when each begins and ends; the methods that see data are the class's own.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

from fastnet.apps.session import ServiceApp
from fastnet.errors import StartupError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.stream_protocol import ServiceProtocol, service_protocol

# In a drain, for a message that is on its way on an idle connection; then it is looked at this often.
_IDLE_GRACE_S = 1.0
_LOOK_EVERY_S = 0.05


class ProtocolApp:
    """An asyncio protocol class as an application: what a loop's Service asks of one."""

    stepper = None

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def close(self) -> None:
        """Nothing is left behind."""


class Guests:
    """What serves `app`, a ServiceApp or ProtocolApp, to the connections of one loop; the same face as Hub's.

    full() is called when there are too many, or no descriptors for more: stop accepting; room() when it may go on.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        app: ServiceApp | ProtocolApp,
        config: Config,
        *,
        max_connections: int,
        max_fd: int,
        full: Callable[[], None],
        room: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._app = app
        self._config = config
        self._most = max_connections
        self._last_fd = max_fd
        self._on_full = full
        self._on_room = room
        self._full = False
        self._place: tuple[Board, int, int]
        # By identity: a class may say that two of its objects are equal.
        self._open: dict[int, tuple[Any, asyncio.Transport]] = {}

    @property
    def count(self) -> int:
        """Open connections."""
        return len(self._open)

    def place(self, board: Board, worker: int, thread: int) -> None:
        """Tell the supervisor, in this slot of the board, what runs."""
        self._place = (board, worker, thread)

    def beat(self) -> None:
        """Sign of life of the loop."""
        board, worker, thread = self._place
        board.beat(worker, thread, time.monotonic())

    def protocol_factory(self, scheme: str, server: Any) -> Callable[[], asyncio.BaseProtocol]:
        """What makes the protocols of a listener."""
        if isinstance(self._app, ProtocolApp):
            own: Callable[[], asyncio.BaseProtocol] = self._counted(self._app.kind)
            return own
        config = self._config
        kind = self._counted(ServiceProtocol)
        factory = service_protocol(self._app, self._loop, config.write_timeout, config.min_rate, kind)
        factory.place(*self._place)
        return factory

    def _counted(self, kind: Any) -> Any:
        begun, ended = self._begun, self._ended

        class Counted(kind):  # type: ignore[misc]
            __slots__ = ()

            def connection_made(self, transport: Any) -> None:
                begun(self, transport)
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                ended(self)
                super().connection_lost(error)

        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(Counted, name, getattr(kind, name))
        return Counted

    def _begun(self, protocol: Any, transport: asyncio.Transport) -> None:
        board, worker, thread = self._place
        board.connected(worker, thread)
        self._open[id(protocol)] = (protocol, transport)
        sock = transport.get_extra_info("socket")
        if len(self._open) >= self._most:
            self._forget_closed()
        if not self._full and len(self._open) >= self._most:
            self._full = True
            self._on_full()
        elif sock is not None and sock.fileno() > self._last_fd:
            self._on_full()

    def _ended(self, protocol: Any) -> None:
        if self._open.pop(id(protocol), None) is not None:
            board, worker, thread = self._place
            board.disconnected(worker, thread)
        if self._full and len(self._open) < self._most:
            self._full = False
            self._on_room()

    def _forget_closed(self) -> None:
        """Those that gave their transport to another protocol, which does not tell when it is over."""
        for protocol, transport in list(self._open.values()):
            if transport.is_closing() and transport.get_protocol() is not protocol:
                self._ended(protocol)

    def _protocols(self) -> Iterator[Any]:
        return (protocol for protocol, _ in list(self._open.values()))

    async def drain(self) -> None:
        """Let what began be done, and close what is idle, after a moment. Returns when no connection is left.

        Of an application's own protocol nobody can tell whether it is idle, so it may say so itself: its shutdown(),
        if it has one, is called. What it still does afterwards is waited for.
        """
        own = isinstance(self._app, ProtocolApp)
        if own:
            for protocol in self._protocols():
                shutdown = getattr(protocol, "shutdown", None)
                said = shutdown() if callable(shutdown) else None
                if asyncio.iscoroutine(said):
                    await said
        idle_until = self._loop.time() + _IDLE_GRACE_S
        while self._open:
            if not own and self._loop.time() >= idle_until:
                for protocol in self._protocols():
                    protocol.drain()
            await asyncio.sleep(_LOOK_EVERY_S)
            self._forget_closed()

    def abort(self) -> None:
        """Drop every connection."""
        for _, transport in list(self._open.values()):
            transport.abort()

    def close(self) -> None:
        """Nothing is left to be ended."""


def check_protocol(kind: Any, name: str) -> type:
    """`kind`, if it is a class whose objects can serve connections. Raises StartupError."""
    if not isinstance(kind, type):
        raise StartupError(f"{name} is no class of asyncio protocols; name the class itself, or use --factory")
    streams = (asyncio.Protocol, asyncio.BufferedProtocol)
    if issubclass(kind, asyncio.DatagramProtocol) and not issubclass(kind, streams):
        raise StartupError(f"{name} is for datagrams; those are served to a fastnet.DatagramProtocol")
    buffered = callable(getattr(kind, "get_buffer", None)) and callable(getattr(kind, "buffer_updated", None))
    if not callable(getattr(kind, "data_received", None)) and not buffered:
        raise StartupError(f"{name} is no asyncio protocol: it has neither data_received() nor get_buffer()")
    try:
        inspect.signature(kind).bind()
    except TypeError as error:
        raise StartupError(
            f"{name} cannot be made without arguments ({error}); subclass it, or use --factory"
        ) from None
    except ValueError:
        pass  # it does not say what it takes
    return kind
