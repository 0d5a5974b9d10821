"""Files in front of an app, over the wire, by curl and by hand: every model, sendfile and TLS."""

import random

import psutil
import pytest

from tests.servers.serving import Server, curl, run_to_end, until

APP = """
def wsgi(environ, start_response):
    body = b"app " + environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"app " + scope["path"].encode()})
"""
BIG = random.Random(7).randbytes(3_000_000)
CELLS = [(interface, model) for interface in ("wsgi", "asgi") for model in ("prefork", "threaded", "async")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "public").mkdir()
    (site / "public" / "big").write_bytes(BIG)
    (site / "public" / "a.txt").write_text("hello")
    (site / "public" / "a.txt.gz").write_bytes(b"packed")
    (site / "public" / "empty").touch()
    (site / "secret").write_text("secret")
    (site / "app.py").write_text(APP)
    return site


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def server(request, site, certificates):
    interface, model = request.param
    options = ("--model", model, "--workers", "1", "--static", "/s=public", "--static-max-age", "60")
    binds = {"bind": "tls://127.0.0.1:0", "cwd": site}
    with Server(f"app:{interface}", *options, "--bind", "127.0.0.1:0", *certificates.options, **binds) as server:
        yield server


def fetch(server, path, *options, tls=False):
    plain = next(url for url in server.urls if url.startswith("tls://" if tls else "http://"))
    base = plain.replace("tls://", "https://")
    return curl("-k", "--path-as-is", *options, base + path)


@pytest.mark.parametrize("tls", [False, True])
def test_whole_files_and_the_rest(server, tls):
    assert fetch(server, "/s/big", tls=tls) == BIG
    assert fetch(server, "/s/empty", tls=tls) == b""
    assert fetch(server, "/s/a.txt", "--compressed", "-H", "Accept-Encoding: br", tls=tls) == b"hello"
    assert fetch(server, "/s/none", tls=tls) == b"app /s/none"
    assert fetch(server, "/s/../secret", tls=tls) != b"secret"
    assert fetch(server, "/s/a.txt", "-d", "x=1", tls=tls) == b"app /s/a.txt"
    # a body that nobody asked for does no harm to the request after it
    again = ("-:", "-sk", f"{server.urls[0]}/s/a.txt")
    assert fetch(server, "/s/a.txt", "-X", "GET", "-d", "x" * 9000, *again) == b"hello" * 2


@pytest.mark.parametrize("tls", [False, True])
def test_parts_of_files(server, tls):
    assert fetch(server, "/s/big", "-r", "100000-2000000", tls=tls) == BIG[100000:2000001]
    assert fetch(server, "/s/big", "-r", "-5", tls=tls) == BIG[-5:]
    several = fetch(server, "/s/big", "-r", "0-9,1000000-1999999,-3", tls=tls)
    boundary = several.split(b"\r\n", 2)[1]
    parts = [part.split(b"\r\n\r\n", 1)[1] for part in several.split(b"\r\n" + boundary)[1:-1]]
    assert parts == [BIG[:10], BIG[1000000:2000000], BIG[-3:]]
    assert several.endswith(boundary + b"--\r\n")


def test_files_over_http2(server):
    assert fetch(server, "/s/big", "--http2-prior-knowledge") == BIG
    assert fetch(server, "/s/big", "--http2-prior-knowledge", "-r", "100-199") == BIG[100:200]
    assert fetch(server, "/s/none", "--http2-prior-knowledge") == b"app /s/none"


def test_a_download_goes_on_where_it_broke(server, tmp_path):
    (tmp_path / "big").write_bytes(BIG[:1234567])
    fetch(server, "/s/big", "-C", "-", "-o", str(tmp_path / "big"))
    assert (tmp_path / "big").read_bytes() == BIG


def test_heads(server):
    def head(path, *options):
        lines = fetch(server, path, "-I", *options).decode().split("\r\n")
        return lines[0].split()[1], dict(line.lower().split(": ", 1) for line in lines[1:] if line)

    status, fields = head("/s/a.txt")
    assert (status, fields["content-length"], fields["cache-control"]) == ("200", "5", "public, max-age=60")
    tag, modified = fields["etag"], fields["last-modified"]
    assert head("/s/a.txt", "-H", f"If-None-Match: {tag}")[0] == "304"
    assert "content-length" not in head("/s/a.txt", "-H", f"If-Modified-Since: {modified}")[1]
    assert head("/s/a.txt", "-H", 'If-Match: "other"')[0] == "412"
    status, fields = head("/s/a.txt", "-H", "Range: bytes=9-")
    assert (status, fields["content-range"]) == ("416", "bytes */5")
    assert head("/s/a.txt", "-H", "Accept-Encoding: gzip")[1]["content-encoding"] == "gzip"


def test_who_gives_up_leaves_no_file_open(server):
    worker = psutil.Process(server.workers()[0])
    for _ in range(3):
        with server.connect() as client:
            client.sendall(b"GET /s/big HTTP/1.1\r\nHost: t\r\n\r\n")
            assert client.recv(1000)
    until(lambda: not [file for file in worker.open_files() if file.path.endswith("/big")], "the files to be closed")


def test_a_file_that_shrinks_while_it_is_sent_breaks_that_connection_only(server, site):
    (site / "public" / "shrinks").write_bytes(bytes(50_000_000))
    with server.connect() as client:
        client.sendall(b"GET /s/shrinks HTTP/1.1\r\nHost: t\r\n\r\n")
        assert b"content-length: 50000000" in client.recv(1000).lower()
        (site / "public" / "shrinks").write_bytes(b"")
        try:
            got = sum(map(len, iter(lambda: client.recv(1 << 20), b"")))
        except ConnectionResetError:
            got = 0
    assert got < 49_000_000
    assert fetch(server, "/s/a.txt") == b"hello"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--static", "s=public"], "static: 's=public' given, expected /PATH=DIRECTORY"),
        (["--static", "/s=nowhere"], "expected a directory that can be read"),
        (["--static-max-age", "-1"], "static-max-age"),
    ],
)
def test_bad_options_are_refused_at_start(site, options, words):
    ended = run_to_end("serve", "app:wsgi", *options, cwd=site)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert words in ended.stderr
