"""Sockets of the native driver: partial writes, slow readers, files by sendfile, resets, early answers."""

import hashlib
import os
import socket
import struct
import time

import psutil
import pytest

from tests.servers.serving import Server, ask, until

APP = """
import os
BIG = bytes(range(256)) * 40000          # 10 MB

def app(environ, start_response):
    path = environ["PATH_INFO"]
    start_response("200 OK", [("content-type", "application/octet-stream")])
    if path == "/big":
        return [BIG]
    if path == "/parts":
        return (BIG[i:i + 100000] for i in range(0, len(BIG), 100000))
    if path == "/file":
        return environ["wsgi.file_wrapper"](open(os.environ["BIG_FILE"], "rb"))
    if path == "/shrinking":
        return environ["wsgi.file_wrapper"](open(os.environ["SHRINKING_FILE"], "rb"))
    return [b"ok"]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    await send({"type": "http.response.start", "status": 200})
    if path in ("/file", "/shrinking"):
        name = os.environ["BIG_FILE" if path == "/file" else "SHRINKING_FILE"]
        await send({"type": "http.response.pathsend", "path": name})
    elif path == "/parts":
        for i in range(0, len(BIG), 100000):
            await send({"type": "http.response.body", "body": BIG[i:i + 100000], "more_body": True})
        await send({"type": "http.response.body"})
    else:
        await send({"type": "http.response.body", "body": BIG if path == "/big" else b"ok"})
"""
BIG = bytes(range(256)) * 40000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return tmp_path_factory.mktemp("channel")


@pytest.fixture(scope="module", params=["prefork-app", "threaded-app", "async-app", "async-asgi"])
def server(request, site):
    model, app = request.param.split("-")
    (site / "channel_app.py").write_text(APP)
    (site / "big").write_bytes(BIG)
    options = ["--model", model, "--workers", "1", "--max-body", "1000"]
    files = {"BIG_FILE": str(site / "big"), "SHRINKING_FILE": str(site / "shrinking")}
    with Server(f"channel_app:{app}", *options, cwd=site, env=files) as server:
        yield server


def body_of(data):
    head, _, body = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head:
        return body
    parts = []
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return b"".join(parts)
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]


@pytest.mark.parametrize("path", ["/big", "/parts", "/file"])
def test_a_slow_reader_gets_every_byte_while_others_are_served(server, path):
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        data = bytearray()
        for _ in range(20):
            data += slow.recv(4096)
            assert server.get("/") == b"ok"
        while piece := slow.recv(1 << 20):
            data += piece
    assert hashlib.sha256(body_of(bytes(data))).digest() == hashlib.sha256(BIG).digest()


@pytest.mark.parametrize("path", ["/big", "/parts", "/file"])
def test_a_reset_amid_an_answer_hurts_nobody(server, path):
    assert server.get("/") == b"ok"
    (pid,) = server.workers()
    worker = psutil.Process(pid)
    files = worker.num_fds()
    for _ in range(5):
        client = server.connect()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        client.recv(1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert server.get("/") == b"ok"
    until(lambda: worker.num_fds() <= files, "the connections and files to be closed")


def test_a_refused_upload_reads_its_answer(server):
    """The answer is there although the client goes on sending: closing at once would reset the connection."""
    with server.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
        time.sleep(0.1)
        client.sendall(b"x" * 200_000)
        answer = b""
        while data := client.recv(65536):
            answer += data
        assert answer.startswith(b"HTTP/1.1 413 ") and b"connection: close" in answer


def test_connections_are_used_again_after_a_file(server):
    with server.connect() as client:
        for _ in range(3):
            assert ask(client, "/file") == BIG
            assert ask(client, "/") == b"ok"


def test_a_file_that_becomes_shorter_ends_the_connection(server, site):
    file = site / "shrinking"
    file.touch()
    os.truncate(file, size := 1 << 28)
    with server.connect() as client:
        client.sendall(b"GET /shrinking HTTP/1.1\r\nHost: a\r\n\r\n")
        received = len(client.recv(1000))
        os.truncate(file, 0)
        while data := client.recv(1 << 20):
            received += len(data)
    assert received < size
    server.wait_for_log("a file became shorter while it was sent")  # so the driver it was that sent it
    assert server.get("/") == b"ok"
