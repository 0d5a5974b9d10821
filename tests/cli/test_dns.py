"""fastnet dns: options, both transports on one port, reloads under load without a lost query."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from fastnet.codecs.dns import Message
from tests.servers.serving import PATIENCE_S, Server, run_to_end

TEXT = "$ORIGIN x.test.\n$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nwww A 192.0.2.%d\n"


def server_of(path: Path, *options: str) -> Server:
    arguments = ["dns", "--zone", str(path), "--bind", "127.0.0.1:0", "--workers", "1", *options]
    return Server("", cwd=path.parent, command=[sys.executable, "-m", "fastnet", *arguments])


def test_udp_and_tcp_on_one_port(tmp_path):
    path = tmp_path / "zone"
    path.write_text(TEXT % 1)
    query = Message.query("www.x.test.", 1, id=5).encode()
    with server_of(path) as server:
        assert [url.partition("://")[0] for url in server.urls] == ["udp", "tcp"]
        assert len({url.rpartition(":")[2] for url in server.urls}) == 1
        with server.connect() as client:
            client.sendall((len(query).to_bytes(2, "big") + query) * 2)
            data = b""
            while len(data) < 2 or len(data) < 2 * (2 + int.from_bytes(data[:2], "big")):
                data += client.recv(4096)
            size = int.from_bytes(data[:2], "big")
            assert data[2 : 2 + size] == data[4 + size :] and Message.parse(data[2 : 2 + size]).answers
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", server.port))
            client.send(query)
            assert client.recv(512) == data[2 : 2 + size]
        assert server.stop() == 0


def test_a_zone_is_read_again_without_a_lost_query(tmp_path):
    path = tmp_path / "zone"
    path.write_text(TEXT % 1)
    with server_of(path) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", server.port))
        seen, n, end = [], 0, time.monotonic() + PATIENCE_S
        while len(seen) < 3:
            assert time.monotonic() < end, seen
            client.send(Message.query("www.x.test.", 1, id=n % 65536).encode())
            answer = Message.parse(client.recv(512))  # each query has its answer, the old or the new one
            assert answer.id == n % 65536
            address = answer.answers[0].data.address
            n += 1
            if address not in seen:
                seen.append(address)
                path.with_name("next").write_text(TEXT % (len(seen) + 1))
                path.with_name("next").rename(path)
        assert seen == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--zone", "none"], "--zone: 'none' given"),
        (["--zone", "zone", "--bind", "udp://127.0.0.1:0"], "--bind: 'udp://127.0.0.1:0' given, expected HOST:PORT"),
        (["--zone", "zone", "--rate-limit", "-1"], "--rate-limit: -1.0 given"),
        (["--zone", "zone", "--cookie-secret", "ab"], "--cookie-secret: 'ab' given, expected 32 hexadecimal digits"),
        (["--zone", "zone", "--cookie-secret", "xy"], "--cookie-secret"),
        (["--zone", "other.test.=zone"], "--zone"),
        ([], "--zone"),
    ],
)
def test_wrong_options(tmp_path, options, why):
    (tmp_path / "zone").write_text(TEXT % 1)
    done = run_to_end("dns", *options, cwd=tmp_path)
    assert done.returncode == 2 and why in done.stderr and done.stderr.count("\n") == 1, done.stderr
