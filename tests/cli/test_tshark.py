"""tshark finds nothing malformed in what our peers and clients say, and takes it for what it is.

It has no dissector of MessagePack-RPC or of our requests over UDP, so those are not here.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path

import pytest

from fastnet.codecs.dns import Edns, Message
from fastnet.codecs.dns_types import Type
from tests.cli.pcap import Capture
from tests.clients.caches import fastnet as cache
from tests.servers.serving import PATIENCE_S, Server

APPS = Path(__file__).parents[1] / "apps"
ZONE = APPS / "example.zone"


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    capture = Capture()
    record_dns(capture)
    record_memcached(capture)
    record_http(capture)
    path = tmp_path_factory.mktemp("capture") / "said.pcap"
    capture.write(path)
    return path


def connect(port: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
    client = socket.socket(socket.AF_INET, kind)
    client.settimeout(PATIENCE_S)
    client.connect(("127.0.0.1", port))
    return client


def record_dns(capture: Capture) -> None:
    command = ["dns", "--zone", str(ZONE), "--bind", "127.0.0.1:0", "--workers", "1"]
    questions = [
        ("web.example", Type.A), ("www.example", Type.AAAA), ("example", Type.MX), ("example", Type.SOA),
        ("svc.example", Type.HTTPS), ("big.example", Type.TXT), ("nothing.example", Type.A), ("example", Type.ANY),
    ]  # fmt: skip
    with Server("", cwd=APPS, command=[sys.executable, "-m", "fastnet", *command]) as server:
        turns = []
        for number, (name, rdtype) in enumerate(questions):
            edns = Edns(1232) if number % 2 else None
            said = Message.query(name, rdtype, id=number, recursion_desired=False, edns=edns).encode()
            with connect(server.port, socket.SOCK_DGRAM) as client:
                client.send(said)
                capture.datagrams(53, said, client.recv(65_535))
            framed = len(said).to_bytes(2, "big") + said
            turns.append((framed, b""))
        with connect(server.port) as client:
            for number, (said, _) in enumerate(turns):
                client.sendall(said)
                turns[number] = (said, read(client, lambda got: len(got) >= 2 and len(got) == 2 + length(got)))
        capture.stream(53, turns)


def length(got: bytes) -> int:
    return int.from_bytes(got[:2], "big")


def read(client: socket.socket, is_whole: Callable[[bytes], bool]) -> bytes:
    got = b""
    while not is_whole(got):
        data = client.recv(65_536)
        assert data, f"closed after {got!r}"
        got += data
    return got


def record_memcached(capture: Capture) -> None:
    turns: list[tuple[bytes, bytes]] = []
    with cache() as port, connect(port) as client:
        for said, end in (
            (b"set a 5 0 3\r\nabc\r\n", b"STORED\r\n"),
            (b"get a b\r\n", b"END\r\n"),
            (b"gets a\r\n", b"END\r\n"),
            (b"set n 0 0 1\r\n7\r\n", b"STORED\r\n"),
            (b"incr n 3\r\n", b"10\r\n"),
            (b"delete a\r\n", b"DELETED\r\n"),
            (b"version\r\n", b"\r\n"),
        ):
            client.sendall(said)
            turns.append((said, read(client, lambda got, end=end: got.endswith(end))))  # type: ignore[misc]
    capture.stream(11211, turns)


def record_http(capture: Capture) -> None:
    call = {"jsonrpc": "2.0", "method": "add", "params": [1, 2], "id": 1}
    bodies = [
        ("application/json", json.dumps(call).encode()),
        ("application/json", json.dumps([call, call | {"method": "nope"}]).encode()),
        ("text/xml", xmlrpc.client.dumps((1, 2), "add").encode()),
        ("text/xml", xmlrpc.client.dumps((), "system.listMethods").encode()),
    ]
    with Server("rpc_apps:plain.http", "--workers", "1", cwd=APPS) as server, connect(server.port) as client:
        turns = []
        for kind, body in bodies:
            head = f"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            turns.append((head.encode() + body, read(client, has_body)))
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n")
        turns.append((b"GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n", read(client, has_body)))
        capture.stream(80, turns)


def has_body(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(end) and len(body) == sum(sizes)


def tshark(capture: Path, *options: str) -> list[str]:
    command = ["tshark", "-r", str(capture), "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
               "-o", "udp.check_checksum:TRUE", *options]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_nothing_is_malformed(capture: Path) -> None:
    assert tshark(capture, "-Y", "_ws.malformed || _ws.expert.severity == error || tcp.checksum.status == 0") == []


def test_it_is_taken_for_what_it_is(capture: Path) -> None:
    fields = ("-T", "fields", "-e", "_ws.col.Protocol", "-e", "tcp.port", "-e", "udp.port")
    seen = set()
    for line in tshark(capture, *fields):
        protocol, *ports = line.replace(",", "\t").split("\t")
        if protocol != "TCP":
            seen.add((protocol, min(int(port) for port in ports if port)))
    assert {("DNS", 53), ("MEMCACHE", 11211), ("HTTP", 80), ("HTTP/JSON", 80), ("HTTP/XML", 80)} <= seen
    assert {protocol for protocol, _ in seen} <= {"DNS", "MEMCACHE", "HTTP", "HTTP/JSON", "HTTP/XML", "JSON"}
    answers = tshark(capture, "-Y", "dns.flags.response == 1", "-T", "fields", "-e", "dns.qry.name")
    assert answers.count("web.example") == 2 and len(answers) == 16


def test_a_packet_cut_short_would_be_noticed(tmp_path: Path) -> None:
    """That the first test can fail."""
    capture = Capture()
    query = Message.query("web.example", 1, id=1).encode()
    capture.datagrams(53, query, query[:-3])
    capture.write(tmp_path / "cut.pcap")
    assert len(tshark(tmp_path / "cut.pcap", "-Y", "_ws.malformed")) == 1
