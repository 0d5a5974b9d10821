"""One black-box suite over every cell: protocol x model x transport x how the stream is cut.

A server of each protocol and model listens on every transport at once.
"""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from fastnet.testing import ChaosProxy
from tests.matrix.places import connect, everywhere
from tests.servers.certificates import Certificates
from tests.servers.serving import Server

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("prefork", "threaded", "async")
TRANSPORTS = ("tcp", "unix", "tls")
CUTS = ("whole", "bytes", "chaos")


def frames(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def lookup(number: int, address: str = "") -> bytes:
    """A question for the address of sip.example, or its answer, as DNS over TCP has them."""
    query = dns.message.make_query("sip.example", "A", id=number, flags=0)
    if not address:
        return len(query.to_wire()).to_bytes(2, "big") + query.to_wire()
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA
    answer.answer = [dns.rrset.from_text("sip.example.", 300, "IN", "A", address)]
    return len(answer.to_wire()).to_bytes(2, "big") + answer.to_wire()


def undated(data: bytearray) -> bytes:
    """Without the field of an answer that each second has its own of."""
    return re.sub(rb"date: [^\r]*\r\n", b"", data)


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
    "DNS": ("matrix_site:dns", lookup(7) + lookup(8), lookup(7, "192.0.2.4") + lookup(8, "192.0.2.4")),
    "memcached": (
        "matrix_site:cache",
        b"set a 0 0 3\r\nxyz\r\nget a\r\nget nothing\r\nmn\r\n",
        b"STORED\r\nVALUE a 0 3\r\nxyz\r\nEND\r\nEND\r\nMN\r\n",
    ),
    "HTTP": (
        "matrix_site:http",
        b"POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: t\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nserver: fastnet\r\n\r\nabc/a"
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nserver: fastnet\r\n\r\n/b",
    ),
}
FOLDERS = {
    "zen": ROOT / "examples",
    "service_site": ROOT / "tests" / "servers",
    "matrix_site": ROOT / "tests" / "matrix",
}


@dataclass
class Cell:
    server: Server
    talk: tuple[str, bytes, bytes]
    addresses: dict[str, object]
    certificates: Certificates


@pytest.fixture(scope="module", params=[(talk, model) for talk in TALKS for model in MODELS], ids="-".join)
def cell(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cell]:
    talk, model = request.param
    target = TALKS[talk][0]
    here, path = FOLDERS[target.partition(":")[0]], tmp_path_factory.mktemp("matrix") / "socket"
    with everywhere(target, model, certificates, cwd=here, path=path) as (server, addresses):
        yield Cell(server, TALKS[talk], addresses, certificates)


def converse(client: socket.socket, pieces: list[bytes], expected: bytes) -> None:
    got = bytearray()
    for piece in pieces:
        client.sendall(piece)
    # Half a date line counts as bytes of the answer; a wrong answer ends this by the time limit of the socket.
    while len(undated(got)) < len(expected) or b"date: " in undated(got):
        data = client.recv(1 << 16)
        assert data, f"closed after {bytes(got)!r}"
        got += data
    assert undated(got) == expected


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
                with connect(proxy.address, context) as client:
                    converse(client, pieces, expected)
        return
    with connect(address, context) as client:
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
            with connect(proxy.address, context) as client:
                converse(client, [said], expected)
    with connect(cell.addresses[transport], context) as client:
        converse(client, [said], expected)
