"""Both faces of the resolver against a real server of ours and servers that misbehave."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.clients.dns import AsyncResolver, Resolver, system_servers
from fastnet.codecs.dns import Message, ResourceRecord
from fastnet.codecs.dns_data import A
from fastnet.codecs.dns_types import Type
from fastnet.errors import ConfigError
from fastnet.protocols.dns import DnsError, NameNotFound
from tests.ports import nobody
from tests.servers.serving import PATIENCE_S, Server

ZONE = Path(__file__).parents[1] / "apps" / "example.zone"
FACES = ["sync", "async"]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    arguments = ["dns", "--zone", str(ZONE), "--bind", "127.0.0.1:0", "--workers", "1"]
    with Server("", cwd=ZONE.parent, command=[sys.executable, "-m", "fastnet", *arguments]) as running:
        yield "127.0.0.1", running.port


def call(face: str, method: str, *arguments, servers, **options):
    if face == "sync":
        return getattr(Resolver(servers, **options), method)(*arguments)

    async def main():
        return await getattr(AsyncResolver(servers, **options), method)(*arguments)

    return asyncio.run(main())


@pytest.mark.parametrize("face", FACES)
def test_names_are_looked_up(face, server):
    answer = call(face, "resolve", "www.example", Type.AAAA, servers=[server])
    assert answer.name == "web.example." and [r.data.address for r in answer.records] == ["2001:db8::1"]
    assert call(face, "addresses", "www.example", servers=[server]) == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]
    assert call(face, "mail_hosts", "example", servers=[server]) == ["mail.example.", "backup.other.test."]
    assert len(call(face, "resolve", "big.example", Type.TXT, servers=[server]).records[0].data.strings) == 6
    with pytest.raises(NameNotFound, match=r"nothing.example: there is no such name"):
        call(face, "resolve", "nothing.example", servers=[server])
    with pytest.raises(DnsError, match="REFUSED"):
        call(face, "resolve", "elsewhere.test", servers=[server], rounds=1)


@pytest.mark.parametrize("face", FACES)
def test_another_server_is_asked_when_nobody_is_at_the_first(face, server):
    with nobody() as port:
        closed = ("127.0.0.1", port)
        answer = call(face, "resolve", "web.example", servers=[closed, server], wait_s=PATIENCE_S)
        assert len(answer.records) == 2
        with pytest.raises(DnsError, match=r"(?i)refused"):
            call(face, "resolve", "web.example", servers=[closed], rounds=1, wait_s=PATIENCE_S)


@pytest.mark.parametrize("face", FACES)
def test_a_server_that_says_nothing_and_strangers(face):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
        liar.bind(("127.0.0.1", 0))
        liar.settimeout(PATIENCE_S)

        def lie() -> None:
            query, peer = liar.recvfrom(512)
            # Another id; another question; and the right answer from another socket.
            liar.sendto(bytes([query[0] ^ 255]) + query[1:2] + b"\x80" + query[3:], peer)
            liar.sendto(
                Message.query("other.example", 1, id=int.from_bytes(query[:2], "big")).response().encode(), peer
            )
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(Message.parse(query).response().encode(), peer)

        thread = threading.Thread(target=lie)
        thread.start()
        with pytest.raises(DnsError, match="no answer"):
            call(face, "resolve", "web.example", servers=[liar.getsockname()], rounds=1, wait_s=0.3)
        thread.join()


@pytest.mark.parametrize("face", FACES)
def test_answers_are_remembered(face):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as once:
        once.bind(("127.0.0.1", 0))
        once.settimeout(PATIENCE_S)

        def answer() -> None:
            query, peer = once.recvfrom(512)
            record = ResourceRecord("web.example.", 60, A("192.0.2.7"))
            once.sendto(Message.parse(query).response(answers=[record]).encode(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        servers = [once.getsockname()]
        if face == "sync":
            resolver = Resolver(servers, wait_s=PATIENCE_S)
            assert resolver.resolve("web.example") == resolver.resolve("WEB.example.")
        else:

            async def main() -> None:
                resolver = AsyncResolver(servers, wait_s=PATIENCE_S)
                assert await resolver.resolve("web.example") == await resolver.resolve("WEB.example.")

            asyncio.run(main())
        thread.join()


def test_servers_of_the_system(tmp_path):
    file = tmp_path / "resolv.conf"
    file.write_text("# here\nsearch x\nnameserver 192.0.2.1\nnameserver\nnameserver 2001:db8::1\n")
    assert system_servers(str(file)) == [("192.0.2.1", 53), ("2001:db8::1", 53)]
    assert system_servers(str(tmp_path / "none")) == [("127.0.0.1", 53)]
    assert Resolver().servers == system_servers()
    with pytest.raises(ConfigError, match="servers"):
        Resolver([("dns.example", 53)])
