"""The pump: what was read together is answered together, in order, and everything that can move moves."""

import email.utils
import socket
import time

import pytest

from tests.servers.serving import Server

APP = """
def app(environ, start_response):
    body = environ["wsgi.input"].read() or environ["PATH_INFO"].encode()
    start_response("200 OK", [("content-type", "text/plain")])
    return [body]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body or scope["path"].encode()})
"""
KINDS = [("app", "prefork"), ("app", "threaded"), ("app", "async"), ("asgi", "async"), ("asgi", "threaded")]


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def server(request, tmp_path_factory):
    name, model = request.param
    site = tmp_path_factory.mktemp("pump")
    (site / "pump_app.py").write_text(APP)
    with Server(f"pump_app:{name}", "--model", model, "--workers", "1", cwd=site) as server:
        yield server


def read_answers(client, count):
    bodies = []
    with client.makefile("rb") as reader:
        for _ in range(count):
            head = {}
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            while (line := reader.readline()) != b"\r\n":
                field, _, value = line.partition(b":")
                head[field.lower()] = value.strip()
            bodies.append(reader.read(int(head[b"content-length"])))
    return bodies, head


def test_a_burst_of_pipelined_requests_is_answered_in_order(server):
    count = 1000
    burst = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(count))
    with server.connect() as client:
        client.sendall(burst)
        assert read_answers(client, count)[0] == [b"/%d" % i for i in range(count)]


def test_bodies_between_pipelined_requests(server):
    bodies = [b"x" * n for n in (1, 70_000, 0, 300_000, 5)]
    parts = [b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b) for b in bodies]
    with server.connect() as client:
        client.sendall(b"".join(parts))
        assert read_answers(client, len(parts))[0] == [body or b"/e" for body in bodies]


def test_a_half_closed_connection_gets_all_answers_and_is_closed(server):
    with server.connect() as client:
        client.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        received = b""
        while data := client.recv(65536):
            received += data
        assert received.count(b"HTTP/1.1 200 OK\r\n") == 2 and received.endswith(b"\r\n\r\n/2")


def test_the_date_goes_with_the_clock(server):
    seen = set()
    for _ in range(3):
        with server.connect() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            date = read_answers(client, 1)[1][b"date"].decode()
        assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 30
        seen.add(date)
        time.sleep(1.1)
    assert len(seen) == 3
