"""connect(): requests, deadlines, ends, TLS that is verified."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastnet
from fastnet.clients.stream import Client
from fastnet.errors import ConfigError, IncompleteFrame
from fastnet.framing import LengthPrefixed, Lines
from fastnet.servers.tls import client_context
from fastnet.testing import Running, running
from tests.clients.streams import shout
from tests.ports import nobody
from tests.servers.certificates import Certificates


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(shout) as server:
        yield server


def test_requests_over_tcp_and_unix(server: Running, tmp_path: Path) -> None:
    with fastnet.connect(server.urls[0], framing=Lines("lf")) as client:
        assert isinstance(client, Client)
        assert client.request(b"a") == b"A"
        client.send(b"b")
        client.send(b"c")
        assert [client.receive(), client.receive()] == [b"B", b"C"]
        assert client.protocol.peer == server.address and client.protocol.tls is None
    with running(shout, bind=f"unix:{tmp_path}/s") as other:
        with fastnet.connect(other.urls[0], framing=Lines("lf")) as client:
            assert client.request(b"unix") == b"UNIX"


def test_ends_and_deadlines_are_told_apart(server: Running) -> None:
    with fastnet.connect(server.urls[0], framing=Lines("lf"), read_timeout=0.05) as client:
        with pytest.raises(TimeoutError, match=r"no answer in 0\.05 s"):
            client.receive()
    with fastnet.connect(server.urls[0], framing=Lines("lf")) as client:
        with pytest.raises(ConnectionError, match="has closed"):
            client.request(b"leave")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with fastnet.connect(url, framing=LengthPrefixed(4)) as client:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"\0\0\0\x09ab")
            with pytest.raises(IncompleteFrame, match="after 6 bytes"):
                client.receive()
    with nobody() as port, pytest.raises(ConnectionRefusedError):
        fastnet.connect(f"tcp://127.0.0.1:{port}", framing=Lines())


def test_tls_is_verified(certificates: Certificates) -> None:
    trusted = client_context(ca_file=certificates.ca)
    options = {"tls_cert": certificates.cert, "tls_key": certificates.key}
    with running(shout, bind="tls://127.0.0.1:0", **options) as server:
        url = server.urls[0]
        with fastnet.connect(url, framing=Lines("lf"), tls=trusted, server_name="localhost") as client:
            assert client.request(b"secret") == b"SECRET"
            assert client.protocol.tls.version == "TLSv1.3" and client.protocol.tls.server_name == "localhost"
        with pytest.raises(ssl.SSLCertVerificationError):
            fastnet.connect(url, framing=Lines("lf"))
        with pytest.raises(ssl.SSLCertVerificationError, match=r"doesn.t match|not valid for"):
            fastnet.connect(url, framing=Lines("lf"), tls=trusted, server_name="other.example")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="one of the two"):
        fastnet.connect("tcp://a:1")
    with pytest.raises(ConfigError, match="url"):
        fastnet.connect("a:1", framing=Lines())
