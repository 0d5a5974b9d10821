"""fastnet dns as others see it: dig, kdig and dnsperf ask it, and knot says the same about the same zone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.clients.dns import AsyncResolver, Resolver
from fastnet.codecs.dns import Edns, Message
from fastnet.codecs.dns_types import Type
from fastnet.protocols.dns import NameNotFound
from tests.apps.test_dns_zone import SAID
from tests.ports import program
from tests.servers.serving import PATIENCE_S, Server

ZONE = Path(__file__).parents[1] / "apps" / "example.zone"
PATH = os.environ["PATH"] + ":/usr/sbin"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    arguments = ["dns", "--zone", str(ZONE), "--bind", "127.0.0.1:0", "--workers", "1"]
    with Server("", cwd=ZONE.parent, command=[sys.executable, "-m", "fastnet", *arguments]) as server:
        yield server.port


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=os.environ | {"PATH": PATH})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(port: int, wire: bytes) -> Message:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", port))
        client.send(wire)
        return Message.parse(client.recv(65535))


def test_dig(port: int) -> None:
    def dig(*question: str) -> str:
        return run("dig", "@127.0.0.1", "-p", str(port), "+norec", "+timeout=20", *question)

    for transport in ("+notcp", "+tcp"):
        assert dig("web.example", "+short", transport).split() == ["192.0.2.1", "192.0.2.2"]
    cut = dig("big.example", "TXT", "+noedns", "+ignore")
    assert "flags: qr aa tc;" in cut and "ANSWER: 0" in cut
    whole = dig("big.example", "TXT", "+noedns")
    assert "Truncated, retrying in TCP mode" in whole and "ANSWER: 1" in whole
    assert re.search(r"COOKIE: [0-9a-f]{48} \(good\)", dig("web.example", "+cookie"))
    assert "status: NXDOMAIN" in dig("nothing.example")


def test_kdig(port: int) -> None:
    said = run("kdig", "@127.0.0.1", "-p", str(port), "+short", "svc.example", "HTTPS", "+tcp")
    assert said.strip() == "1 . alpn=h2,h3"


def test_dnsperf_loses_nothing(port: int, tmp_path: Path) -> None:
    questions = tmp_path / "questions"
    questions.write_text("".join(f"{line[0]}\n" for line in SAID if "TYPE" not in line[0]))
    said = run("dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions), "-n", "200", "-q", "50", "-t", "30")
    sent, lost = re.search(r"Queries sent: +(\d+)", said), re.search(r"Queries lost: +(\d+)", said)
    assert sent and lost and int(sent[1]) > 5000 and lost[1] == "0", said


@contextlib.contextmanager
def knot(folder: Path) -> Iterator[int]:
    """The port at which knot serves the zone."""
    file = folder / "knot.conf"

    def command(port: int) -> list[str]:
        file.write_text(
            f"server:\n  rundir: {folder}\n  listen: 127.0.0.1@{port}\n"
            f"database:\n  storage: {folder}\n"
            f"zone:\n  - domain: example\n    file: {ZONE}\n    zonefile-sync: -1\n    journal-content: none\n"
        )
        return ["knotd", "-c", str(file)]

    def answers(port: int) -> bool:
        probe = ["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+timeout=1", "example", "SOA", "+short"]
        return b"2026112401" in subprocess.run(probe, capture_output=True, check=False).stdout

    with program(command, answers, env=os.environ | {"PATH": PATH}) as port:
        yield port


def test_knot_says_the_same(port: int, tmp_path: Path) -> None:
    with knot(tmp_path) as other:
        for question, *_ in SAID:
            name, kind = question.split()
            # To ANY knot says all there is.
            if kind == "ANY" or kind.startswith("TYPE"):
                continue
            rdtype = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43}.get(
                kind, 65
            )
            wire = Message.query(name, rdtype, id=9, recursion_desired=False, edns=Edns(1232)).encode()
            mine, theirs = ask(port, wire), ask(other, wire)
            assert (mine.rcode, mine.questions) == (theirs.rcode, theirs.questions), question
            assert mine.authoritative == theirs.authoritative, question
            assert {r.data for r in mine.answers} == {r.data for r in theirs.answers}, question
            kinds = {r.rdtype for r in theirs.authorities} if not mine.answers else {r.rdtype for r in mine.authorities}
            assert {r.rdtype for r in mine.authorities} == kinds, question


@pytest.mark.parametrize("face", ["sync", "async"])
def test_our_resolver_asks_knot(face: str, tmp_path: Path) -> None:
    def look_up(servers: list[tuple[str, int]]) -> tuple[list[str], list[str], int]:
        if face == "sync":
            resolver = Resolver(servers, wait_s=PATIENCE_S)
            big = resolver.resolve("big.example", Type.TXT)  # truncated over UDP, so TCP is asked
            return resolver.addresses("www.example"), resolver.mail_hosts("example"), len(big.records[0].data.strings)

        async def main() -> tuple[list[str], list[str], int]:
            resolver = AsyncResolver(servers, wait_s=PATIENCE_S)
            big = await resolver.resolve("big.example", Type.TXT)
            with pytest.raises(NameNotFound):
                await resolver.resolve("nothing.example")
            found = await resolver.addresses("www.example"), await resolver.mail_hosts("example")
            return *found, len(big.records[0].data.strings)

        return asyncio.run(main())

    with knot(tmp_path) as port:
        addresses, hosts, strings = look_up([("127.0.0.1", port)])
        assert addresses == ["2001:db8::1", "192.0.2.1", "192.0.2.2"] and strings == 6
        assert hosts == ["mail.example.", "backup.other.test."]
