"""One suite over datagrams: protocol x model x whole and chaos, where they are lost, doubled, late and out of order."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastnet import udp
from fastnet.clients.dns import Resolver
from fastnet.codecs.dns_types import Type
from fastnet.testing import ChaosUDP
from tests.servers.serving import PATIENCE_S, Server

ROOT = Path(__file__).resolve().parents[2]
ZONE = ROOT / "tests" / "apps" / "example.zone"
MODELS = ("prefork", "threaded", "async")
Address = tuple[str, int]


def exchanged(address: Address, said: bytes) -> bytes:
    """The answer to a datagram, which is sent until there is one. Answers to earlier ones differ."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(0.15)
        for _ in range(int(PATIENCE_S / 0.15)):
            client.send(said)
            try:
                return client.recv(70_000)
            except TimeoutError:
                pass
    raise AssertionError(f"no answer to {said!r:.50}")


def zen(address: Address, run: str) -> None:
    assert exchanged(address, b"Simple is better than?") == b"Complex."
    assert exchanged(address, b"What?") == b"I do not know."


def echo(address: Address, run: str) -> None:
    dice = random.Random(run)
    for size in (0, 1, 100, 1472, 1473, 9000):
        data = dice.randbytes(size)
        assert exchanged(address, data) == data


def dns(address: Address, run: str) -> None:
    resolver = Resolver([address], wait_s=0.1, rounds=9)
    assert resolver.addresses("www.example") == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]
    assert resolver.mail_hosts("example") == ["mail.example.", "backup.other.test."]
    assert resolver.resolve("example", Type.SOA).records


def requests(address: Address, run: str) -> None:
    """Each is handled once, and has its own answer."""
    retry = udp.Retry(attempts=30, first_s=0.05, ceiling_s=6.0)
    for face in ("one", "two"):  # two clients
        with udp.Client(f"udp://{address[0]}:{address[1]}", retry=retry) as client:
            for i in range(15):
                asked = f"{run} {face} {i}".encode()
                assert client.request(asked) == b"1 " + asked


TALKS: dict[str, tuple[str, Callable[[Address, str], None]]] = {
    "zen": ("examples.zen:zen", zen),
    "echo": ("tests.servers.datagram_site:echo", echo),
    "DNS": ("", dns),
    "requests": ("tests.servers.datagram_site:counted", requests),
    "requests, async def": ("tests.servers.datagram_site:counted_later", requests),
}


@dataclass
class Cell:
    address: Address
    talk: Callable[[Address, str], None]


@pytest.fixture(scope="module", params=[(talk, model) for talk in TALKS for model in MODELS], ids="-".join)
def cell(request: pytest.FixtureRequest) -> Iterator[Cell]:
    name, model = request.param
    target, talk = TALKS[name]
    options = ["--model", model, "--workers", "2" if model == "prefork" else "1"]
    command = ["dns", "--zone", str(ZONE), "--bind", "127.0.0.1:0"]
    if target:
        command = ["serve", target, "--bind", "udp://127.0.0.1:0", "--reuse-port"]
    with Server("", cwd=ROOT, command=[sys.executable, "-m", "fastnet", *command, *options]) as server:
        yield Cell(("127.0.0.1", server.port), talk)


@pytest.mark.parametrize("network", ["whole", "chaos"])
def test_every_cell_gives_the_same_answers(cell: Cell, network: str) -> None:
    if network == "whole":
        return cell.talk(cell.address, "whole")
    for seed in (1, 2):
        with ChaosUDP(cell.address, seed) as relay:
            cell.talk(relay.address, f"chaos {seed}")
