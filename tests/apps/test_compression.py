"""Compressed answers: which ones are, by what, and that they say so; over the wire by curl and by hand."""

import gzip
import importlib
import socket
import zlib

import brotli
import pytest

from fastnet.apps.compression import MIN_BYTES, Compressor
from fastnet.errors import ConfigError
from tests.servers.serving import PATIENCE_S, Server, curl, run_to_end

try:
    zstd = importlib.import_module("compression.zstd")
except ImportError:
    zstd = importlib.import_module("backports.zstd")

DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress, None: lambda data: data}
TEXT = b"the quick brown fox " * 1000
APP = """
import os
TEXT = b"the quick brown fox " * 1000

def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    kind = "image/png" if path == "/image" else "text/plain"
    fields = [("Content-Type", kind), ("ETag", '"1"')]
    if path == "/length":
        fields.append(("Content-Length", str(len(TEXT))))
    write = start_response("200 OK", fields)
    if path == "/short":
        return [b"short"]
    if path == "/write":
        write(TEXT)
        return []
    if path == "/file":
        return environ["wsgi.file_wrapper"](open("text", "rb"))
    if path == "/stream":
        return stream()
    return [TEXT[:7000], TEXT[7000:]]

def stream():
    yield TEXT
    yield TEXT

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    path = scope["path"]
    kind = b"image/png" if path == "/image" else b"text/plain"
    fields = [(b"content-type", kind), (b"etag", b'"1"')]
    if path == "/length":
        fields.append((b"content-length", b"%d" % len(TEXT)))
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    if path == "/short":
        await send({"type": "http.response.body", "body": b"short"})
    elif path == "/file":
        await send({"type": "http.response.pathsend", "path": os.path.abspath("text")})
    elif path in ("/stream", "/write"):
        await send({"type": "http.response.body", "body": TEXT, "more_body": True})
        await send({"type": "http.response.body", "body": TEXT * (path == "/stream")})
    else:
        await send({"type": "http.response.body", "body": TEXT})
"""
CELLS = [(interface, model) for interface in ("wsgi", "asgi") for model in ("prefork", "threaded", "async")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "app.py").write_text(APP)
    (site / "text").write_bytes(TEXT)
    return site


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def server(request, site):
    interface, model = request.param
    options = ("--model", model, "--workers", "1", "--compress", "br, zstd,gzip")
    with Server(f"app:{interface}", *options, cwd=site) as server:
        yield server


def ask(server, path, accept="gzip", *options):
    url = f"{server.urls[0]}{path}"
    head, body = curl("-i", *options, "-H", f"Accept-Encoding: {accept}", url).split(b"\r\n\r\n", 1)
    fields = dict(line.decode().lower().split(": ", 1) for line in head.split(b"\r\n")[1:])
    return fields, body


@pytest.mark.parametrize(
    ("accept", "coding"),
    [*((c, c) for c in ("gzip", "br", "zstd")), ("gzip, br, zstd", "br"), ("gzip, br;q=0.5", "gzip"), ("", None)],
)
@pytest.mark.parametrize("path", ["/", "/length", "/write"])
def test_the_client_chooses(server, accept, coding, path):
    fields, body = ask(server, path, accept)
    assert fields.get("content-encoding") == coding
    assert fields["vary"] == "accept-encoding"
    assert fields["etag"] == ('w/"1"' if coding else '"1"')
    assert int(fields.get("content-length", len(body))) == len(body)
    assert DECODERS[coding](body) == TEXT
    assert (len(body) < 2000) == (coding is not None)


@pytest.mark.parametrize(("path", "content"), [("/short", b"short"), ("/image", TEXT), ("/file", TEXT)])
def test_some_answers_are_left_as_they_are(server, path, content):
    fields, body = ask(server, path)
    assert "content-encoding" not in fields
    assert body == content


def test_heads_have_no_body_to_compress(server):
    fields, body = ask(server, "/", "gzip", "-I")
    assert ("content-encoding" in fields, body) == (False, b"")


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_streamed_answer(server, coding):
    fields, body = ask(server, "/stream", coding)
    assert fields["content-encoding"] == coding
    assert DECODERS[coding](body) == TEXT * 2


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_what_was_streamed_can_be_read_before_the_next_piece(coding):
    encoder = Compressor([coding]).encoder(coding, 200, [("Content-Type", "text/plain")], None)
    first = encoder.piece(TEXT)
    decoder = {
        "gzip": lambda: zlib.decompressobj(31).decompress,
        "br": lambda: brotli.Decompressor().process,
        "zstd": lambda: zstd.ZstdDecompressor().decompress,
    }[coding]()
    assert decoder(first) == TEXT


PLAIN = ("Content-Type", "text/plain")


@pytest.mark.parametrize(
    ("status", "fields", "length", "compressed"),
    [
        (200, [PLAIN], None, True),
        (404, [PLAIN], None, True),
        (200, [PLAIN], MIN_BYTES - 1, False),
        (200, [PLAIN], MIN_BYTES, True),
        (200, [PLAIN], MIN_BYTES + 1, True),
        (200, [PLAIN, ("Content-Length", str(MIN_BYTES - 1))], None, False),
        (200, [PLAIN, ("Content-Length", str(MIN_BYTES))], None, True),
        (204, [PLAIN], None, False),
        (206, [PLAIN], None, False),
        (304, [PLAIN], None, False),
        (200, [], None, False),
        (200, [("content-type", "TEXT/HTML; charset=utf-8")], None, True),
        (200, [("content-type", "application/problem+json")], None, True),
        (200, [("content-type", "image/svg+xml")], None, True),
        (200, [("content-type", "video/mp4")], None, False),
        (200, [PLAIN, ("content-encoding", "br")], None, False),
        (200, [PLAIN, ("cache-control", "public, No-Transform")], None, False),
    ],
)
def test_which_answers_are_compressed(status, fields, length, compressed):
    fields = list(fields)
    before = list(fields)
    assert (Compressor(["gzip"]).encoder("gzip", status, fields, length) is not None) == compressed
    assert (("Content-Encoding", "gzip") in fields) == compressed
    assert compressed or fields == before


def test_fields_that_speak_of_the_body_change():
    fields = [PLAIN, ("ETag", '"a"'), ("Content-Length", "900"), ("Accept-Ranges", "bytes"), ("Vary", "Cookie")]
    assert Compressor(["gzip"]).encoder("gzip", 200, fields, None)
    assert fields == [
        PLAIN, ("ETag", 'W/"a"'), ("Vary", "Cookie"), ("Vary", "Accept-Encoding"), ("Content-Encoding", "gzip"),
    ]  # fmt: skip


def test_an_application_that_breaks_before_its_body_is_a_500(site):
    (site / "broken.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200})\n"
        "    raise RuntimeError('broken')\n"
    )
    with Server("broken:app", "--model", "async", "--compress", "gzip", cwd=site) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("codings", ["deflate", "gzip,", "gzip br"])
def test_an_unknown_coding_is_refused_at_start(site, codings):
    with pytest.raises(ConfigError, match=r"^compress: .* expected codings among br, zstd, gzip"):
        Compressor(codings.split(","))
    ended = run_to_end("serve", "app:wsgi", "--compress", codings, cwd=site)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
