"""One black-box suite over every cell: protocol x model x transport x how the stream is cut.

A server of each protocol and model listens on every transport at once.
"""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastnet.testing import ChaosProxy
from tests.servers.certificates import Certificates
from tests.servers.serving import PATIENCE_S, Server

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("prefork", "threaded", "async")
TRANSPORTS = ("tcp", "unix", "tls")
CUTS = ("whole", "bytes", "chaos")


def frames(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


# Target, what is sent, what comes back.
TALKS = {
    "zen": (
        "zen:zen",
        b"Simple is better than?\nWhat?\nBeautiful is better than?\n",
        b"Complex.\nI do not know.\nUgly.\n",
    ),
    "echo": ("service_site:Echo", bytes(range(256)) * 3, bytes(range(256)) * 3),
    "framed": ("service_site:framed", frames(b"", b"a", b"bc" * 300), frames(b"", b"a", b"bc" * 300)),
    "framed, async def": ("service_site:framed_later", frames(b"a", b"later b"), frames(b"a", b"later b")),
}


@dataclass
class Cell:
    server: Server
    talk: tuple[str, bytes, bytes]
    addresses: dict[str, object]
    certificates: Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=[(talk, model) for talk in TALKS for model in MODELS], ids="-".join)
def cell(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cell]:
    talk, model = request.param
    path = tmp_path_factory.mktemp("matrix") / "socket"
    binds = ("--bind", "tcp://127.0.0.1:0", "--bind", f"unix:{path}", "--bind", "tls://127.0.0.1:0")
    options = ("--model", model, "--workers", "1", *binds, *certificates.options)
    here = ROOT / ("examples" if talk == "zen" else "tests/servers")
    with Server(TALKS[talk][0], *options, cwd=here, bind=None) as server:
        ports = [int(url.rpartition(":")[2]) for url in server.urls if not url.startswith("unix:")]
        addresses = {"tcp": ("127.0.0.1", ports[0]), "unix": str(path), "tls": ("127.0.0.1", ports[1])}
        yield Cell(server, TALKS[talk], addresses, certificates)


def open_socket(address: object, context: ssl.SSLContext | None) -> socket.socket:
    client = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
    client.settimeout(PATIENCE_S)
    client.connect(address)  # type: ignore[arg-type]
    if isinstance(address, tuple):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client if context is None else context.wrap_socket(client, server_hostname="localhost")


def converse(client: socket.socket, pieces: list[bytes], expected: bytes) -> None:
    got = bytearray()
    for piece in pieces:
        client.sendall(piece)
    while len(got) < len(expected):
        data = client.recv(1 << 16)
        assert data, f"closed after {bytes(got)!r}"
        got += data
    assert got == expected


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_cell_gives_the_same_answers(cell: Cell, transport: str, cut: str) -> None:
    _, said, expected = cell.talk
    context = cell.certificates.client() if transport == "tls" else None
    address = cell.addresses[transport]
    if cut == "chaos":
        for seed in (1, 2):
            dice = random.Random(seed)
            at, pieces = 0, []
            while at < len(said):
                n = dice.randint(1, 40)
                pieces.append(said[at : at + n])
                at += n
            with ChaosProxy(address, seed, most_bytes=60, delay_s=0.001) as proxy:
                with open_socket(proxy.address, context) as client:
                    converse(client, pieces, expected)
        return
    with open_socket(address, context) as client:
        converse(client, [said] if cut == "whole" else [bytes([byte]) for byte in said], expected)
        if transport != "tls":
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_connection_that_is_reset_midway_hurts_nobody(cell: Cell, transport: str) -> None:
    _, said, expected = cell.talk
    context = cell.certificates.client() if transport == "tls" else None
    with ChaosProxy(cell.addresses[transport], 3, reset_after=20) as proxy:
        with pytest.raises((OSError, AssertionError)):
            with open_socket(proxy.address, context) as client:
                converse(client, [said], expected)
    with open_socket(cell.addresses[transport], context) as client:
        converse(client, [said], expected)
