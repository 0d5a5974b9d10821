"""WSGI applications in a pool of threads beside the loop."""

import threading
import time
import wsgiref.validate

import pytest

from tests.servers.loops import LOOPS, read_all, read_until, serving
from tests.servers.serving import until

CLOSE = b"Connection: close\r\n\r\n"


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, interface="wsgi", **options)


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello ", environ["PATH_INFO"].encode()]


def test_valid_and_out_of_the_loops_thread(serve):
    threads = set()

    @wsgiref.validate.validator
    def app(environ, start_response):
        threads.add(threading.current_thread().name)
        assert environ["wsgi.multithread"]
        return hello(environ, start_response)

    with serve(app) as server:
        head, body = server.get("/a%20b")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == b"6\r\nhello \r\n4\r\n/a b\r\n0\r\n\r\n"
        assert all(name.startswith("fastnet-wsgi") for name in threads)


def test_requests_that_block_do_not_hold_up_others(serve):
    def app(environ, start_response):
        time.sleep(0.3)
        return hello(environ, start_response)

    with serve(app, threads=8) as server:
        socks = [server.connect() for _ in range(8)]
        began = time.monotonic()
        for sock in socks:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        for sock in socks:
            assert read_all(sock).endswith(b"hello /")
            sock.close()
        assert time.monotonic() - began < 2.0, "eight at a time take as long as one, not as eight"


def test_pool_is_bounded(serve):
    running, most = [], []

    def app(environ, start_response):
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        return hello(environ, start_response)

    with serve(app, threads=2) as server:
        socks = [server.connect() for _ in range(6)]
        for sock in socks:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        for sock in socks:
            assert read_all(sock).endswith(b"hello /")
            sock.close()
    assert max(most) == 2


def test_pipelining_keeps_the_order(serve):
    with serve(hello) as server:
        requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: t\r\n\r\n" % n for n in range(30))
        reply = server.talk(requests, b"GET /last HTTP/1.1\r\nHost: t\r\n" + CLOSE)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in reply.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"hello /%d" % n for n in range(30)] + [b"hello /last"]


def test_body_and_echo(serve):
    def app(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    for size in (1, 1000, 2_000_000):
        with serve(app) as server:
            content = bytes(range(250)) * (size // 250 + 1)
            reply = server.talk(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n" % len(content) + CLOSE, content)
            assert reply.partition(b"\r\n\r\n")[2] == content


def test_stream_arrives_piece_by_piece(serve):
    go_on = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        assert go_on.wait(10)
        yield b"second"

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        read_until(sock, b"first\r\n")
        go_on.set()
        assert read_all(sock) == b"6\r\nsecond\r\n0\r\n\r\n"


def test_stream_waits_for_a_client_that_does_not_read_without_holding_a_thread(serve):
    produced = []

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/quick":
            return hello(environ, start_response)
        start_response("200 OK", [])
        return stream()

    def stream():
        for n in range(1000):
            produced.append(n)
            yield bytes(100_000)

    with serve(app, threads=1) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        time.sleep(0.5)
        stuck = len(produced)
        assert server.get("/quick")[1] == b"hello /quick"
        assert len(produced) == stuck < 300
        assert len(read_all(sock)) > 100_000_000
    assert len(produced) == 1000


def test_write_waits_too(serve):
    def app(environ, start_response):
        write = start_response("200 OK", [])
        for _ in range(300):
            write(bytes(100_000))
        return []

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        time.sleep(0.3)
        assert len(read_all(sock)) > 30_000_000


def test_failures(serve, caplog):
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/early":
            raise ValueError("my fault")
        if path == "/header":
            start_response("200 OK", [("X-A", "1\r\nSet-Cookie: x")])
            return [b"x"]
        start_response("200 OK", [])
        return late()

    def late():
        yield b"abc"
        raise ValueError("my fault")

    with serve(app) as server:
        assert server.get("/early")[0].startswith(b"HTTP/1.1 500 ") and "my fault" in caplog.text
        head, _ = server.get("/header")
        assert head.startswith(b"HTTP/1.1 500 ") and b"set-cookie" not in head.lower()
        try:
            reply = server.get("/late")[1]
        except ConnectionResetError:
            reply = b""
        assert not reply.endswith(b"0\r\n\r\n")


def test_iterable_is_closed_when_the_client_goes(serve):
    closed = threading.Event()

    class Body:
        def __iter__(self):
            return self

        def __next__(self):
            time.sleep(0.01)
            return b"x" * 1000

        def close(self):
            closed.set()

    def app(environ, start_response):
        start_response("200 OK", [])
        return Body()

    with serve(app) as server:
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            sock.recv(100)
        assert closed.wait(10)
        until(lambda: server.service._connections.count == 0, "no connection left")


def test_file_wrapper(serve, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content := bytes(range(256)) * 2000)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    with serve(app) as server:
        assert server.get()[1] == content
