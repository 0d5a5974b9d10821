"""The monitor: a process beside the workers that shows what they have written on the board, at an address of its own.

It is one more worker of this server's own, with a small application (`metrics`): what keeps slow and rude clients from
hurting an application keeps them from hurting this. It outlives the workers in a drain, so that /-/ready can tell of
it, and is started again when it dies.
"""

from __future__ import annotations

import math
import signal
import socket
import time

from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import Address, Listeners, parse_bind
from fastnet.servers.log import LOGGER
from fastnet.servers.metrics import metrics_app
from fastnet.servers.process import WorkerProcess
from fastnet.servers.worker import Report, run_worker

_RESTART_S = 1.0


class Monitor:
    """The process that serves `config.metrics`. Raises StartupError when it cannot listen there."""

    def __init__(self, config: Config, board: Board, addresses: list[Address]) -> None:
        self._process = WorkerProcess(0)
        self._start_at = 0.0
        self._listeners = Listeners([parse_bind(config.metrics)], 64, False)
        ports = [address.port for address in addresses if address.kind == "tcp"]
        self._config = Config(
            target=metrics_app(board, config, ports),
            interface="wsgi",
            workers=1,
            bind=(config.metrics,),
            log_level=config.log_level,
            user=config.user,
            group=config.group,
            max_connections=256,
            max_body=1024,
            keepalive_timeout=120.0,
        )
        self._shown = board
        # Its requests are not the server's.
        self._board = Board(1, self._config.slots)

    def url(self) -> str:
        """Where it can be asked."""
        return self._listeners.urls()[0]

    @property
    def report_fd(self) -> int:
        """What it has to say is read there; -1: nothing."""
        return self._process.report_fd

    def read_report(self) -> None:
        """`report_fd` is readable."""
        self._process.read_report()

    def due(self) -> float:
        """When start_due() is to be called, in monotonic seconds."""
        return math.inf if self._process.pid else self._start_at

    def start_due(self, close: list[int], listeners: list[socket.socket]) -> None:
        """Start the process if there is none; it closes these descriptors and sockets, which are its parent's."""
        if self._process.pid or time.monotonic() < self._start_at:
            return
        sockets: list[socket.socket | Address] = list(self._listeners.sockets)

        def body(report: Report) -> int:
            for listener in listeners:
                listener.close()  # a connection must not wait here for somebody to accept it
            return run_worker(self._config, sockets, self._board, 0, report)

        try:
            self._process.start(body, close)
        except OSError as error:
            LOGGER.error("cannot start the monitor: %s", error.strerror)
            self._start_at = time.monotonic() + _RESTART_S

    def bury(self) -> None:
        """See whether it has died."""
        pid, how = self._process.pid, self._process.exited()
        if how is not None:
            self._start_at = time.monotonic() + _RESTART_S
            if self._shown.draining():
                return
            LOGGER.error("the monitor (pid %d) died: %s; starting another", pid, self._process.error or how)

    def end(self) -> None:
        """End the process and close its sockets."""
        self._process.kill(signal.SIGKILL)
        self._process.wait()
        self._listeners.close()
