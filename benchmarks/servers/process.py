"""A server as a tree of processes: started on one core, measured from outside, stopped whole."""

import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.servers.contenders import ROOT, Contender

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0


class ServerFailed(Exception):
    """The server did not start, did not answer rightly, or lost a process; the text says which and shows its log."""


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


class Server:
    """`with Server(contender, workload, core) as server:` - it listens on server.port; its log is server.log()."""

    def __init__(self, contender: Contender, workload: str, core: int | None) -> None:
        self.contender = contender
        self.workload = workload
        self.core = core
        self.port = free_port()
        self.answer_bytes = 0  # on the wire, once an answer was checked
        self._files = tempfile.TemporaryDirectory(prefix="fastnet-bench-")
        self._log = Path(self._files.name) / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        pin = ["taskset", "-c", str(self.core)] if self.core is not None else []
        command = [*pin, *self.contender.command(self.workload, self.port, Path(self._files.name))]
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._files.name, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
        try:
            self._wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_listening(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServerFailed(f"{self.contender.name} ended with {self._process.returncode}:\n{self.log()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise ServerFailed(f"{self.contender.name} did not listen within {START_TIMEOUT_S} s:\n{self.log()}")

    def stop(self) -> None:
        if self._process is None:
            return
        pids = self.pids()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        self._process = None
        self._files.cleanup()

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def pids(self) -> list[int]:
        """The process that was started and all its descendants that live now."""
        assert self._process is not None
        found, at = [self._process.pid], 0
        while at < len(found):
            for children in Path(f"/proc/{found[at]}/task").glob("*/children"):
                try:
                    found.extend(int(pid) for pid in children.read_text().split())
                except OSError:
                    continue  # the thread ended meanwhile
            at += 1
        return found

    def cpu(self) -> dict[int, float]:
        """CPU seconds so far of each process."""
        return {pid: cpu_seconds(pid) for pid in self.pids()}

    def worker(self) -> int:
        """The process that does the work: the one that used the most CPU, of those without children."""
        times = self.cpu()
        parents = {
            pid for pid in times if any(p.read_text().strip() for p in Path(f"/proc/{pid}/task").glob("*/children"))
        }
        return max((pid for pid in times if pid not in parents), key=lambda pid: times[pid])

    def memory_kib(self, pid: int) -> tuple[int, int]:
        """Resident set and proportional share of a process, in KiB."""
        fields = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            if ":" in line[:20]
        )
        return int(fields["Rss"].split()[0]), int(fields["Pss"].split()[0])
