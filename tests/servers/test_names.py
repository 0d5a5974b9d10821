"""What an application is told of whom the client asked for, and reached: by target, Host, and the local address."""

from __future__ import annotations

import ast
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.cells import CELLS, serve
from tests.servers.serving import PATIENCE_S, Server

Cell = tuple[Server, Path, bool]  # the server, its Unix socket, whether it runs a WSGI app
BINDS = ("0.0.0.0:0", "[::]:0", "127.0.0.1:0", "[::1]:0")


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def cell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    path = tmp_path_factory.mktemp("names") / "socket"
    options = [part for bind in BINDS for part in ("--bind", bind)]
    with serve(request.param, *options, "--bind", f"unix:{path}") as running:
        yield running, path, request.param[1] == "wsgi"


def names(address: Any, head: str = "GET /names HTTP/1.1\r\nHost: h.example\r\n") -> tuple[str | None, ...]:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(PATIENCE_S)
        client.connect(address)
        client.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    seen: tuple[str | None, ...] = ast.literal_eval(answer.partition(b"\r\n\r\n")[2].decode())
    return seen


@pytest.mark.parametrize(
    ("head", "host"),
    [
        ("GET http://a.example/names HTTP/1.1\r\nHost: b.example\r\n", "a.example"),
        ("GET http://a.example:81/names?q=/ HTTP/1.1\r\nX: y\r\nhost: b.example\r\nY: z\r\n", "a.example:81"),
        ("GET http://[::1]:81/names HTTP/1.1\r\nHost:\r\n", "[::1]:81"),
        ("GET http://a.example/names HTTP/1.0\r\n", "a.example"),
        ("GET /names HTTP/1.1\r\nHost: b.example:82\r\n", "b.example:82"),
        ("GET /names HTTP/1.0\r\n", None),
    ],
)
def test_an_absolute_target_overrules_host(cell: Cell, head: str, host: str | None) -> None:
    """RFC 9112, section 3.2.2."""
    assert names(("127.0.0.1", cell[0].port), head)[0] == host


def test_the_address_that_the_client_reached(cell: Cell) -> None:
    server, _, is_wsgi = cell
    ports = [int(url.rpartition(":")[2]) for url in server.urls if url.startswith("http")][: len(BINDS)]
    hosts = ("127.0.0.1", "::1", "127.0.0.1", "::1")
    for host, port in (("127.0.0.2", ports[0]), *zip(hosts, ports, strict=True)):
        expected = (f"[{host}]" if ":" in host else host, str(port)) if is_wsgi else (host, port)
        seen = names((host, port))
        assert seen[1:3] == expected
        assert seen[3] in ("127.0.0.1", "127.0.0.2", "::1")


def test_a_unix_socket(cell: Cell) -> None:
    _, path, is_wsgi = cell
    expected = ("localhost", "80", "") if is_wsgi else (str(path), None, None)
    assert names(str(path))[1:] == expected
