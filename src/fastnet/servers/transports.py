"""Connections by asyncio's own servers and transports: what serves a loop where the native driver cannot (no epoll).

Accepting pauses when there are `max_connections`, or when file descriptors run out, and goes on when there is room: the
listener is then closed on this loop only, and the kernel keeps connections waiting in the socket's backlog.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

from fastnet.servers.barrier import refuse
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import listener_name
from fastnet.servers.log import LOGGER
from fastnet.servers.tls import listener_contexts

# A loop accepts at most this many connections in a row, so that others sharing the socket get some.
_ACCEPTS = 16
# Without descriptors for more connections, accepting is tried again after this.
_PAUSE_S = 0.25
# Descriptors kept free for the application's own files.
_SPARE_FILES = 32
# What a process may have, if nothing else says so.
_MOST_FILES = 1 << 20
# What select() can watch: FD_SETSIZE.
_MOST_SELECTED = 1024


class Transports:
    """The connections of one loop; make and use it there. It works with copies of `sockets`.

    make_hub(max_connections=, max_fd=, full=, room=) makes what serves them: a Hub under the pump, or Guests.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        sockets: list[socket.socket],
        make_hub: Callable[..., Any],
    ) -> None:
        self._loop = loop
        self._config = config
        self._sockets = [sock.dup() for sock in sockets]
        self._contexts = listener_contexts(config)
        self._servers: list[asyncio.AbstractServer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        # Each loop may accept as many at once before it notices that descriptors run out.
        loops = config.threads if config.model == "threaded" else 1
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit == resource.RLIM_INFINITY:
            limit = _MOST_FILES
        if config.loop == "select":
            limit = min(limit, _MOST_SELECTED)
        self._hub = make_hub(
            max_connections=config.max_connections,
            max_fd=min(limit, _MOST_FILES) - _SPARE_FILES - _ACCEPTS * loops,
            full=self._pause,
            room=self._resume,
        )

    @property
    def count(self) -> int:
        """Open connections."""
        count: int = self._hub.count
        return count

    def place(self, board: Board, worker: int, thread: int) -> None:
        """Tell the supervisor, in this slot of the board, what runs."""
        self._hub.place(board, worker, thread)

    def beat(self) -> None:
        """Sign of life of the loop."""
        self._hub.beat()

    async def listen(self) -> None:
        """Begin to accept."""
        for sock, context in zip(self._sockets, self._contexts, strict=True):
            self._servers.append(await self._open(sock, context))
            # Whoever listened last on the socket said how long its queue is.
            sock.listen(self._config.backlog)

    async def drain(self) -> None:
        """Accept who is in the backlog, and nobody after; let what began be answered; close what is idle."""
        self._draining = True
        self._close_servers()
        if self._config.reuse_port:
            refuse(self._sockets)  # else the supervisor did, if all is to end
        await asyncio.gather(*map(self._adopt, self._sockets, self._contexts))
        for sock in self._sockets:
            sock.close()
        await self._hub.drain()

    def abort(self) -> None:
        """Drop every connection."""
        self._hub.abort()

    def leave(self) -> None:
        """Serve no more. Connections should be gone by now."""
        self._close_servers()
        self._hub.close()

    async def _open(self, sock: socket.socket, context: ssl.SSLContext | None) -> asyncio.AbstractServer:
        factory = self._hub.protocol_factory("https" if context else "http", listener_name(sock))
        mine = sock.dup()
        mine.setblocking(False)
        if sock.family != socket.AF_UNIX:
            return await self._loop.create_server(factory, sock=mine, backlog=_ACCEPTS, **self._encrypted(context))
        # The file belongs to the supervisor; from 3.13 on, loops would remove it when they close the server.
        kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        return await self._loop.create_unix_server(factory, sock=mine, backlog=_ACCEPTS, **kept)

    def _pause(self) -> None:
        if not self._servers:
            return
        self._close_servers()
        if self._hub.count < self._config.max_connections:
            LOGGER.warning("few file descriptors are left: accepting connections again when some are free")
            self._loop.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if not self._servers and not self._tasks and not self._draining:
            task = self._loop.create_task(self.listen())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _close_servers(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()

    def _encrypted(self, context: ssl.SSLContext | None) -> dict[str, Any]:
        if context is None:
            return {}
        return {"ssl": context, "ssl_handshake_timeout": self._config.tls_handshake_timeout}

    async def _adopt(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        """Serve those whom the kernel has let in already."""
        factory = self._hub.protocol_factory("https" if context else "http", listener_name(sock))
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            connection.setblocking(False)
            await self._loop.connect_accepted_socket(factory, connection, **self._encrypted(context))
