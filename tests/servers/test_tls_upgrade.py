"""Connections that go on with TLS in the middle, as SMTP's do: both roles, every model, nothing slipped in before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

import fastnet
from fastnet.errors import FastnetError, ProtocolError
from tests.servers.certificates import Certificates
from tests.servers.services import HERE, MODELS, order, read_all, read_line
from tests.servers.serving import PATIENCE_S, Server
from tests.servers.upgrading import Upgrading, UpgradingClient


def serve(model: str, *options: str) -> Server:
    return Server(
        "upgrading:Upgrading", "--model", model, "--workers", "1", *options, cwd=HERE, bind="tcp://127.0.0.1:0"
    )


@pytest.fixture(scope="module", params=MODELS)
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    with serve(request.param, *certificates.options, "--tls-handshake-timeout", "0.5") as running:
        yield running


def test_a_connection_goes_on_with_tls(server: Server, certificates: Certificates) -> None:
    with server.connect() as plain:
        assert read_line(plain) == b"hello, STARTTLS"
        assert order(plain, b"a") == b"plain 1 a"
        assert order(plain, b"STARTTLS") == b"go ahead"
        with certificates.client().wrap_socket(plain, server_hostname="localhost") as client:
            assert read_line(client) == b"welcome to TLSv1.3"
            for _ in range(3):
                assert order(client, b"b") == b"secret 0 b"
            # Not twice.
            assert order(client, b"STARTTLS") == b"no: FastnetError"
            assert read_all(client) == b""


def test_a_client_that_sends_its_hello_in_pieces(server: Server, certificates: Certificates) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = certificates.client().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with server.connect() as client:
        read_line(client)
        assert order(client, b"STARTTLS") == b"go ahead"
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    client.sendall(bytes([byte]))
                incoming.write(client.recv(65536))
        session.write(b"c\n")
        client.sendall(outgoing.read())
        got = b""
        while got != b"welcome to TLSv1.3\nsecret 0 c\n":
            try:
                got += session.read(1000)
            except ssl.SSLWantReadError:
                incoming.write(client.recv(65536))


def test_what_comes_in_plain_text_before_the_handshake_is_refused(server: Server) -> None:
    with server.connect() as client:
        read_line(client)
        client.sendall(b"STARTTLS\nevil\n")
        assert read_all(client) == b"no: ProtocolError\n"
    server.wait_for_log("something came in plain text behind the request for TLS")
    with server.connect() as client:
        read_line(client)
        assert order(client, b"STARTTLS") == b"go ahead"
        client.sendall(b"evil\n")
        assert b"evil" not in read_all(client)
    server.wait_for_log(r"TLS with 127.0.0.1:\d+ failed: the client does not speak TLS")
    with server.connect() as client:
        read_line(client)
        assert order(client, b"STARTTLS") == b"go ahead"
        assert client.recv(1) == b""  # after tls_handshake_timeout
    server.wait_for_log("failed: it took too long")


def test_without_a_certificate_there_is_no_tls() -> None:
    with serve("prefork") as server, server.connect() as client:
        assert read_line(client) == b"hello"
        assert order(client, b"STARTTLS") == b"no: FastnetError"
        server.wait_for_log("TLS cannot be started here")


def test_the_contract() -> None:
    protocol = Upgrading()
    with pytest.raises(FastnetError, match="no --tls-cert"):
        protocol.start_tls(b"")
    protocol.tls_available = True
    with pytest.raises(ProtocolError, match="plain text behind"):
        protocol.start_tls(b"x")
    assert not protocol.tls_wanted
    protocol.start_tls(b"")
    assert protocol.tls_wanted


def test_our_clients_go_on_with_tls(server: Server, certificates: Certificates) -> None:
    url, options = server.urls[0], {"protocol": UpgradingClient, "tls": certificates.client()}
    with fastnet.connect(url, **options, server_name="localhost") as client:
        assert client.receive() == b"hello, STARTTLS"
        assert client.request(b"d") == b"plain 1 d"
        assert client.request(b"STARTTLS") == b"welcome to TLSv1.3"
        assert client.request(b"e") == b"secret 0 e" and client.protocol.tls.version == "TLSv1.3"

    async def later() -> None:
        async with await fastnet.connect_async(url, **options, server_name="localhost") as client:
            assert await client.receive() == b"hello, STARTTLS"
            assert await client.request(b"STARTTLS") == b"welcome to TLSv1.3"
            assert await client.request(b"e") == b"secret 0 e" and client.protocol.tls.version == "TLSv1.3"

    asyncio.run(asyncio.wait_for(later(), PATIENCE_S))


@pytest.mark.parametrize("reply", [b"go ahead\nevil\n", b"go ahead\n"], ids=["in one piece", "behind it"])
def test_our_clients_take_no_plain_text_for_what_came_by_tls(reply: bytes) -> None:
    with talks_plainly(reply) as port, fastnet.connect(f"tcp://127.0.0.1:{port}", protocol=UpgradingClient) as client:
        with pytest.raises((ProtocolError, ssl.SSLError)):
            client.request(b"STARTTLS")
        assert not client.protocol.started

    async def later(port: int) -> None:
        async with await fastnet.connect_async(f"tcp://127.0.0.1:{port}", protocol=UpgradingClient) as client:
            with pytest.raises((ProtocolError, ssl.SSLError)):
                await client.request(b"STARTTLS")
            assert not client.protocol.started

    with talks_plainly(reply) as port:
        asyncio.run(asyncio.wait_for(later(port), PATIENCE_S))


@contextlib.contextmanager
def talks_plainly(reply: bytes) -> Iterator[int]:
    """A server that says this to the first line, and then goes on in plain text instead of TLS."""

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(100)
            peer.sendall(reply)
            peer.recv(10000)
            peer.sendall(b"evil\n")
            peer.recv(10000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE_S)
