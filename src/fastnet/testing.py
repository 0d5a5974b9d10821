"""For tests of what is built on fastnet: services on free ports, a network that misbehaves as a seed says, no network.

running(service)             a service in processes of its own, for as long as a `with` lasts; the pytest fixture
                             `start_service`, to be imported in conftest.py, does the same until the test ends
ChaosProxy(address, seed)    a TCP relay in front of it: one byte at a time, late, cut off
exchange(sender, receiver)   two protocols without a socket, what is sent cut anywhere
ChaosDatagrams(seed)         datagrams lost, doubled and out of order
ChaosUDP(address, seed)      a UDP relay that does the same to them, and delays them
"""

from __future__ import annotations

import contextlib
import heapq
import importlib.util
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from fastnet.apps.service import Service, as_service
from fastnet.errors import ConfigError, StartupError
from fastnet.protocols.base import NEED_DATA, PAUSED, Protocol

# For a server to be ready or to end, however busy the machine is.
_PATIENCE_S = 60.0


class Running:
    """A server that runs: `urls` that it listens at, `log`, and what it takes to reach it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            self._lines.extend(iter(stream.readline, ""))

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return "".join(self._lines)

    @property
    def urls(self) -> list[str]:
        """tcp://127.0.0.1:40123, tls://..., unix:/path, in the order of the binds. Raises StartupError."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            found = re.search(r"serving (.*) \(", self.log)
            if found:
                return found[1].split()
            if self._process.poll() is not None:
                self._reader.join()
                break
            time.sleep(0.01)
        raise StartupError("the service did not start", self.log)

    @property
    def address(self) -> Any:
        """Of the first bind, as sockets have it: (host, port), or a path."""
        url = self.urls[0]
        if url.startswith(("unix:", "unixgram:")):
            return url.partition(":")[2]
        host, _, port = url.partition("://")[2].rpartition(":")
        return host.strip("[]"), int(port)

    def connect(self) -> socket.socket:
        """A plain socket that is connected to the first bind."""
        address, scheme = self.address, self.urls[0].partition(":")[0]
        if isinstance(address, tuple) and scheme != "udp":
            return socket.create_connection(address, timeout=_PATIENCE_S)
        family = (
            socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        )
        client = socket.socket(family, socket.SOCK_DGRAM if scheme in ("udp", "unixgram") else socket.SOCK_STREAM)
        if scheme == "unixgram":
            client.bind("")  # a name of its own, to be answered at
        client.settimeout(_PATIENCE_S)
        client.connect(address)
        return client

    def stop(self) -> int:
        """Let it finish what began; returns its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join(_PATIENCE_S)
        return status


@contextlib.contextmanager
def running(target: Any, *, bind: str = "tcp://127.0.0.1:0", workers: int = 1, **options: Any) -> Iterator[Running]:
    """Serve `target` in processes of its own, as `fastnet serve` would, until the `with` ends.

    Args:
        target: "module:name", a Service of a function or class in a module, or an app.
        bind: where; port 0 is any free one.
        options: as of fastnet.serve().

    Raises:
        StartupError: it does not start; `details` has what it logged.
    """
    command = [sys.executable, "-m", "fastnet", "serve", target_name(target), "--bind", bind, "--workers", str(workers)]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        command += [flag] if value is True else [] if value is False else [flag, str(value)]
    # Whatever can be imported here can be imported there.
    server = Running(command, os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    try:
        server.urls  # noqa: B018
        yield server
    finally:
        server.stop()


def target_name(target: Any) -> str:
    """ "module:name" of what can be served. Raises ConfigError for what another process cannot find."""
    if isinstance(target, str):
        return target
    service = as_service(target)
    named = target if service is None or not isinstance(target, Service) else service.handler
    module, name = getattr(named, "__module__", None), getattr(named, "__qualname__", "")
    if not module or not name or "<" in name or module == "__main__":
        raise ConfigError("target", target, "something at the top of a module, or 'module:name'")
    return f"{module}:{name}"


def exchange(sender: Protocol, receiver: Protocol, *, seed: int | None = None, size: int | None = None) -> list[Any]:
    """Give `receiver` all that `sender` has queued; returns the events that it has then, up to its next wait.

    It comes whole; with `size`, in pieces of so many bytes; with `seed`, cut at random.
    """
    data = b"".join(bytes(piece) for piece in sender.data_to_send())
    at, dice, events = 0, random.Random(seed), []
    while at < len(data):
        n = dice.randint(1, 1 + dice.randint(0, len(data) - at)) if seed is not None else size or len(data)
        receiver.receive_data(data[at : at + n])
        at += n
        while (event := receiver.next_event()) is not NEED_DATA and event is not PAUSED:
            events.append(event)
    return events


class ChaosProxy:
    """A TCP relay that misbehaves, the same way for the same seed; a context manager with the `address` to connect to.

    Args:
        target: (host, port) or path of the server behind it.
        seed: of all that is random.
        most_bytes: pieces that are passed on have 1 to so many bytes; 1: byte by byte.
        delay_s: before a piece, at most so long, one time in eight.
        reset_after: bytes, of both directions, after which a connection is reset; None: never.
    """

    def __init__(
        self, target: Any, seed: int, *, most_bytes: int = 7, delay_s: float = 0.002, reset_after: int | None = None
    ) -> None:
        self._target, self._seed = target, seed
        self._most_bytes, self._delay_s, self._reset_after = most_bytes, delay_s, reset_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> ChaosProxy:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            family = socket.AF_INET if isinstance(self._target, tuple) else socket.AF_UNIX
            server = socket.socket(family)
            self._sockets += [client, server]
            try:
                server.connect(self._target)
            except OSError:
                _reset(client)
                continue
            for sock in (client, server):
                if sock.family == socket.AF_INET:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            for way, (source, sink) in enumerate(((client, server), (server, client))):
                dice = random.Random(f"{self._seed} {number} {way}")
                thread = threading.Thread(target=self._relay, args=(link, source, sink, dice), daemon=True)
                thread.start()
                self._threads.append(thread)
            number += 1

    def _relay(self, link: _Link, source: socket.socket, sink: socket.socket, dice: random.Random) -> None:
        try:
            while data := source.recv(dice.randint(1, self._most_bytes)):
                if dice.random() < 0.125:
                    time.sleep(dice.random() * self._delay_s)
                sink.sendall(data)
                link.passed += len(data)
                if self._reset_after is not None and link.passed >= self._reset_after:
                    link.broken = True
                    break
        except OSError:
            link.broken = True
        link.end(sink)


class _Link:
    """The two sockets of a relayed connection. They are closed when neither direction uses them any more."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.passed = 0
        self.broken = False
        self._sockets = (client, server)
        self._ways = 2
        self._lock = threading.Lock()

    def end(self, sink: socket.socket) -> None:
        with self._lock:
            self._ways -= 1
            if self._ways == 0:
                for sock in self._sockets:
                    _reset(sock) if self.broken else sock.close()
                return
        with contextlib.suppress(OSError):
            if self.broken:
                for sock in self._sockets:
                    sock.shutdown(socket.SHUT_RD)  # wakes the other direction
            else:
                sink.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    """Close, so that the peer sees a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class ChaosDatagrams:
    """A network for datagrams that loses, doubles and reorders them, the same way for the same seed.

    Args:
        seed: of all that is random.
        loss, double, reorder: how likely each is, for a datagram.
    """

    def __init__(self, seed: int, *, loss: float = 0.1, double: float = 0.1, reorder: float = 0.2) -> None:
        self._dice = random.Random(seed)
        self._loss, self._double, self._reorder = loss, double, reorder
        self._late: list[Any] = []

    def carry(self, datagrams: list[Any]) -> list[Any]:
        """What arrives now of these datagrams and of earlier ones."""
        arrived: list[Any] = []
        for datagram in datagrams:
            if self._dice.random() < self._loss:
                continue
            for _ in range(2 if self._dice.random() < self._double else 1):
                (self._late if self._dice.random() < self._reorder else arrived).append(datagram)
        if self._late and (not datagrams or self._dice.random() < 0.5):
            self._dice.shuffle(self._late)
            arrived += self._late
            self._late = []
        return arrived


class ChaosUDP:
    """A UDP relay in front of a server that loses, doubles, reorders and delays datagrams, both ways, as a seed says.

    A context manager with the `address` to send to. What becomes of a datagram depends on its place among those that
    go its way, so the same conversation has the same fate.

    Args:
        target: (host, port) of the server behind it, of IPv4.
        seed: of all that is random.
        delay_s: how late a datagram is, at most, one time in four.
        chances: loss, double and reorder, as of ChaosDatagrams.
    """

    def __init__(self, target: Any, seed: int, *, delay_s: float = 0.02, **chances: float) -> None:
        self._target, self._delay_s, self._dice = target, delay_s, random.Random(seed)
        self._there, self._back = ChaosDatagrams(seed, **chances), ChaosDatagrams(seed + 1, **chances)
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._front.setblocking(False)
        self.address = self._front.getsockname()
        self._behind: dict[Any, socket.socket] = {}  # a socket to the server for each client
        self._late: list[tuple[float, int, socket.socket, bytes, Any]] = []
        self._count = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ChaosUDP:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for sock in (self._front, *self._behind.values()):
            sock.close()

    def _run(self) -> None:
        while not self._over.is_set():
            # Now and then what was held back goes, whether or not anything comes.
            ready, _, _ = select.select([self._front, *self._behind.values()], [], [], 0.005)
            clients = {sock: client for client, sock in self._behind.items()}
            there = [one for sock in ready if sock is self._front for one in self._received(sock)]
            back = [(data, clients[sock]) for sock in ready if sock in clients for data, _ in self._received(sock)]
            for data, client in self._there.carry(there):
                self._pass_on(self._socket_of(client), data, self._target)
            for data, client in self._back.carry(back):
                self._pass_on(self._front, data, client)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, sock, data, where = heapq.heappop(self._late)
                with contextlib.suppress(OSError):  # it may be lost, here as anywhere
                    sock.sendto(data, where)

    def _received(self, sock: socket.socket) -> list[tuple[bytes, Any]]:
        found = []
        with contextlib.suppress(OSError):
            while True:
                found.append(sock.recvfrom(65536))
        return found

    def _socket_of(self, client: Any) -> socket.socket:
        if client not in self._behind:
            sock = self._behind[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
        return self._behind[client]

    def _pass_on(self, sock: socket.socket, data: bytes, where: Any) -> None:
        delay_s = self._dice.random() * self._delay_s if self._dice.random() < 0.25 else 0.0
        self._count += 1
        heapq.heappush(self._late, (time.monotonic() + delay_s, self._count, sock, data, where))


if importlib.util.find_spec("pytest") is not None:
    import pytest

    @pytest.fixture
    def start_service() -> Iterator[Callable[..., Running]]:
        """Start a service on a free port, with the arguments of running(); it is stopped when the test ends."""
        with contextlib.ExitStack() as stack:
            yield lambda target, **options: stack.enter_context(running(target, **options))
