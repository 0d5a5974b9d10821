"""Real caches for tests: Debian's memcached and ours, each a process of its own on a free port."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers.serving import Server, until

KINDS = ("memcached", "fastnet")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"version\r\n")
            return client.recv(100).startswith(b"VERSION")
    except OSError:
        return False


@contextlib.contextmanager
def memcached(*options: str, port: int = 0) -> Iterator[int]:
    """The port of Debian's memcached, which may run as root only if told whose rights to take."""
    program, port = shutil.which("memcached"), port or free_port()
    assert program, "memcached is not installed (Debian: memcached)"
    process = subprocess.Popen(
        [program, "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "1", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port), "memcached")
        yield port
    finally:
        process.kill()
        process.wait()


def cache_server(*options: str, model: str = "threaded", bind: str = "127.0.0.1:0") -> Server:
    """`fastnet cache`."""
    return Server("", cwd=Path(__file__).parent, command=cache_command(model, *options, bind=bind))


@contextlib.contextmanager
def fastnet(*options: str, model: str = "threaded") -> Iterator[int]:
    """Its port."""
    with cache_server(*options, model=model) as server:
        yield server.port


def cache_command(model: str, *options: str, bind: str = "127.0.0.1:0") -> list[str]:
    return [sys.executable, "-m", "fastnet", "cache", "--bind", bind, "--model", model, *options]


@contextlib.contextmanager
def cache(kind: str) -> Iterator[int]:
    with memcached() if kind == "memcached" else fastnet() as port:
        yield port
