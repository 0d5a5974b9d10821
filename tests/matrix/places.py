"""One server at every kind of address, and connections to each."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.serving import PATIENCE_S, Server


@contextlib.contextmanager
def everywhere(
    target: str, model: str, certificates: Certificates, *, cwd: Path, path: Path
) -> Iterator[tuple[Server, dict[str, object]]]:
    """The server, and its addresses: "tcp", "unix" (at `path`) and "tls"."""
    binds = ("--bind", "tcp://127.0.0.1:0", "--bind", f"unix:{path}", "--bind", "tls://127.0.0.1:0")
    options = ("--model", model, "--workers", "1", *binds, *certificates.options)
    with Server(target, *options, cwd=cwd, bind=None) as server:
        ports = [int(url.rpartition(":")[2]) for url in server.urls if "unix:" not in url]
        yield server, {"tcp": ("127.0.0.1", ports[0]), "unix": str(path), "tls": ("127.0.0.1", ports[1])}


def connect(address: object, context: ssl.SSLContext | None) -> socket.socket:
    """To one of these, or to a proxy in front of it."""
    client = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
    client.settimeout(PATIENCE_S)
    client.connect(address)  # type: ignore[arg-type]
    if isinstance(address, tuple):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client if context is None else context.wrap_socket(client, server_hostname="localhost")
