"""connect_async(): the same as connect(), for coroutines."""

import asyncio
import ssl
from pathlib import Path

import pytest

import fastnet
from fastnet.framing import Lines
from fastnet.servers.tls import client_context
from fastnet.testing import running
from tests.clients.streams import shout
from tests.servers.certificates import Certificates


def test_requests_ends_and_deadlines() -> None:
    async def talk(url: str) -> None:
        async with await fastnet.connect_async(url, framing=Lines("lf")) as client:
            assert await client.request(b"a") == b"A"
            await client.send(b"b")
            await client.send(b"c")
            assert [await client.receive(), await client.receive()] == [b"B", b"C"]
            with pytest.raises(ConnectionError, match="has closed"):
                await client.request(b"leave")
        async with await fastnet.connect_async(url, framing=Lines("lf"), read_timeout=0.05) as client:
            with pytest.raises(TimeoutError, match=r"no answer in 0\.05 s"):
                await client.receive()

    with running(shout) as server:
        asyncio.run(talk(server.urls[0]))


def test_tls_is_verified(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    trusted = client_context(ca_file=certificates.ca)

    async def talk(url: str) -> None:
        async with await fastnet.connect_async(
            url, framing=Lines("lf"), tls=trusted, server_name="localhost"
        ) as client:
            assert await client.request(b"secret") == b"SECRET"
            assert client.protocol.tls.version == "TLSv1.3"
        with pytest.raises(ssl.SSLCertVerificationError):
            await fastnet.connect_async(url, framing=Lines("lf"))

    options = {"tls_cert": certificates.cert, "tls_key": certificates.key}
    with running(shout, bind="tls://127.0.0.1:0", **options) as server:
        asyncio.run(talk(server.urls[0]))
