"""fastnet's drivers inside of gunicorn, to try them in place: `gunicorn -k fastnet.gunicorn.Worker site:app`.

gunicorn stays the master: it binds, forks, reloads and replaces workers. A worker serves WSGI or ASGI, whichever the
application is; by one thread, or by as many as `--threads` says. `fastnet serve` has more: TLS, HTTP/2, an access log.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from gunicorn.workers.base import Worker as BaseWorker  # type: ignore[import-untyped]

from fastnet.errors import FastnetError, StartupError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.loading import detect
from fastnet.servers.worker import serve_app

_BEAT_S = 0.5
# What gunicorn exits with, and starts no more workers, when a worker cannot begin (gunicorn.arbiter.WORKER_BOOT_ERROR).
_BOOT_ERROR = 3


class Worker(BaseWorker):  # type: ignore[misc]
    """prefork; threaded with `--threads` above 1."""

    model = ""
    sockets: list[Any]  # of gunicorn's own, around a `sock`

    def run(self) -> None:
        """Serve until SIGTERM and the drain that follows."""
        signal.signal(signal.SIGQUIT, self._end_at_once)
        try:
            config = self._config()
            board = Board(1, config.slots)
            threading.Thread(target=self._beat, args=(board, config), daemon=True).start()
            sockets = [listener.sock for listener in self.sockets]
            status = serve_app(config, self.wsgi, detect(self.wsgi), sockets, board, 0, lambda: None)
        except FastnetError as error:
            self.log.error("%s", error)
            status = _BOOT_ERROR
        sys.exit(status)

    def _config(self) -> Config:
        cfg = self.cfg
        if cfg.is_ssl:
            raise StartupError("this worker speaks no TLS under gunicorn: use fastnet serve --tls-cert")
        options: dict[str, Any] = {
            "model": self.model or ("threaded" if cfg.threads > 1 else "prefork"),
            "threads": cfg.threads if cfg.threads > 1 else 0,
            "workers": cfg.workers,
            "bind": [f"fd://{listener.sock.fileno()}" for listener in self.sockets],
            "max_connections": cfg.worker_connections,
            "max_headers": cfg.limit_request_fields,
            "keepalive_timeout": float(cfg.keepalive),
            "drain_timeout": float(cfg.graceful_timeout),
            "request_timeout": float(cfg.timeout),
        }
        if cfg.limit_request_line:
            options["max_request_line"] = cfg.limit_request_line
        return Config(target=self.wsgi, **options)

    def _beat(self, board: Board, config: Config) -> None:
        """Signs of life for the master, as long as no request holds a thread for too long; an end when it is due."""
        while True:
            slots = [board.read(0, thread) for thread in range(config.slots)]
            now = time.monotonic()
            if not any(slot.since and now - slot.since > self.timeout for slot in slots) or not self.timeout:
                self.notify()
            if os.getppid() != self.ppid or board.requests() >= self.max_requests:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            time.sleep(_BEAT_S)

    def _end_at_once(self, signum: int, frame: FrameType | None) -> None:
        self.cfg.worker_int(self)
        os._exit(0)


class AsyncWorker(Worker):
    """async: one event loop; a WSGI application runs in a pool of `--threads` threads beside it."""

    model = "async"
