"""A process, or a thread, for each connection: started when it comes, gone when it ends. For teaching and comparing.

The worker's main thread only accepts. There are `config.per_connection` at once, and no more: further clients wait in
the backlog. Processes are waited for when they end, and end with the worker however that ends. To drain, the worker
closes its end of a pipe that all of them watch.
"""

from __future__ import annotations

import collections
import contextlib
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from fastnet.errors import StartupError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import server_name
from fastnet.servers.log import LOGGER
from fastnet.servers.process import die_with, exit_now
from fastnet.servers.pump import files_of
from fastnet.servers.signals import leave_signals, leave_to_pipe
from fastnet.servers.tls import listener_contexts

# After the system refused a process or thread, or had no descriptor left.
_PAUSE_S = 0.25


def run(
    config: Config,
    app: Any,
    interface: str,
    sockets: list[socket.socket],
    board: Board,
    worker: int,
    ready: Callable[[], None],
) -> int:
    """Serve until SIGTERM and the drain that follows; returns the exit status."""
    if config.trace:
        raise StartupError("--trace follows the requests of a shared loop, which --per-connection does not have")
    return _Acceptor(config, app, interface, sockets, board, worker).run(ready)


class _Acceptor:
    def __init__(
        self, config: Config, app: Any, interface: str, sockets: list[socket.socket], board: Board, worker: int
    ) -> None:
        # Here, so that processes have it from this one; and not before, as portable builds have no such module.
        from fastnet.servers.one_connection import serve_connection

        self._serve_connection = serve_connection
        self._config = config
        self._serving = (app, interface)
        self._files = files_of(config)
        self._sockets = sockets
        self._contexts = listener_contexts(config)
        self._board = (board, worker)
        self._ending, self._not_ending = os.pipe()
        self._wake, self._wake_end = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wake_end, False)
        self._children: set[int] = set()
        self._threads: set[threading.Thread] = set()
        self._done: collections.deque[threading.Thread] = collections.deque()
        self._stopping = False
        self._pause_until = 0.0

    def run(self, ready: Callable[[], None]) -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGCHLD, leave_to_pipe)
        for sock in self._sockets:
            sock.setblocking(False)
        ready()
        while not self._stopping:
            self._wait(self._sockets if self._has_room() else [])
        self._accept_all()
        for sock in self._sockets:
            sock.close()
        os.close(self._not_ending)
        deadline = time.monotonic() + self._config.drain_timeout
        while self._count() and time.monotonic() < deadline:
            self._wait([], deadline)
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        return 1 if self._count() else 0

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _count(self) -> int:
        return len(self._children) + len(self._threads)

    def _has_room(self) -> bool:
        return self._count() < self._config.per_connection and time.monotonic() >= self._pause_until

    def _wait(self, sockets: list[socket.socket], deadline: float | None = None) -> None:
        """Until something happens: a connection, a signal, the end of one that was served."""
        if deadline is None and self._pause_until > time.monotonic():
            deadline = self._pause_until
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            for sock in sockets:
                selector.register(sock, selectors.EVENT_READ)
            events = selector.select(None if deadline is None else max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)
        self._reap()
        if events and sockets:
            self._accept_all()

    def _reap(self) -> None:
        for pid in list(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)
                self._board[0].disconnected(self._board[1], 0)
        while self._done:
            thread = self._done.popleft()
            thread.join()
            self._threads.discard(thread)
            self._board[0].disconnected(self._board[1], 0)

    def _accept_all(self) -> None:
        for sock, context in zip(self._sockets, self._contexts, strict=True):
            while self._has_room():
                try:
                    connection, name = sock.accept()
                except BlockingIOError:
                    break
                except OSError as error:
                    self._run_short("accept a connection", error)
                    break
                with connection:
                    self._begin(connection, name[:2] if isinstance(name, tuple) else None, context)

    def _begin(self, connection: socket.socket, client: Any, context: Any) -> None:
        board, worker = self._board
        board.connected(worker, 0)
        connection.setblocking(False)
        given = (client, server_name(connection), context)
        try:
            if self._config.model == "threaded":
                self._start_thread(connection, given)
            else:
                self._fork(connection, given)
        except (OSError, RuntimeError) as error:
            self._run_short("serve a connection", error)

    def _run_short(self, what: str, error: Exception) -> None:
        LOGGER.warning("cannot %s: %s; trying again in %g s", what, error, _PAUSE_S)
        self._pause_until = time.monotonic() + _PAUSE_S

    def _start_thread(self, connection: socket.socket, given: tuple[Any, Any, Any]) -> None:
        # A copy: ours is closed if the thread does not start, the thread's when it has ended.
        fd = os.dup(connection.fileno())
        thread = threading.Thread(target=self._in_thread, args=(fd, given), daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.discard(thread)
            os.close(fd)
            raise

    def _in_thread(self, fd: int, given: tuple[Any, Any, Any]) -> None:
        leave_signals()
        try:
            self._serve(fd, given)
        except Exception:
            LOGGER.exception("a connection failed and is dropped")
        finally:
            self._done.append(threading.current_thread())
            with contextlib.suppress(OSError):
                os.write(self._wake_end, b"\0")

    def _serve(self, fd: int, given: tuple[Any, Any, Any]) -> None:
        self._serve_connection(self._config, *self._serving, fd, *given, self._ending, self._files)

    def _fork(self, connection: socket.socket, given: tuple[Any, Any, Any]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._in_child(connection.detach(), given, parent)
        self._children.add(pid)

    def _in_child(self, fd: int, given: tuple[Any, Any, Any], parent: int) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the worker tells when
            die_with(parent)
            for sock in self._sockets:
                sock.close()
            for mine in (self._not_ending, self._wake, self._wake_end):
                os.close(mine)
            self._serve(fd, given)
            status = 0
        except BaseException:
            LOGGER.exception("a connection failed and is dropped")
        finally:
            exit_now(status)
