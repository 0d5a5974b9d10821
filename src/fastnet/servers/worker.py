"""What runs in a worker process: load the application, pick the driver, serve until told to stop.

A driver is a module with

    run(config, app, interface, sockets, board, worker, ready) -> exit status

It calls `ready()` once it accepts connections, begins to drain at SIGTERM (whose handler it installs itself, in the
main thread) and returns when the last request is answered; the supervisor sees to the deadline. StartupError, raised
before `ready()`, says why serving cannot begin. There are two: `native` for WSGI and services of plain functions, with
one thread or many on a readiness loop, and `asynchronous`, on asyncio, for what is `async def` everywhere, and for all
under the async model and where there is no epoll for the native one: WSGI then has a pool of the model's threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import importlib.util
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from fastnet.errors import FastnetError, StartupError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import Address, open_socket
from fastnet.servers.loading import load
from fastnet.servers.log import LOGGER
from fastnet.servers.privileges import become

Driver = Callable[[Config, Any, str, list[socket.socket], Board, int, Callable[[], None]], int]

# On this signal a worker writes the stacks of all its threads into its report pipe.
DUMP_SIGNAL = signal.SIGUSR1
# Files of the application beside the connections.
_SPARE_FILES = 256
_PR_SET_PDEATHSIG = 1
# Set in the environment, it has the portable driver serve where the native one could, too; for tests.
_TRANSPORTS = "FASTNET_TRANSPORTS"


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Report:
    """The worker's end of a pipe to the supervisor. A line of JSON is a message, any other text a dump of stacks."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def ready(self) -> None:
        """Connections are being accepted."""
        self._write({"ready": True})

    def error(self, error: StartupError) -> None:
        """Serving cannot begin."""
        # A pipe takes 64 KiB without a reader at hand, and JSON may make six bytes of a character.
        self._write({"error": str(error)[:1024], "details": error.details[-8192:]})

    def _write(self, message: dict[str, Any]) -> None:
        os.write(self.fd, json.dumps(message).encode() + b"\n")


def run_worker(
    config: Config, listeners: list[socket.socket | Address], board: Board, worker: int, report: Report
) -> int:
    """Serve, as worker number `worker`, and return the exit status. Addresses (SO_REUSEPORT) are bound here."""
    faulthandler.enable(report.fd)
    faulthandler.register(DUMP_SIGNAL, report.fd, all_threads=True)
    _raise_file_limit(config.max_connections + _SPARE_FILES)
    try:
        sockets = [
            open_socket(listener, config.backlog, reuse_port=True) if isinstance(listener, Address) else listener
            for listener in listeners
        ]
        if become(config.user, config.group):
            die_with_parent()  # the kernel forgets it when the user changes
        return serve_app(config, *load(config), sockets, board, worker, report.ready)
    except StartupError as error:
        report.error(error)
        return 1
    except FastnetError as error:
        report.error(StartupError(str(error)))
        return 1
    except Exception:
        LOGGER.exception("the worker failed")
        return 1


def serve_app(
    config: Config,
    app: Any,
    interface: str,
    sockets: list[socket.socket],
    board: Board,
    worker: int,
    ready: Callable[[], None],
) -> int:
    """Serve what was loaded, in this process, by the driver that suits it, and return the exit status.

    Raises StartupError, before `ready` is called.
    """
    _check_transports(config, app, interface)
    if config.has_certificate:
        importlib.import_module("fastnet.servers.tls").offer_protocols(config, interface)
    if config.trusted_proxies:
        from fastnet.apps.proxied import TrustedProxies, proxied

        app = proxied(app, interface, TrustedProxies(config.trusted_proxies))
    if config.codings:
        from fastnet.apps.compression import Compressor, compressed

        app = compressed(app, interface, Compressor(config.codings))
    # What there is now stays: the collector need not go through all of the application again and again.
    gc.collect()
    gc.freeze()
    return _driver(config, interface, app)(config, app, interface, sockets, board, worker, ready)


def _check_transports(config: Config, app: Any, interface: str) -> None:
    """That the application has something to say at each address. Raises StartupError."""
    if interface not in ("wsgi", "asgi") and (config.static or config.compress or config.trusted_proxies):
        wrong = "--static, --compress and --trusted-proxies are for WSGI and ASGI applications, not for services"
        raise StartupError(wrong)
    for address in config.addresses():
        if address.kind in ("udp", "unixgram"):
            url = str(address) if address.path else f"udp://{address}"
            if interface != "service" or app.datagram is None:
                raise StartupError(f"cannot serve at {url}: the application knows no datagrams")
            if config.workers > 1 and not config.reuse_port and getattr(app.datagram(), "one_process", False):
                way = "--workers 1" if address.path else "--reuse-port or --workers 1"
                why = f"what a client sends must come to one process; say {way}"
                raise StartupError(f"cannot serve at {url} with {config.workers} workers: {why}")
            if transports_only(config):
                raise StartupError(f"cannot serve at {url}: datagrams need the native driver, which needs Linux")
        elif interface == "service" and app.protocol is None:
            why = "the application knows datagrams only; bind udp:// or unixgram:"
            raise StartupError(f"cannot serve at {address}: {why}")


def preload(config: Config) -> None:
    """For the supervisor: import what every worker would, as far as the options tell, so that they share its memory.

    And make TLS contexts, so that they share their secrets. Raises StartupError.
    """
    if config.has_certificate:
        importlib.import_module("fastnet.servers.tls").server_context(config)
    if config.model == "async" or config.interface == "asgi":
        asynchronous = importlib.import_module("fastnet.servers.asynchronous")
        asynchronous.loop_factory(config.loop)
        if not transports_only(config):
            importlib.import_module("fastnet.servers.hosted")
    elif config.interface == "wsgi" and not transports_only(config):
        importlib.import_module("fastnet.servers.native")


def _driver(config: Config, interface: str, app: Any) -> Driver:
    # Imported when picked: asyncio alone is a third of a worker's memory.
    blocking = interface == "wsgi" or (interface == "service" and not app.is_async)
    native = blocking and config.model != "async" and not transports_only(config)
    if config.per_connection:
        if not native:
            why = "is for WSGI and services of plain functions, and needs the native driver"
            raise StartupError(f"--per-connection {why}")
        own: Driver = importlib.import_module("fastnet.servers.per_connection").run
        return own
    driver: Driver = importlib.import_module(f"fastnet.servers.{'native' if native else 'asynchronous'}").run
    return driver


def transports_only(config: Config) -> bool:
    """Whether loops serve connections by asyncio's transports: the native driver was not built, or is not wanted."""
    if config.loop in ("select", "poll"):
        return True
    return bool(os.environ.get(_TRANSPORTS)) or importlib.util.find_spec("fastnet.servers.hosted") is None


def _raise_file_limit(wanted: int) -> None:
    # The soft limit, often 1024, is for programs that call select(); the hard one is what the machine's owner allows.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    while soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return
        wanted //= 2  # macOS has a bound of its own, whatever the hard limit says
