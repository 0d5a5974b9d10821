"""A server as a tree of processes: started on chosen cores, looked at from outside (/proc), stopped whole.

A server is the leader of a process group that is not the terminal's: a Ctrl-C reaches whoever measures, who then stops
it. stop() ends the tree by SIGTERM, then what is left of the group by SIGKILL, also what lost its parent meanwhile.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from fastnet.errors import FastnetError

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
LOOK_EVERY_S = 0.005
LOG_SHOWN = 4000


class ServerFailed(FastnetError):
    """A server did not start, did not answer rightly, or lost a process; `log` is the end of what it wrote."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message, log)
        self.log = log

    def __str__(self) -> str:
        return str(self.args[0])


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def raise_file_limit() -> None:
    """Let this process, and those it starts, open as many files as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, dead ones too, in seconds, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's encoding of another process's scheduler clock


def fields(path: Path) -> dict[str, str]:
    """Of a /proc file of `name: value` lines."""
    return {
        name: value.strip() for name, colon, value in (s.partition(":") for s in path.read_text().splitlines()) if colon
    }


class ServerProcess:
    """`with ServerProcess(name, command, port) as server:` - it listens on the port; its log is server.log().

    `cores`: to run on; () leaves that to the kernel. `environment` is added to this process's.
    ServerFailed on entering when it ends, or does not listen in time.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        cores: Iterable[int] = (),
        folder: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.port = port
        self.cores = frozenset(cores)
        self.started_at = 0.0  # monotonic
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._log = tempfile.TemporaryFile(mode="w+b")  # noqa: SIM115 - read after stop(), too
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """ServerFailed when there is no such program."""
        own_cores = os.sched_getaffinity(0)
        if self.cores:
            os.sched_setaffinity(0, self.cores)  # inherited
        self.started_at = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self.command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
                env=self._environment,
            )
        except OSError as error:
            raise ServerFailed(f"cannot run {self.command[0]}: {error.strerror}") from None
        finally:
            os.sched_setaffinity(0, own_cores)

    def check_alive(self) -> None:
        """ServerFailed when the process that was started has ended."""
        if self._process is None or self._process.poll() is not None:
            status = self._process.returncode if self._process else None
            raise ServerFailed(f"{self.name} ended with {status}", self.log())

    def wait_until_listening(self) -> None:
        """ServerFailed when it ends first, or not in time."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                self.reach()
                return
            except OSError:
                time.sleep(LOOK_EVERY_S)
        raise ServerFailed(f"{self.name} did not listen within {START_TIMEOUT_S:g} s", self.log())

    def reach(self) -> None:
        """OSError unless it listens."""
        socket.create_connection(("127.0.0.1", self.port), timeout=1).close()

    def stop(self) -> None:
        """End it and all it started; may be called again."""
        process = self._process
        if process is None:
            return
        pids = self.pids()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        for kill, ids in ((os.killpg, [process.pid]), (os.kill, pids)):
            for pid in ids:
                try:
                    kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
        process.wait()
        self._process = None

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")[-LOG_SHOWN:]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pids(self) -> list[int]:
        """The process that was started and all its descendants that live now."""
        found, at = [self.pid], 0
        while at < len(found):
            found.extend(_children(found[at]))
            at += 1
        return found

    def workers(self) -> list[int]:
        """Those that serve: the processes without children, but for those that use no CPU worth speaking of."""
        times = self.cpu()
        leaves = [pid for pid in times if not _children(pid)]
        most = max((times[pid] for pid in leaves), default=0.0)
        return [pid for pid in leaves if times[pid] >= most / 20]

    def worker(self) -> int:
        """The one that used the most CPU of those."""
        times = self.cpu()
        return max(self.workers(), key=lambda pid: times.get(pid, 0.0))

    def cpu(self) -> dict[int, float]:
        """CPU seconds so far of each process."""
        times = {}
        for pid in self.pids():
            try:
                times[pid] = cpu_seconds(pid)
            except OSError:
                continue  # it ended meanwhile
        return times

    def memory_kib(self, pid: int) -> tuple[int, int]:
        """Resident set and proportional share of a process, in KiB; nothing of one that has ended."""
        try:
            found = fields(Path(f"/proc/{pid}/smaps_rollup"))
        except OSError:
            return 0, 0
        return int(found["Rss"].split()[0]), int(found["Pss"].split()[0])

    def pss_kib(self) -> int:
        """Proportional share of all processes together."""
        return sum(self.memory_kib(pid)[1] for pid in self.pids())

    def context_switches(self) -> int:
        """Of all threads that live, voluntary and not."""
        total = 0
        for pid in self.pids():
            for thread in _threads(pid):
                try:
                    found = fields(thread / "status")
                    total += int(found["voluntary_ctxt_switches"]) + int(found["nonvoluntary_ctxt_switches"])
                except (OSError, KeyError):
                    continue  # it ended meanwhile
        return total

    def catches(self, number: signal.Signals) -> bool:
        """Whether the process that was started has a handler for a signal."""
        return bool(int(fields(Path(f"/proc/{self.pid}/status"))["SigCgt"], 16) >> (number - 1) & 1)


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []  # it ended meanwhile


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _threads(pid):
        try:
            found.extend(int(child) for child in (thread / "children").read_text().split())
        except OSError:
            continue  # the thread ended meanwhile
    return found
