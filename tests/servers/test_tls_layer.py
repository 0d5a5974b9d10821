"""TLS between socket and protocol, cut anywhere: a handshake and records that arrive byte by byte, and in one piece."""

import ssl
from collections.abc import Iterator

import pytest

from tests.servers.certificates import Certificates
from tests.servers.services import MODELS, read_exactly, serve_service
from tests.servers.serving import Server


@pytest.fixture(scope="module", params=MODELS)
def server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    with serve_service("Echo", request.param, *certificates.options, bind="tls://127.0.0.1:0") as running:
        yield running


def test_many_records_that_keep_coming(server: Server, certificates: Certificates) -> None:
    """More than a turn takes: what comes between two turns is not forgotten."""
    context = certificates.client()
    with context.wrap_socket(server.connect(), server_hostname="localhost") as client:
        for _ in range(3):
            for _ in range(300):
                client.sendall(b"x")
            assert read_exactly(client, 300) == b"x" * 300


@pytest.mark.parametrize("cut", [1, 7, 100000])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_any_cut_of_the_stream(server: Server, certificates: Certificates, cut: int, version: ssl.TLSVersion) -> None:
    context = certificates.client()
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with server.connect() as client:

        def send() -> None:
            data = outgoing.read()
            for start in range(0, len(data), cut):
                client.sendall(data[start : start + cut])

        def receive() -> None:
            data = client.recv(1 << 16)
            assert data, "closed"
            incoming.write(data)

        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                send()
                receive()
        message = bytes(range(256)) * 20
        session.write(message[:100])
        session.write(message[100:])  # two records
        send()
        got = b""
        while len(got) < len(message):
            try:
                got += session.read(len(message))
            except ssl.SSLWantReadError:
                receive()
        assert got == message
