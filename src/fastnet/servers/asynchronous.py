"""Serving on asyncio loops: ASGI under every model, WSGI under async; on uvloop where it is installed.

A `Service` is one loop: the lifespan of the application, its connections, and the drain. Under prefork and async a
worker has one, in its main thread; under threaded one a thread, all accepting from the same sockets. The connections
are the native driver's, hosted by the loop; where that was not built, those of asyncio's own transports.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib.util
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from fastnet.apps.asgi import ASGIApp
from fastnet.apps.request_task import RequestTask
from fastnet.apps.session import ServiceApp
from fastnet.apps.stepping import Stepper
from fastnet.apps.wsgi import WSGIApp
from fastnet.apps.wsgi_pool import PooledWSGIApp
from fastnet.errors import StartupError
from fastnet.protocols.workspace import Workspace
from fastnet.servers import http2
from fastnet.servers.accesslog import access_log
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.lifespan import Lifespan
from fastnet.servers.log import LOGGER
from fastnet.servers.pump import Pump, files_of, service_app, settings_of, websocket_options, with_files, wsgi_options
from fastnet.servers.signals import leave_signals
from fastnet.servers.worker import transports_only

# Part of the drain's time after which what is left is dropped, so that the lifespan's shutdown still has some.
_DRAIN_PART = 0.9


if TYPE_CHECKING:
    from fastnet.servers.guests import ProtocolApp

    Application = ASGIApp | PooledWSGIApp | ServiceApp | ProtocolApp


class Connections(Protocol):
    """Accepts and serves the connections of one loop; see Transports, whose docstrings hold for HostedLoop too."""

    @property
    def count(self) -> int: ...
    def place(self, board: Board, worker: int, thread: int) -> None: ...
    def beat(self) -> None: ...
    async def listen(self) -> None: ...
    def drain(self) -> Awaitable[None]: ...
    def abort(self) -> None: ...
    def leave(self) -> None: ...


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
        siblings: list[Any] | None = None,
        tracer: Any = None,
    ) -> None:
        self._config = config
        self._app = app
        self._interface = interface
        self._sockets = sockets
        self._place = (board, worker, thread)
        self._siblings = [] if siblings is None else siblings
        self._access = access_log(config)
        self._tracer = tracer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: Connections
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
            self._connections = self._connect(loop, app)
            self._connections.place(*self._place)
            await self._connections.listen()
        except StartupError as error:
            self.started.set_exception(error)
            raise
        self.started.set_result(None)
        if ready is not None:
            ready()
        self._beat()
        await self._stopping.wait()
        deadline = time.monotonic() + self._config.drain_timeout * _DRAIN_PART
        await self._drain(None if isinstance(app, PooledWSGIApp) else app.stepper, deadline)
        if lifespan is not None:
            await lifespan.shutdown()
        app.close()
        self._connections.leave()
        await asyncio.sleep(0)
        if self._access is not None:
            self._access.close()

    async def _start(self, loop: asyncio.AbstractEventLoop) -> tuple[Lifespan | None, Application]:
        config = self._config
        if self._interface == "asyncio":
            from fastnet.servers.guests import ProtocolApp

            return None, ProtocolApp(self._app)
        if self._interface == "service":
            return None, service_app(self._app, config, loop)
        if self._interface == "wsgi":
            board, worker, _ = self._place
            wsgi = WSGIApp(self._app, **wsgi_options(config))
            # The first place on the board is the loop's.
            begin = functools.partial(_begin, board, worker)
            return None, PooledWSGIApp(wsgi, loop, config.threads, begin, lambda thread: board.rest(worker, thread + 1))
        lifespan = Lifespan(self._app)
        await lifespan.startup()
        asgi = ASGIApp(self._app, loop, root_path=config.root_path, websocket=websocket_options(config))
        asgi.state = lifespan.state
        return lifespan, asgi

    def _connect(self, loop: asyncio.AbstractEventLoop, app: Any) -> Connections:
        config = self._config
        # Only what serves is loaded.
        if self._interface == "asyncio" or (self._interface == "service" and transports_only(config)):
            from fastnet.servers.guests import Guests
            from fastnet.servers.transports import Transports

            return Transports(loop, config, self._sockets, functools.partial(Guests, loop, app, config))
        answers = app if isinstance(app, ServiceApp) else with_files(app, files_of(config))
        pump = Pump(Workspace(settings_of(config), b"fastnet"), answers, self._access, self._tracer, http2.on)
        if transports_only(config):
            from fastnet.servers.asynchronous_channel import Hub
            from fastnet.servers.transports import Transports

            return Transports(loop, config, self._sockets, functools.partial(Hub, loop, pump))
        from fastnet.servers.hosted import host

        return host(loop, pump, config, self._sockets, self._siblings)

    def _beat(self) -> None:
        if self._config.request_timeout and not self._stopping.is_set():
            self._connections.beat()
            asyncio.get_running_loop().call_later(self._config.request_timeout / 3, self._beat)

    # --- the end ---

    async def _drain(self, stepper: Stepper | None, deadline: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._connections.drain(), max(0.0, deadline - time.monotonic()))
        for sock in self._sockets:
            sock.close()
        # What goes on behind an answer, such as background tasks.
        while stepper is not None and stepper.running and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        left = [task for task in asyncio.all_tasks() if isinstance(task, RequestTask)]
        if stepper is None or not stepper.running:
            left = []
        if self._connections.count or left:
            LOGGER.warning("dropping %d connections that are not done in time", self._connections.count)
            self._connections.abort()
            for task in left:
                task.cancel()
            await asyncio.sleep(0)


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
    threads = config.threads if config.model == "threaded" and interface != "wsgi" else 1
    tracer = None
    if config.trace:
        if transports_only(config):
            raise StartupError("--trace needs the native driver, which is not in use here")
        from fastnet.servers.traced_app import traced
        from fastnet.servers.tracing import Tracer

        tracer = Tracer(config.trace)
        app = traced(app, interface, tracer)
    siblings: list[Any] = []
    services = [
        Service(config, app, sockets, board, worker, thread, interface, siblings, tracer) for thread in range(threads)
    ]
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
    leave_signals()
    try:
        service.run()
    except BaseException as error:
        if not service.started.done():
            service.started.set_exception(error)
        elif not isinstance(error, StartupError):
            LOGGER.exception("a loop failed")
            os._exit(1)  # the supervisor starts another worker


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loops: of uvloop for "uvloop", and for "auto" where it is installed, else of asyncio.

    "select" and "poll" are asyncio's, over that system call.
    """
    if name in ("select", "poll"):
        selector = selectors.SelectSelector if name == "select" else selectors.PollSelector
        return lambda: asyncio.SelectorEventLoop(selector())
    if name == "uvloop" or (name == "auto" and importlib.util.find_spec("uvloop") is not None):
        import uvloop

        factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return factory
    return asyncio.new_event_loop
