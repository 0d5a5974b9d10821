"""TLS on tls:// binds, under every model: what is agreed on, who is refused and why, HTTP and services alike."""

import asyncio
import random
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.errors import ConfigError, StartupError
from fastnet.servers.config import Config
from fastnet.servers.tls import client_context, reason_of, server_context
from tests.servers.certificates import Certificates
from tests.servers.services import HERE, MODELS, order, read_all, read_exactly, read_line, serve_service
from tests.servers.serving import PATIENCE_S, Server, get, run_to_end

BIND = "tls://127.0.0.1:0"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=MODELS)
def commands(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    options = (*certificates.options, "--tls-alpn", "lines,other", "--max-output", "100000")
    with serve_service("Commands", request.param, *options, bind=BIND) as server:
        yield server


@pytest.fixture(scope="module", params=MODELS)
def guarded(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    options = (*certificates.options, "--tls-ca", certificates.ca, "--first-byte-timeout", "0.5")
    with serve_service("Commands", request.param, *options, "--tls-min-version", "1.3", bind=BIND) as server:
        yield server


def secure(server: Server, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(server.connect(), server_hostname="localhost")


def test_a_handler_knows_what_was_agreed_on(commands: Server, certificates: Certificates) -> None:
    context = certificates.client()
    context.set_alpn_protocols(["unknown", "other"])
    assert commands.urls[0].startswith("tls://127.0.0.1:")
    with secure(commands, context) as client:
        facts = order(client, b"facts").decode()
        assert client.selected_alpn_protocol() == "other"
    for fact in ("TLSFacts(version='TLSv1.3'", "alpn='other'", "server_name='localhost'", "peer_certificate=None"):
        assert fact in facts


def test_large_answers_and_slow_readers(commands: Server, certificates: Certificates) -> None:
    with secure(commands, certificates.client()) as client:
        client.sendall(b"many 5000\npid\n")
        assert read_exactly(client, 5000 * 1000) == (b"x" * 999 + b"\n") * 5000
        assert read_line(client).isdigit()
        for byte in b"pid\n":
            client.sendall(bytes([byte]))
        assert read_line(client).isdigit()


def test_the_end_is_told_by_both_sides(commands: Server, certificates: Certificates) -> None:
    context = certificates.client()
    with secure(commands, context) as client:
        client.suppress_ragged_eofs = False  # then recv() raises where close_notify is missing
        assert order(client, b"close") == b"bye"
        assert read_all(client) == b"last\n"
    with secure(commands, context) as client:
        client.sendall(b"pid\n")
        assert read_line(client).isdigit()
        client.unwrap().close()
    with secure(commands, context) as client:
        client.sendall(b"bad\n")
        assert read_all(client) == b""


@pytest.mark.parametrize("model", MODELS)
def test_bytes_come_back_through_tls_both_ways_at_once(model: str, certificates: Certificates) -> None:
    data = random.Random(2).randbytes(3 << 20)

    async def echo(port: int) -> bytes:
        # ssl's own sockets must not be read and written by two threads at once.
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=certificates.client(), server_hostname="localhost"
        )
        writer.write(data)
        back = await reader.readexactly(len(data))
        writer.close()
        return back

    with serve_service("Echo", model, *certificates.options, bind=BIND) as server:
        assert asyncio.run(asyncio.wait_for(echo(server.port), PATIENCE_S)) == data


@pytest.mark.parametrize(
    ("names", "wrong", "reason"),
    [
        ([], {}, r"the client has no certificate"),
        (["old.example"], {"expired": True}, r"certificate is refused: certificate has expired"),
        (["stranger.example"], {"trusted": False}, r"certificate is refused: unable to get local issuer"),
    ],
    ids=["missing", "expired", "untrusted"],
)
def test_a_wrong_client_certificate_is_refused_with_a_reason(
    guarded: Server, certificates: Certificates, names: list[str], wrong: dict[str, bool], reason: str
) -> None:
    context = certificates.client(*names, **wrong)
    with pytest.raises(OSError), secure(guarded, context) as client:
        client.sendall(b"pid\n")  # with TLS 1.3 the client hears of it when it reads
        assert read_all(client) != b""
    guarded.wait_for_log(rf"TLS with 127.0.0.1:\d+ failed: .*{reason}")


def test_a_right_client_certificate_is_known_to_the_handler(guarded: Server, certificates: Certificates) -> None:
    with secure(guarded, certificates.client("friend.example")) as client:
        assert "friend.example" in order(client, b"facts").decode()


def test_what_is_no_handshake_is_refused_with_a_reason(guarded: Server, certificates: Certificates) -> None:
    with guarded.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        read_all(client)
    guarded.wait_for_log(r"failed: the client speaks plain HTTP; it should use https://")
    old = certificates.client("friend.example")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        secure(guarded, old)
    guarded.wait_for_log(r"failed: the client's version of TLS is too old")
    with guarded.connect() as client:
        client.sendall(b"\x16\x03\x01")
        assert client.recv(1) == b""  # after first_byte_timeout
    guarded.wait_for_log(r"failed: it took too long")
    with guarded.connect() as client:
        client.sendall(b"\x16\x03\x01")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    guarded.wait_for_log(r"failed: the client left in the middle of the handshake")


def test_sessions_are_resumed_by_any_worker(certificates: Certificates) -> None:
    context = certificates.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its ticket comes in the handshake
    with (
        Server("service_site:Commands", "--workers", "2", *certificates.options, cwd=HERE, bind=BIND) as server,
        secure(server, context) as first,
    ):
        pids = {order(first, b"pid")}
        while len(pids) < 2:
            session = first.session
            with context.wrap_socket(server.connect(), server_hostname="localhost", session=session) as again:
                assert again.session_reused
                pids.add(order(again, b"pid"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_http_runs_over_tls_too(model: str, kind: str, certificates: Certificates) -> None:
    target = f"wire_apps:{kind}"
    with Server(target, "--model", model, "--workers", "1", *certificates.options, cwd=HERE, bind=BIND) as server:
        with secure(server, certificates.client()) as client:
            assert get(client, "/") == b"GET /"
        assert server.stop() == 0


def test_http_runs_over_tls_without_the_native_driver(certificates: Certificates) -> None:
    env = {"FASTNET_TRANSPORTS": "1"}
    with Server("wire_apps:asgi", "--workers", "1", *certificates.options, cwd=HERE, bind=BIND, env=env) as server:
        with secure(server, certificates.client()) as client:
            assert get(client, "/") == b"GET /"
        assert server.stop() == 0


def test_openssl_agrees(certificates: Certificates) -> None:
    with serve_service("Commands", "prefork", *certificates.options, bind=BIND) as server:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", certificates.ca, "-quiet"]
        found = subprocess.run(command, input=b"close\n", capture_output=True, timeout=PATIENCE_S)
        assert found.stdout == b"bye\nlast\n"
        assert b"Verification error" not in found.stderr and b"verify error" not in found.stderr


def test_what_cannot_be_served_is_said_at_once(certificates: Certificates, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tls_cert: '' given, expected a certificate file"):
        Config(target="a:b", bind="tls://127.0.0.1:0")
    with pytest.raises(ConfigError, match="an existing file"):
        Config(target="a:b", tls_cert=str(tmp_path / "none"))
    config = Config(target="a:b", bind=BIND, tls_cert=certificates.cert, tls_key=certificates.ca)
    with pytest.raises(StartupError, match="cannot use the certificate"):
        server_context(config)
    ended = run_to_end("serve", "service_site:Commands", "--bind", BIND, "--tls-cert", certificates.cert, cwd=HERE)
    assert ended.returncode == 1 and "cannot use the certificate" in ended.stderr


def test_clients_verify_unless_they_are_told_not_to(certificates: Certificates) -> None:
    context = client_context(ca_file=certificates.ca, alpn=("x",))
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert client_context(verify=False).verify_mode == ssl.CERT_NONE
    with pytest.raises(ConfigError, match="min_version"):
        client_context(min_version="1.0")
    with pytest.raises(ConfigError, match="ca_file"):
        client_context(ca_file=certificates.key + "none")
    with pytest.raises(ConfigError, match="cert_file"):
        client_context(cert_file=certificates.ca)
    assert reason_of(ConnectionResetError(104, "Connection reset by peer")) == "Connection reset by peer"
