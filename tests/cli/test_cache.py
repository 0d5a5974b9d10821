"""`fastnet cache`: it serves, under every model; wrong options are told in a line."""

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from tests.clients.caches import cache_server, fastnet
from tests.servers.services import MODELS, read_exactly
from tests.servers.serving import PATIENCE_S, run_to_end


@pytest.mark.parametrize("model", MODELS)
def test_it_serves(model: str) -> None:
    with fastnet("--memory", "2m", "--max-item", "100k", model=model) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as one:
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as two:
                # More is asked for than is read: what waits is bounded, and all of it comes.
                one.sendall(b"set a 0 0 100000\r\n" + bytes(100_000) + b"\r\n" + b"get a\r\n" * 50)
                two.sendall(b"get a\r\n" * 2)
                answer = b"VALUE a 0 100000\r\n" + bytes(100_000) + b"\r\nEND\r\n"
                assert read_exactly(one, 8 + 50 * len(answer)) == b"STORED\r\n" + answer * 50
                found = read_exactly(two, 5)
                assert found in (b"END\r\n", b"VALUE")
                two.sendall(b"set a 0 0 1\r\nxyz\r\n")
                rest = b"".join(iter(lambda: two.recv(1 << 16), b""))
                assert rest.endswith(b"CLIENT_ERROR bad data chunk\r\n")
                one.sendall(b"quit\r\n")
                assert one.recv(1) == b""


CONVERSATION = [
    (b"set a 5 0 6\r\n\r\n\r\nhi\r\n", b"STORED\r\n"),
    (b"get a missing\r\n", b"VALUE a 5 6\r\n\r\n\r\nhi\r\nEND\r\n"),
    (b"set n 0 60 2\r\n41\r\n", b"STORED\r\n"),
    (b"incr n 1\r\n", b"42\r\n"),
    (b"add n 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
    (b"delete n noreply\r\nincr n 1\r\n", b"NOT_FOUND\r\n"),
    (b"nothing\r\n", b"ERROR\r\n"),
    (b"mg page N30 v\r\nmg page N30 v\r\n", b"VA 0 W\r\n\r\nVA 0 Z\r\n\r\n"),
    (b"ms page 2 T60 q\r\nok\r\nmg page v\r\nmn\r\n", b"VA 2\r\nok\r\nMN\r\n"),
    (b"ms " + b"k" * 251 + b" 4\r\nmn\r\n\r\nmn\r\n", b"CLIENT_ERROR bad command line format\r\nMN\r\n"),
]


@pytest.mark.parametrize("step", [0, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("transport", ["tcp", "unix", "tls"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_on_every_transport(model: str, transport: str, step: int, tmp_path: Path) -> None:
    path, options = str(tmp_path / "cache.sock"), list[str]()
    tls = ssl.create_default_context()
    if transport == "tls":
        authority, certificate = trustme.CA(), str(tmp_path / "server.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        authority.configure_trust(tls)
        options = ["--tls-cert", certificate]
    bind = {"tcp": "127.0.0.1:0", "unix": f"unix:{path}", "tls": "tls://127.0.0.1:0"}[transport]
    with cache_server(*options, model=model, bind=bind) as server:
        if transport == "unix":
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE_S)
            client.connect(path)
        else:
            client = server.connect()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = tls.wrap_socket(client, server_hostname="localhost") if transport == "tls" else client
        with client:
            for request, answer in CONVERSATION:
                for at in range(0, len(request), step or len(request)):
                    client.sendall(request[at : at + (step or len(request))])
                assert read_exactly(client, len(answer)) == answer, request
            client.sendall(b"quit\r\n")
            assert client.recv(1) == b""


@pytest.mark.parametrize("options, said", [
    (["--workers", "2"], "--workers: 2 given, expected 1: each process would have a cache of its own"),
    (["--memory", "much"], "--memory: 'much' given, expected bytes, or a number with k, m or g: 64m"),
    (["--memory", "1k"], "--memory: '1k' given, expected a number of bytes, at least 1048576"),
    (["--idle-timeout", "x"], "--idle-timeout: 'x' given, expected a number of seconds"),
    (["--workers", "x"], "--workers: 'x' given, expected 1"),
])  # fmt: skip
def test_wrong_options(options: list[str], said: str, tmp_path: Path) -> None:
    ended = run_to_end("cache", *options, cwd=tmp_path)
    assert (ended.returncode, ended.stderr.strip()) == (2, f"fastnet: {said}")


def test_help_has_the_defaults_of_this_command(tmp_path: Path) -> None:
    text = " ".join(run_to_end("cache", "--help", cwd=tmp_path).stdout.split())
    assert "[64m]" in text and "[127.0.0.1:11211]" in text and "[threaded]" in text and "--access-log" not in text
