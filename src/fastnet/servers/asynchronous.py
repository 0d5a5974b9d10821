"""The asyncio driver: ASGI under every model, WSGI under async; on uvloop where it is installed.

A `Service` is one loop: the lifespan of the application, the listeners, the hub of its connections, and the drain.
Under prefork and async a worker has one, in its main thread; under threaded one a thread, all accepting from the same
sockets.

Accepting pauses when there are `max_connections`, or when file descriptors run out, and goes on when there is room: the
listener is then closed on this loop only, and the kernel keeps connections waiting in the socket's backlog.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib.util
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from fastnet.apps.asgi import ASGIApp
from fastnet.apps.stepping import RequestTask, Stepper
from fastnet.apps.wsgi import WSGIApp
from fastnet.apps.wsgi_pool import PooledWSGIApp
from fastnet.errors import StartupError
from fastnet.protocols.workspace import Workspace
from fastnet.servers.accesslog import AccessLog
from fastnet.servers.asynchronous_channel import Hub
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.lifespan import Lifespan
from fastnet.servers.listeners import listener_name
from fastnet.servers.log import LOGGER
from fastnet.servers.pump import Pump, settings_of

# A loop accepts at most this many connections in a row, so that others sharing the socket get some.
_ACCEPTS = 16
# Without descriptors for more connections, accepting is tried again after this.
_PAUSE_S = 0.25
# Descriptors kept free for the application's own files.
_SPARE_FILES = 32
# Part of the drain's time after which what is left is dropped, so that the lifespan's shutdown still has some.
_DRAIN_PART = 0.9


class Service:
    """One loop, from startup to the end of the drain. Make it in any thread; call main() on its loop."""

    def __init__(
        self,
        config: Config,
        app: Any,
        sockets: list[socket.socket],
        board: Board,
        worker: int,
        thread: int,
        interface: str = "asgi",
    ) -> None:
        self._config = config
        self._app = app
        self._interface = interface
        self._sockets = sockets
        self._place = (board, worker, thread)
        # Each of them may accept as many at once before it notices that descriptors run out.
        self._loops = config.threads if config.model == "threaded" else 1
        self._access = AccessLog(config) if config.access_log != "off" else None
        self._servers: list[asyncio.AbstractServer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hub: Hub
        self._stopping: asyncio.Event
        self._stop_asked = False
        # Done when connections are accepted; or holds the StartupError.
        self.started: concurrent.futures.Future[None] = concurrent.futures.Future()

    def run(self, ready: Callable[[], None] | None = None) -> None:
        """Serve on a loop of its own until stop(). `ready` is called when connections are accepted."""
        with asyncio.Runner(loop_factory=loop_factory(self._config.loop)) as runner:
            runner.run(self.main(ready))

    def stop(self) -> None:
        """Begin to drain, at once or when main() has started. From a signal handler, or any thread."""
        self._stop_asked = True  # read by main() after it has set _loop, so one of the two takes effect
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        # Again and again, maybe: a signal to the process group comes once more from the supervisor, who uses force
        # when he is told twice.
        self._stopping.set()

    async def main(self, ready: Callable[[], None] | None = None) -> None:
        """The whole life. Raises StartupError."""
        loop = self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if self._stop_asked:
            self._stopping.set()
        if threading.current_thread() is threading.main_thread():
            loop.add_signal_handler(signal.SIGTERM, self._stop)
        try:
            lifespan, app = await self._start(loop)
            self._make_hub(loop, app)
            await self._listen()
        except StartupError as error:
            self.started.set_exception(error)
            raise
        self.started.set_result(None)
        if ready is not None:
            ready()
        self._beat()
        await self._stopping.wait()
        deadline = time.monotonic() + self._config.drain_timeout * _DRAIN_PART
        await self._drain(app.stepper if isinstance(app, ASGIApp) else None, deadline)
        if lifespan is not None:
            await lifespan.shutdown()
        app.close()
        self._hub.close()
        await asyncio.sleep(0)
        if self._access is not None:
            self._access.close()

    async def _start(self, loop: asyncio.AbstractEventLoop) -> tuple[Lifespan | None, ASGIApp | PooledWSGIApp]:
        config = self._config
        if self._interface == "wsgi":
            board, worker, _ = self._place
            wsgi = WSGIApp(
                self._app,
                multithread=config.threads > 1,
                multiprocess=config.workers > 1,
                spool=config.body_spool,
                spool_dir=config.spool_dir,
                root_path=config.root_path,
            )
            # The first place on the board is the loop's.
            begin = functools.partial(_begin, board, worker)
            return None, PooledWSGIApp(wsgi, loop, config.threads, begin, lambda thread: board.end(worker, thread + 1))
        lifespan = Lifespan(self._app)
        await lifespan.startup()
        asgi = ASGIApp(self._app, loop, root_path=config.root_path)
        asgi.state = lifespan.state
        return lifespan, asgi

    def _make_hub(self, loop: asyncio.AbstractEventLoop, app: ASGIApp | PooledWSGIApp) -> None:
        pump = Pump(Workspace(settings_of(self._config), b"fastnet"), app, self._access)
        self._hub = Hub(
            loop,
            pump,
            max_connections=self._config.max_connections,
            max_fd=resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES - _ACCEPTS * self._loops,
            full=self._pause,
            room=self._resume,
        )
        self._hub.place(*self._place)

    def _beat(self) -> None:
        if self._config.request_timeout and not self._stopping.is_set():
            self._hub.beat()
            asyncio.get_running_loop().call_later(self._config.request_timeout / 3, self._beat)

    # --- accepting ---

    async def _listen(self) -> None:
        for sock in self._sockets:
            self._servers.append(await self._open(sock))
            # Whoever listened last on the socket said how long its queue is.
            sock.listen(self._config.backlog)

    async def _open(self, sock: socket.socket) -> asyncio.AbstractServer:
        loop = asyncio.get_running_loop()
        factory = self._hub.protocol_factory("http", listener_name(sock))
        mine = sock.dup()
        mine.setblocking(False)
        if sock.family != socket.AF_UNIX:
            return await loop.create_server(factory, sock=mine, backlog=_ACCEPTS)
        # The file belongs to the supervisor; from 3.13 on, loops would remove it when they close the server.
        kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        return await loop.create_unix_server(factory, sock=mine, backlog=_ACCEPTS, **kept)

    def _pause(self) -> None:
        if not self._servers:
            return
        self._close_servers()
        if self._hub.count < self._config.max_connections:
            LOGGER.warning("few file descriptors are left: accepting connections again when some are free")
            asyncio.get_running_loop().call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if not self._servers and not self._tasks and not self._stopping.is_set():
            task = asyncio.get_running_loop().create_task(self._listen())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _close_servers(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()

    # --- the end ---

    async def _drain(self, stepper: Stepper | None, deadline: float) -> None:
        self._close_servers()
        await asyncio.gather(*(self._adopt(sock) for sock in self._sockets))
        for sock in self._sockets:
            sock.close()
        empty = self._hub.drain()
        await asyncio.wait([empty], timeout=max(0.0, deadline - time.monotonic()))
        # What goes on behind an answer, such as background tasks.
        while stepper is not None and stepper.running and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        left = [task for task in asyncio.all_tasks() if isinstance(task, RequestTask)]
        if stepper is None or not stepper.running:
            left = []
        if self._hub.count or left:
            LOGGER.warning("dropping %d connections that are not done in time", self._hub.count)
            self._hub.abort()
            for task in left:
                task.cancel()
            await asyncio.sleep(0)

    async def _adopt(self, sock: socket.socket) -> None:
        """Serve those whom the kernel has let in already."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                factory = self._hub.protocol_factory("http", listener_name(sock))
                connection, _ = sock.accept()
            except OSError:
                return  # none is left, or another thread has found so and closed the socket
            connection.setblocking(False)
            await loop.connect_accepted_socket(factory, connection)


def run(
    config: Config,
    app: Any,
    interface: str,
    sockets: list[socket.socket],
    board: Board,
    worker: int,
    ready: Callable[[], None],
) -> int:
    """Serve until SIGTERM and the drain that follows; returns the exit status. Raises StartupError before ready()."""
    for sock in sockets:
        sock.setblocking(False)
    # A terminal's Ctrl-C reaches the supervisor, which tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threads = config.threads if config.model == "threaded" else 1
    services = [Service(config, app, sockets, board, worker, thread, interface) for thread in range(threads)]
    if threads == 1:
        services[0].run(ready)
    else:
        _run_threads(services, ready)
    return 0


def _begin(board: Board, worker: int, thread: int, now: float, line: bytes) -> None:
    board.begin(worker, thread + 1, now, line)


def _run_threads(services: list[Service], ready: Callable[[], None]) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        for service in services:
            service.stop()

    signal.signal(signal.SIGTERM, stop)
    threads = [threading.Thread(target=_run_one, args=(service,), daemon=True) for service in services]
    for thread in threads:
        thread.start()
    for service in services:
        service.started.result()
    ready()
    for thread in threads:
        thread.join()


def _run_one(service: Service) -> None:
    # Signals are the main thread's, which must wake to run Python's handlers.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    try:
        service.run()
    except BaseException as error:
        if not service.started.done():
            service.started.set_exception(error)
        elif not isinstance(error, StartupError):
            LOGGER.exception("a loop failed")
            os._exit(1)  # the supervisor starts another worker


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loops: of uvloop for "uvloop", and for "auto" where it is installed, else of asyncio."""
    if name == "uvloop" or (name == "auto" and importlib.util.find_spec("uvloop") is not None):
        import uvloop

        factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return factory
    return asyncio.new_event_loop
