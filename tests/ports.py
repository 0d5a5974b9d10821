"""Ports for tests: one to hand to a server of another process, and one where there is surely nobody.

A port that was bound to 0 and closed is one that the kernel may give to the next connection or socket of anybody, of
either transport, before the server binds it. So what is handed out here lies outside of the kernel's own range and is
free for TCP and for UDP. Where two tests take the same one all the same, `program` starts the later server elsewhere.
"""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.servers.serving import PATIENCE_S, until

LOWEST, HIGHEST = 10_000, 65_535
TRIES = 5
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def outside() -> list[int]:
    """The ports that the kernel gives to nobody who asks for any."""
    low, high = map(int, RANGE.read_text().split()) if RANGE.exists() else (32_768, 60_999)
    return [port for port in range(LOWEST, HIGHEST) if not low <= port <= high] or list(range(LOWEST, HIGHEST))


def free_port() -> int:
    """One on which nothing is bound, at any address, over TCP or UDP."""
    candidates = outside()
    for _ in range(1000):
        port = random.SystemRandom().choice(candidates)  # hypothesis seeds the other generator alike everywhere
        if all(_is_free(kind, port) for kind in KINDS):
            return port
    raise AssertionError("no port is free for TCP and UDP")


def _is_free(kind: int, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections and datagrams, and that nobody else can take meanwhile."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        while True:
            port = free_port()
            with contextlib.suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                break
        udp.bind(("127.0.0.1", port))
        udp.connect(("127.0.0.1", port))  # it hears only itself, so datagrams of others find nobody
        yield port


@contextlib.contextmanager
def program(
    command: Callable[[int], Sequence[str]], answers: Callable[[int], object], port: int = 0, **options: object
) -> Iterator[int]:
    """The port, this one or a free one, at which the server that `command` makes of it answers; `options` are Popen's.

    One that ends at once lost its port to another, and is started again elsewhere.
    """
    for left in reversed(range(1 if port else TRIES)):
        at = port or free_port()
        with subprocess.Popen(command(at), stdout=subprocess.DEVNULL, **options) as process:  # type: ignore[call-overload]
            try:
                if _comes(process, answers, at):
                    yield at
                    return
                assert left, f"{process.args} ended with {process.returncode}"
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_S)


def _comes(process: subprocess.Popen[bytes], answers: Callable[[int], object], port: int) -> bool:
    until(lambda: process.poll() is not None or answers(port), f"{process.args!r} at port {port}")
    return process.poll() is None
