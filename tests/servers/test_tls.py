"""TLS on tls:// binds, under every model: what is agreed on, who is refused and why, HTTP and services alike."""

import asyncio
import random
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet import connect, connect_async, connect_websocket, connect_websocket_async
from fastnet.errors import ConfigError, StartupError
from fastnet.framing import Lines
from fastnet.servers.config import Config
from fastnet.servers.tls import client_context, server_context
from fastnet.servers.tls_reasons import reason_of
from tests.servers.certificates import EXPIRED, Certificates
from tests.servers.services import HERE, MODELS, order, read_all, read_exactly, read_line, serve_service
from tests.servers.serving import PATIENCE_S, Server, ask, get, run_to_end, until

BIND = "tls://127.0.0.1:0"


@pytest.fixture(scope="module", params=MODELS)
def commands(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    options = (*certificates.options, "--tls-alpn", "lines,other", "--max-output", "100000")
    with serve_service("Commands", request.param, *options, bind=BIND) as server:
        yield server


@pytest.fixture(scope="module", params=MODELS)
def guarded(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Server]:
    options = (*certificates.options, "--tls-client-ca", certificates.ca, "--tls-handshake-timeout", "0.5")
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
        assert client.recv(1) == b""  # after tls_handshake_timeout
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


@pytest.mark.parametrize("model", [*MODELS, "transports"])
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_http_runs_over_tls_and_knows_what_was_agreed_on(model: str, kind: str, certificates: Certificates) -> None:
    env = {"FASTNET_TRANSPORTS": "1"} if model == "transports" else {}
    options = ("--model", "async" if env else model, "--workers", "1", *certificates.options)
    options += ("--tls-client-ca", certificates.ca, "--tls-client-cert", "optional")
    context = certificates.client()
    context.set_alpn_protocols(["h3", "http/1.1"])
    with Server(f"wire_apps:{kind}", *options, cwd=HERE, bind=BIND, env=env) as server:
        with secure(server, context) as client:
            assert client.selected_alpn_protocol() == "http/1.1"
            assert get(client, "/") == b"GET /"
        with secure(server, context) as client:
            nobody = ask(client, "/tls").decode()
            assert get(client, "/tls").decode() == nobody  # as often as it is asked
        with secure(server, certificates.client("friend.example")) as client:
            friend = get(client, "/tls").decode()
        if kind == "wsgi":
            for fact in ("'wsgi.url_scheme': 'https'", "'HTTPS': 'on'", "'SSL_PROTOCOL': 'TLSv1.3'", "'SSL_CIPHER': "):
                assert fact in nobody
            assert "'SSL_TLS_SNI': 'localhost'" in nobody and "'SSL_CLIENT_VERIFY': 'NONE'" in nobody
            assert "'SSL_CLIENT_VERIFY': 'SUCCESS'" in friend and "-----BEGIN CERTIFICATE" in friend
        else:
            assert "('https', {'server_cert': '-----BEGIN CERTIFICATE-----" in nobody
            assert "'tls_version': 772" in nobody and "'client_cert_chain': []" in nobody
            assert "'client_cert_chain': ['-----BEGIN" in friend and "'client_cert_name': 'OU=Testing cert" in friend
        if not env:
            with pytest.raises(OSError), secure(server, certificates.client("old.example", expired=True)) as client:
                assert read_all(client) != b""  # TLS 1.3: the client hears of it when it reads
            server.wait_for_log("certificate is refused: certificate has expired")
        assert server.stop() == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_plain_http_is_answered_on_a_tls_port_and_tls_on_a_plain_one(
    model: str, kind: str, certificates: Certificates
) -> None:
    options = ("--model", model, "--workers", "1", *certificates.options)
    with Server(f"wire_apps:{kind}", *options, "--bind", "127.0.0.1:0", cwd=HERE, bind=BIND) as server:
        plain, encrypted = sorted(server.urls)
        for method in (b"GET", b"DELETE"):
            with socket.create_connection(("127.0.0.1", port_of(encrypted)), timeout=PATIENCE_S) as client:
                client.sendall(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
                answer = read_all(client)
                head, _, body = answer.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n") and b"https://" in body
                assert f"content-length: {len(body)}".encode() in head
        server.wait_for_log(r"TLS with 127.0.0.1:\d+ failed: the client speaks plain HTTP; it should use https://")
        with socket.create_connection(("127.0.0.1", port_of(plain)), timeout=PATIENCE_S) as client:
            with pytest.raises(ssl.SSLError):
                certificates.client().wrap_socket(client, server_hostname="localhost")
        server.wait_for_log(r"127.0.0.1:\d+ speaks TLS where nothing is encrypted: .*--bind tls://HOST:PORT")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_a_service_tells_the_log_of_tls_that_it_cannot_make_sense_of(certificates: Certificates) -> None:
    with serve_service("framed", "prefork", bind="tcp://127.0.0.1:0") as server:
        with pytest.raises(ssl.SSLError):
            secure(server, certificates.client())
        server.wait_for_log(r"framed: 127.0.0.1:\d+ speaks TLS, it seems, where nothing is encrypted")


def test_curl_agrees(certificates: Certificates) -> None:
    cert, key = certificates.issue("curl.example")
    options = (*certificates.options, "--tls-client-ca", certificates.ca, "--tls-client-cert", "optional")
    curl = ["curl", "-sS", "--cacert", certificates.ca]
    with Server("wire_apps:wsgi", "--workers", "1", *options, cwd=HERE, bind=BIND) as server:
        url = f"https://localhost:{server.port}/tls"
        for more in (["--tls-max", "1.2"], ["--tlsv1.3", "--cert", cert, "--key", key]):
            found = subprocess.run([*curl, *more, url], capture_output=True, text=True, timeout=PATIENCE_S)
            assert found.returncode == 0, found.stderr
            verified = "SUCCESS" if "--cert" in more else "NONE"
            assert f"'SSL_CLIENT_VERIFY': '{verified}'" in found.stdout
        plain = subprocess.run(
            [*curl, url.replace("https", "http")], capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert "This port speaks HTTPS" in plain.stdout


def test_the_first_of_two_names_and_the_password_of_a_key(certificates: Certificates, tmp_path: Path) -> None:
    cert, key = certificates.issue("one.example", "*.wild.example")
    locked = str(tmp_path / "locked.key")
    command = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:open sesame", "-out", locked]
    subprocess.run(command, check=True, timeout=PATIENCE_S)
    (tmp_path / "password").write_text("open sesame\n")
    options = ("--tls-cert", certificates.cert, "--tls-key", certificates.key, "--tls-cert", cert, "--tls-key", locked)
    password = ("--tls-key-password-file", str(tmp_path / "password"))
    with serve_service("Commands", "threaded", *options, *password, bind=BIND) as server:
        for name in ("localhost", "one.example", "any.wild.example"):
            with certificates.client().wrap_socket(server.connect(), server_hostname=name) as client:
                assert f"server_name='{name}'".encode() in order(client, b"facts")
        with pytest.raises(ssl.SSLCertVerificationError):
            certificates.client().wrap_socket(server.connect(), server_hostname="two.example")
    for more, env, wrong in (
        ((), {}, "the key is encrypted; see --tls-key-password-file"),
        (("--tls-key-password-env", "SESAME"), {}, "SESAME is not in the environment"),
        (("--tls-key-password-env", "SESAME"), {"SESAME": "close"}, "the password of the key is wrong"),
    ):
        ended = run_to_end("serve", "service_site:Commands", "--bind", BIND, *options, *more, cwd=HERE, env=env)
        assert ended.returncode == 1 and wrong in ended.stderr, ended.stderr


def test_a_certificate_for_development(certificates: Certificates) -> None:
    with Server("wire_apps:wsgi", "--tls-self-signed", "--workers", "2", cwd=HERE, bind=BIND) as server:
        server.wait_for_log("a self-signed certificate is used")
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
            secure(server, certificates.client())
        with secure(server, client_context(verify=False)) as client:
            shown = client.getpeercert(binary_form=True)
        assert shown is not None
        for name in ("localhost", "127.0.0.1"):
            context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(shown))
            with context.wrap_socket(server.connect(), server_hostname=name) as client:
                assert get(client, "/") == b"GET /"


def test_ciphers_of_choice(certificates: Certificates) -> None:
    chosen = ("--tls-ciphers", "ECDHE+CHACHA20")
    context = certificates.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serve_service("Commands", "prefork", *certificates.options, *chosen, bind=BIND) as server:
        with secure(server, context) as client:
            assert b"CHACHA20" in order(client, b"facts")
        context.set_ciphers("ECDHE+AES")
        with pytest.raises(ssl.SSLError):
            secure(server, context)
        server.wait_for_log("the two sides have no cipher in common")
    ended = run_to_end(
        "serve", "service_site:Commands", "--bind", BIND, *certificates.options, "--tls-ciphers", "ROT13", cwd=HERE
    )
    assert ended.returncode == 1 and "--tls-ciphers: OpenSSL knows no cipher of 'ROT13'" in ended.stderr


def test_openssl_agrees(certificates: Certificates) -> None:
    with serve_service("Commands", "prefork", *certificates.options, bind=BIND) as server:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", certificates.ca, "-quiet"]
        found = subprocess.run(command, input=b"close\n", capture_output=True, timeout=PATIENCE_S)
        assert found.stdout == b"bye\nlast\n"
        assert b"Verification error" not in found.stderr and b"verify error" not in found.stderr


def test_what_cannot_be_served_is_said_at_once(certificates: Certificates, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tls_cert: '' given, expected a certificate file"):
        Config(target="a:b", bind="tls://127.0.0.1:0")
    for wrong, match in (
        ({"tls_cert": str(tmp_path / "none")}, "an existing file"),
        ({"tls_self_signed": True, "tls_cert": certificates.cert}, "beside --tls-cert"),
        ({"tls_cert": certificates.cert, "tls_key": (certificates.key,) * 2}, "as many as there are --tls-cert"),
        ({"tls_key_password_env": "A", "tls_key_password_file": certificates.key}, "not both"),
        ({"bind": BIND, "tls_cert": certificates.cert, "tls_client_cert": "optional"}, "--tls-client-ca beside it"),
    ):
        with pytest.raises(ConfigError, match=match):
            Config(target="a:b", **wrong)
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


def test_our_clients_say_what_is_wrong_with_a_server(certificates: Certificates) -> None:
    old = certificates.issue("old.example", until=EXPIRED)
    options = (
        "--tls-cert",
        certificates.cert,
        "--tls-key",
        certificates.key,
        "--tls-cert",
        old[0],
        "--tls-key",
        old[1],
    )
    modern = client_context(ca_file=certificates.ca, min_version="1.3")
    ancient = client_context(ca_file=certificates.ca)
    ancient.maximum_version = ssl.TLSVersion.TLSv1_2
    here = client_context(ca_file=certificates.ca)
    with serve_service("Commands", "prefork", *options, bind=BIND) as server:
        refusals = [
            (server.urls[0], here, "old.example", "certificate of old.example is refused: certificate has expired"),
            (server.urls[0], here, "two.example", "certificate of two.example is refused: Hostname mismatch"),
            (
                server.urls[0],
                None,
                "localhost",
                "of localhost is refused: it is self-signed, or its authority|authority",
            ),
        ]
        for url, context, name, why in refusals:
            with pytest.raises(ssl.SSLCertVerificationError, match=why):
                connect(url, framing=Lines("lf"), tls=context, server_name=name)
            with pytest.raises(ssl.SSLCertVerificationError, match=why):
                asyncio.run(connect_async(url, framing=Lines("lf"), tls=context, server_name=name))
            with pytest.raises(ssl.SSLCertVerificationError, match=why):
                connect_websocket(f"wss{url[3:]}/", tls=context, server_name=name)
            with pytest.raises(ssl.SSLCertVerificationError, match=why):
                asyncio.run(connect_websocket_async(f"wss{url[3:]}/", tls=context, server_name=name))
    demanding = (*certificates.options, "--tls-client-ca", certificates.ca, "--tls-min-version", "1.3")
    with serve_service("Commands", "prefork", *demanding, bind=BIND) as server:
        with pytest.raises(ssl.SSLError, match="TLS with localhost failed: the server wants another version of TLS"):
            connect(server.urls[0], framing=Lines("lf"), tls=ancient, server_name="localhost")
        with (
            pytest.raises(ssl.SSLError, match="the server wants a client certificate: give cert_file"),
            connect(server.urls[0], framing=Lines("lf"), tls=modern, server_name="localhost") as client,
        ):
            client.receive()
        with pytest.raises(ssl.SSLError, match="the server wants a client certificate: give cert_file"):
            connect_websocket(f"wss{server.urls[0][3:]}/", tls=modern, server_name="localhost")
        with pytest.raises(ssl.SSLError, match="the server wants a client certificate: give cert_file"):
            asyncio.run(connect_websocket_async(f"wss{server.urls[0][3:]}/", tls=modern, server_name="localhost"))
    with serve_service("framed", "prefork") as server:
        with pytest.raises(
            OSError, match=r"TLS with localhost failed: the (server does not speak TLS|connection was cut)"
        ):
            connect(server.urls[0].replace("tcp:", "tls:"), framing=Lines("lf"), server_name="localhost")


def test_a_renewed_certificate_is_shown_by_every_worker_while_connections_go_on(
    certificates: Certificates, tmp_path: Path
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    second = certificates.issue("localhost", stem="renewed")
    shutil.copy(certificates.cert, cert)
    shutil.copy(certificates.key, key)
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--workers", "2")
    context = certificates.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose ticket comes in the handshake

    def shown() -> tuple[bytes, bytes]:
        """The worker, and the certificate that it showed."""
        with secure(server, certificates.client()) as client:
            der = client.getpeercert(binary_form=True)
            assert der is not None
            return order(client, b"pid"), der

    with Server("service_site:Commands", *options, cwd=HERE, bind=BIND) as server, secure(server, context) as live:
        worker = order(live, b"pid")
        before = shown()[1]
        shutil.copy(second[0], cert)  # a broken pair, for now
        until(lambda: shown()[1] == before and "key values mismatch" in server.log, "a word of the broken pair")
        shutil.copy(second[1], key)
        renewed: set[bytes] = set()
        until(lambda: shown()[1] != before, "the renewed certificate")
        while len(renewed) < 2:
            pid, der = shown()
            if der != before:
                renewed.add(pid)
        assert order(live, b"pid") == worker  # whose connection is still that of the old one
        # Sessions outlive the renewal, in any worker.
        session = live.session
        with context.wrap_socket(server.connect(), server_hostname="localhost", session=session) as again:
            assert again.session_reused and order(again, b"pid") in renewed
        assert server.log.count("the one from before goes on being used") == 1
        assert server.log.count("was renewed, and is valid until") == 1
