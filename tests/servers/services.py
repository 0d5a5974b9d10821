"""Talking to services in tests: whole answers from a socket."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.servers.serving import Server

HERE = Path(__file__).parent
MODELS = ("prefork", "threaded", "async")


def serve_service(name: str, model: str, *options: str, bind: str | None = "tcp://127.0.0.1:0") -> Server:
    return Server(f"service_site:{name}", "--model", model, "--workers", "1", *options, cwd=HERE, bind=bind)


def read_exactly(client: socket.socket, n: int) -> bytes:
    data = bytearray()
    while len(data) < n:
        piece = client.recv(min(n - len(data), 1 << 20))
        assert piece, f"closed after {len(data)} of {n} bytes: {bytes(data[-100:])!r}"
        data += piece
    return bytes(data)


def read_line(client: socket.socket) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = client.recv(1)
        assert piece, f"closed after {bytes(line)!r}"
        line += piece
    return bytes(line[:-1])


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


def order(client: socket.socket, line: bytes) -> bytes:
    """The first line that comes of a line."""
    client.sendall(line + b"\n")
    return read_line(client)
