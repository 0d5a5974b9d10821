"""A contender while it is measured: started on its cores, asked once, loaded, stopped, whatever happens meanwhile.

Interrupts (Ctrl-C, SIGTERM, SIGHUP) become KeyboardInterrupt, but not while a process is being started or stopped: so
none is ever left behind.
"""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from fastnet.bench.comparison import Contender
from fastnet.bench.contenders import PORT
from fastnet.bench.engine import Counts
from fastnet.bench.processes import LOOK_EVERY_S, START_TIMEOUT_S, ServerFailed, ServerProcess, free_port
from fastnet.bench.result import Result
from fastnet.bench.run import run
from fastnet.bench.spec import Spec

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """`with Interrupts() as interrupts:` - signals raise KeyboardInterrupt, within `interrupts.held()` after it."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                # One that is ignored, as under nohup, stays so.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            raise KeyboardInterrupt


class Serving:
    """Starts servers, one at a time, and sees to it that none is left."""

    def __init__(
        self,
        interrupts: Interrupts,
        server_cores: Sequence[int],
        generator_cores: Sequence[int],
        environment: Mapping[str, str],
    ) -> None:
        self._interrupts = interrupts
        self._server_cores = server_cores
        self._generator_cores = generator_cores
        self._environment = dict(environment)
        self._live: list[ServerProcess] = []

    @contextmanager
    def served(
        self, contender: Contender, path: str, target: str = "", environment: Mapping[str, str] | None = None
    ) -> Iterator[Served]:
        """The contender serving, on a free port, its target or another, which has answered `path` rightly.

        ServerFailed when it does not come to that.
        """
        port = free_port()
        command = command_line(contender, port, target)
        extra = {**self._environment, **(environment or {})}
        server = ServerProcess(contender.name, command, port, self._server_cores, environment=extra)
        self._live.append(server)
        try:
            with self._interrupts.held():
                server.start()
            status = _first_answer(server, path)
            startup_s = time.monotonic() - server.started_at
            if not 200 <= status < 400:
                raise ServerFailed(f"it answered {status} to GET {path}; say --path", server.log())
            yield Served(contender, server, startup_s, self._generator_cores)
        finally:
            with self._interrupts.held():
                server.stop()
                if server in self._live:
                    self._live.remove(server)

    def stop_all(self) -> None:
        with self._interrupts.held():
            for server in self._live:
                server.stop()
            self._live.clear()


class Served:
    """A server that answers. `startup_s` is from its start to the first right answer."""

    def __init__(
        self, contender: Contender, server: ServerProcess, startup_s: float, generator_cores: Sequence[int]
    ) -> None:
        self.contender = contender
        self.server = server
        self.startup_s = startup_s
        self._cores = tuple(generator_cores)

    def answers(self, path: str, within_s: float) -> bool:
        """Whether it answers, or does within so many seconds, if it lives."""
        try:
            _first_answer(self.server, path, within_s)
        except ServerFailed:
            return False
        return True

    def load(
        self, path: str, watch: Callable[[Counts, float], None] | None = None, **spec: Any
    ) -> tuple[Result, float, int, float]:
        """The result of bench.run, with what it cost the server: CPU seconds, context switches, seconds in all.

        KeyboardInterrupt when it was interrupted: half a run is no sample.
        """
        threads = max(min(len(self._cores), spec.get("connections", 64)), 1)
        plan = Spec(urls=(f"http://127.0.0.1:{self.server.port}{path}",), threads=threads, cores=self._cores, **spec)
        cpu, switches, start = self.server.cpu(), self.server.context_switches(), time.monotonic()
        result = run(plan, watch)
        wall_s, after = time.monotonic() - start, self.server.cpu()
        if result.ended_early == "interrupted":
            raise KeyboardInterrupt
        cpu_s = sum(s - cpu.get(pid, 0.0) for pid, s in after.items())
        return result, cpu_s, max(self.server.context_switches() - switches, 0), wall_s


def command_line(contender: Contender, port: int, target: str = "") -> list[str]:
    """The contender's command with a port, and another target where one is given."""
    command = list(contender.command)
    if target:
        command = [re.sub(rf"(^|wsgi:){re.escape(contender.target)}$", rf"\g<1>{target}", word) for word in command]
    return [re.sub(rf"(^|:){PORT}$", rf"\g<1>{port}", word) for word in command]


def _first_answer(server: ServerProcess, path: str, within_s: float = START_TIMEOUT_S) -> int:
    """Status of the first answer; ServerFailed when none comes."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode()
    deadline = time.monotonic() + within_s
    said = "nothing"
    while time.monotonic() < deadline:
        server.check_alive()
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=within_s) as sock:
                sock.sendall(request)
                line = sock.makefile("rb").readline(4096)
        except OSError:
            time.sleep(LOOK_EVERY_S)
            continue
        if match := re.match(rb"HTTP/1\.[01] (\d{3})\b", line):
            return int(match[1])
        said = repr(line[:60])
        time.sleep(LOOK_EVERY_S)
    raise ServerFailed(f"it gave no answer within {within_s:g} s ({said})", server.log())
