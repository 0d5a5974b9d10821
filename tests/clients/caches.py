"""Real caches for tests: Debian's memcached and ours, each a process of its own on a free port."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.ports import program
from tests.servers.serving import Server

KINDS = ("memcached", "fastnet")


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
    path = shutil.which("memcached")
    assert path, "memcached is not installed (Debian: memcached)"
    fixed = [path, "-u", "nobody", "-l", "127.0.0.1", "-U", "0", "-t", "1", *options]
    with program(lambda at: [*fixed, "-p", str(at)], answers, port, stderr=subprocess.DEVNULL) as at:
        yield at


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
