"""HTTP/2 as users meet it: every rule on the wire under every model, real clients, TLS, drains, floods."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from fastnet.codecs.hpack import Decoder
from fastnet.codecs.http2 import ErrorCode, FrameType, encode_frame, parse_frames
from tests.protocols.http2_wire import GET, MARK, ROWS, START, STARTS, headers, of_type, outcome, reset, window
from tests.servers.certificates import Certificates
from tests.servers.serving import PATIENCE_S, Server, curl, until

APPS = '''
import asyncio, time

def wsgi(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("on purpose")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Protocol", environ["SERVER_PROTOCOL"])])
    if environ["PATH_INFO"] == "/large":
        return (b"%07d\\n" % i * 1000 for i in range(500))
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    return [body or environ["HTTP_HOST"].encode() + b" " + environ.get("HTTP_COOKIE", "").encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["path"] == "/fail":
        raise ValueError("on purpose")
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    fields = dict(scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"text/plain"), (b"x-protocol", b"HTTP/" + scope["http_version"].encode())]})
    if scope["path"] == "/large":
        for i in range(500):
            await send({"type": "http.response.body", "body": b"%07d\\n" % i * 1000, "more_body": True})
        await send({"type": "http.response.body"})
    else:
        answer = body or fields[b"host"] + b" " + fields.get(b"cookie", b"")
        await send({"type": "http.response.body", "body": answer})
'''
LARGE = b"".join(b"%07d\n" % i * 1000 for i in range(500))
PING = encode_frame(FrameType.PING, 0, 0, MARK)
MODELS = [(model, interface) for model in ("prefork", "threaded", "async") for interface in ("wsgi", "asgi")]


def serve(folder: Path, model: str, interface: str, *options: str, bind: str = "127.0.0.1:0") -> Server:
    (folder / "http2_apps.py").write_text(APPS)
    return Server(f"http2_apps:{interface}", "--model", model, "--workers", "1", *options, cwd=folder, bind=bind)


@pytest.fixture(scope="module", params=MODELS, ids=lambda pair: "-".join(pair))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("http2"), *request.param) as running:
        yield running


def talk(server: Server, sent: bytes) -> bytes:
    """What the server says to `sent`, up to an outcome."""
    heard = b""
    with server.connect() as client:
        client.sendall(sent)
        while True:
            try:
                outcome(heard)
                return heard
            except ValueError:
                got = client.recv(65536)
                assert got, f"closed after {heard!r}"
                heard += got


def test_every_rule(server: Server) -> None:
    wrong = [row.name for row in ROWS if not row.met_by(outcome(talk(server, START + row.sent + PING)))]
    assert wrong == []
    # The first of these is a bad request of HTTP/1 on a port where both are spoken.
    assert [row.name for row in STARTS[1:] if not row.met_by(outcome(talk(server, row.sent)))] == []


def test_byte_by_byte(server: Server) -> None:
    heard = b""
    with server.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in START + headers(1):
            client.sendall(bytes((byte,)))
        while not of_type(FrameType.DATA, heard):
            heard += client.recv(65536)
    fields = dict(Decoder().decode(of_type(FrameType.HEADERS, heard)[0].payload))
    assert fields[b":status"] == b"200" and fields[b"x-protocol"] == b"HTTP/2"
    assert of_type(FrameType.DATA, heard)[0].payload == b"a "


def test_http1_on_the_same_port(server: Server) -> None:
    assert server.get() == b"test "


def test_an_application_that_fails_ends_its_stream(server: Server) -> None:
    statuses: list[bytes] = []
    with server.connect() as client:
        client.sendall(START + headers(1, [*GET[:2], (":path", "/fail"), GET[3]]) + headers(3))
        decoder, heard = Decoder(), b""
        while len(of_type(FrameType.HEADERS, heard)) < 2:
            heard += client.recv(65536)
        for frame in of_type(FrameType.HEADERS, heard):
            statuses.append(dict(decoder.decode(frame.payload))[b":status"])
    assert sorted(statuses) == [b"200", b"500"]


def test_curl(server: Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    got = curl("--http2-prior-knowledge", "-w", " %{http_version}", "-b", "a=1", url + "/x")
    assert got == f"127.0.0.1:{server.port} a=1 2".encode()
    upload = tmp_path / "upload"
    upload.write_bytes(LARGE)
    assert curl("--http2-prior-knowledge", "--data-binary", f"@{upload}", url) == LARGE
    assert curl("--http2-prior-knowledge", url + "/large") == LARGE
    assert curl("--http2-prior-knowledge", "-I", url).startswith(b"HTTP/2 200")


def test_nghttp_and_h2load(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    got = subprocess.run(["nghttp", url + "/large", url], capture_output=True, timeout=PATIENCE_S)
    assert len(got.stdout) > len(LARGE), got.stderr
    load = subprocess.run(
        ["h2load", "-n", "400", "-c", "4", "-m", "16", url], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert "400 succeeded, 0 failed, 0 errored" in load.stdout, load.stdout


def test_a_window_that_stays_closed_holds_nothing_up(server: Server) -> None:
    """One stream's answer waits; others are answered; when the window opens it comes."""
    with server.connect() as client:
        client.sendall(START + headers(1, [*GET[:2], (":path", "/large"), GET[3]]) + window(0, 1 << 24))
        heard = b""
        while sum(len(f.payload) for f in of_type(FrameType.DATA, heard) if f.stream == 1) < 65535:
            heard += client.recv(65536)
        client.sendall(headers(3))
        while not any(f.stream == 3 for f in of_type(FrameType.DATA, heard)):
            heard += client.recv(65536)
        client.sendall(window(1, 1 << 24))
        while not any(f.stream == 1 and f.flags & 1 for f in of_type(FrameType.DATA, heard)):
            heard += client.recv(1 << 20)
    assert b"".join(f.payload for f in of_type(FrameType.DATA, heard) if f.stream == 1) == LARGE


def test_rapid_reset_is_told_to_calm_down(server: Server) -> None:
    flood = b"".join(headers(2 * i + 1, [*GET[:2], (":path", "/slow"), GET[3]], end=False) + reset(2 * i + 1)
                     for i in range(300))  # fmt: skip
    assert outcome(talk(server, START + flood)) == ErrorCode.ENHANCE_YOUR_CALM
    assert server.get() == b"test "


@pytest.mark.parametrize("model, interface", MODELS)
def test_tls(model: str, interface: str, certificates: Certificates, tmp_path: Path) -> None:
    with serve(tmp_path, model, interface, *certificates.options, bind="tls://127.0.0.1:0") as server:
        url = f"https://localhost:{server.port}"

        async def ask() -> list[httpx.Response]:
            async with httpx.AsyncClient(http2=True, verify=certificates.client(), timeout=PATIENCE_S) as client:
                return list(await asyncio.gather(
                    *(client.post(url, content=LARGE[: i * 1000]) for i in range(1, 20)), client.get(url + "/large")
                ))  # fmt: skip

        answers = asyncio.run(ask())
        assert {answer.http_version for answer in answers} == {"HTTP/2"}
        assert [answer.content for answer in answers] == [*(LARGE[: i * 1000] for i in range(1, 20)), LARGE]
        with httpx.Client(http2=False, verify=certificates.client(), timeout=PATIENCE_S) as client:
            assert client.get(url).http_version == "HTTP/1.1"


def test_no_http2(certificates: Certificates, tmp_path: Path) -> None:
    with serve(tmp_path, "prefork", "wsgi", "--no-http2", *certificates.options, bind="tls://127.0.0.1:0") as server:
        with httpx.Client(http2=True, verify=certificates.client(), timeout=PATIENCE_S) as client:
            assert client.get(f"https://localhost:{server.port}").http_version == "HTTP/1.1"
        context = certificates.client()
        with server.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as client_:
            assert isinstance(client_, ssl.SSLSocket)
            client_.sendall(START)
            assert client_.recv(65536).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("model, interface", MODELS)
def test_a_drain_loses_no_request(model: str, interface: str, tmp_path: Path) -> None:
    with serve(tmp_path, model, interface) as server, server.connect() as client:
        client.sendall(START + headers(1, [*GET[:2], (":path", "/slow"), GET[3]]) + PING)
        worker = psutil.Process(server.workers()[0])
        until(lambda: worker.is_running(), "the worker")
        heard = b""
        while not of_type(FrameType.SETTINGS, heard):
            heard += client.recv(65536)
        server.process.send_signal(signal.SIGTERM)
        while got := client.recv(65536):
            heard += got
        assert [f.stream for f in of_type(FrameType.DATA, heard) if f.flags & 1] == [1]
        goaways = of_type(FrameType.GOAWAY, heard)
        assert goaways and {f.number for f in goaways} == {ErrorCode.NO_ERROR} and goaways[-1].last_stream == 1
        assert parse_frames(heard, 1 << 24)[1] == len(heard)
        assert server.wait() == 0


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_requests_of_one_connection_are_at_work_at_once(interface: str, tmp_path: Path) -> None:
    """Twelve that take half a second each, under the model that overlaps them, before a thirteenth that takes six."""
    with serve(tmp_path, "async", interface, "--access-log", "json") as server, server.connect() as client:
        slow = [*GET[:2], (":path", "/slow"), GET[3]]
        client.sendall(START + b"".join(headers(2 * i + 1, slow) for i in range(12)))
        heard = b""
        while sum(f.flags & 1 for f in of_type(FrameType.DATA, heard)) < 12:
            heard += client.recv(65536)
        server.stop()
        assert server.process.stdout is not None
        lines = server.process.stdout.read()
        assert lines.count('"HTTP/2"') == 12 or lines.count("HTTP/2") == 12
