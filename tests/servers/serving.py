"""A real server in a process of its own, for tests: `fastnet serve`, its log, its workers, requests to it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import psutil

# On a busy machine a process may wait long for its turn; nothing is expected to take this long.
PATIENCE_S = 60.0


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for `condition`; fail, naming `what`, when it does not come true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def run_to_end(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`fastnet ARGUMENTS`, for a command that should end by itself."""
    command = [sys.executable, "-m", "fastnet", *arguments]
    environment = os.environ | (env or {})
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=PATIENCE_S, env=environment)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Server:
    """`fastnet serve TARGET OPTIONS` in directory `cwd`; entered, it is serving, and left, it is gone."""

    def __init__(
        self,
        target: str,
        *options: str,
        cwd: Path,
        bind: str | None = "127.0.0.1:0",
        pass_fds: Sequence[int] = (),
        command: Sequence[str] = (),
        preexec: Callable[[], None] | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        arguments = ["serve", target, *options, *(["--bind", bind] if bind else [])]
        self.process = subprocess.Popen(
            list(command) or [sys.executable, "-m", "fastnet", *arguments],
            cwd=cwd,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=pass_fds,
            preexec_fn=preexec,
            env=os.environ | (env or {}),
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(iter(self.process.stderr.readline, ""))

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def wait_for_log(self, pattern: str) -> re.Match[str]:
        until(lambda: re.search(pattern, self.log) or self.process.poll() is not None, f"{pattern!r} in the log")
        found = re.search(pattern, self.log)
        assert found, f"no {pattern!r} in the log:\n{self.log}"
        return found

    @property
    def urls(self) -> list[str]:
        return self.wait_for_log(r"serving (.*) \(")[1].split()

    @property
    def port(self) -> int:
        return int(self.urls[0].rpartition(":")[2])

    def workers(self) -> list[int]:
        """Their pids, of those alive."""
        return sorted(child.pid for child in psutil.Process(self.process.pid).children() if _lives(child))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def get(self, path: str = "/") -> bytes:
        """The body of the answer, which must be a 200."""
        with self.connect() as client:
            return get(client, path)

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit status."""
        self.process.send_signal(signum)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(timeout=PATIENCE_S)
        self._reader.join(timeout=PATIENCE_S)
        return status

    def __enter__(self) -> Server:
        try:
            self.urls  # noqa: B018
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
            for process in family:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    pass
        self.process.wait(timeout=PATIENCE_S)
        self._reader.join(timeout=PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def get(client: socket.socket, path: str = "/") -> bytes:
    """The body of the answer to a GET on this connection, which is closed after it; it must be a 200."""
    client.sendall(b"GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" % path.encode())
    answer = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    return body


def curl(*arguments: str) -> bytes:
    """What curl writes; CalledProcessError when it fails."""
    command = ["curl", "-sS", "-m", str(PATIENCE_S), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def listens(pid: int, port: int) -> bool:
    """Whether a process has a socket that listens at a TCP port."""
    connections = psutil.Process(pid).net_connections()
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)


def ask(client: socket.socket, path: str = "/") -> bytes:
    """The body of the answer, which must be a 200 with a Content-Length, to a GET on a connection that stays open."""
    client.sendall(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = client.recv(65536)
        assert data, f"closed after {answer!r}"
        answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert head.startswith(b"HTTP/1.1 200 ") and length, head
    while len(body) < int(length[1]):
        data = client.recv(65536)
        assert data, f"closed after {len(body)} of {int(length[1])} bytes"
        body += data
    return body
