"""The native driver under load: any chunking, resets, half-closes, shares, deadlines, limits, draining."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.servers.serving import PATIENCE_S, Server, until

APP = """
import os, time

def app(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    start_response("200 OK", [])
    if path == "/echo":
        return [environ["wsgi.input"].read()]
    if path == "/blocks":
        return (b"%07d\\n" % i * 512 for i in range(int(query)))
    if path == "/endless":
        return iter(lambda: b"x" * 65536, None)
    if path == "/busy":
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
    if path == "/wait":
        while not os.path.exists(query):
            time.sleep(0.01)
    return [b"fine"]
"""
MODELS = ("prefork", "threaded")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site_of_native.py").write_text(APP)
    return tmp_path


@pytest.fixture(params=MODELS)
def server(request: pytest.FixtureRequest, site: Path) -> Iterator[Server]:
    with serving(site, request.param) as running:
        yield running


def serving(site: Path, model: str, *options: str) -> Server:
    return Server("site_of_native:app", "--model", model, "--workers", "1", *options, cwd=site)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def get(target: str, extra: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()


def bodies(data: bytes) -> list[bytes]:
    """The bodies of complete answers."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        if b"content-length: " in head:
            size = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
            body, data = data[:size], data[size:]
            assert len(body) == size
        else:
            body = b""
            while True:
                line, _, data = data.partition(b"\r\n")
                size = int(line, 16)
                body, data = body + data[:size], data[size + 2 :]
                if not size:
                    break
        found.append(body)
    return found


def scenario(server: Server, seed: int) -> None:
    """One client: some pipelined requests in random pieces, read at a random pace; sometimes it goes away midway."""
    chance = random.Random(seed)
    wire, expected = b"", []
    for i in range(chance.randrange(1, 30)):
        kind = chance.randrange(4)
        if kind == 0:
            body = chance.randbytes(chance.choice([1, 100, 5000, 100_000]))
            wire += b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            expected.append(body)
        elif kind == 1:
            body = chance.randbytes(chance.randrange(1, 3000))
            wire += b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body)
            wire += body + b"\r\n0\r\n\r\n"
            expected.append(body)
        elif kind == 2:
            blocks = chance.choice([1, 10, 200])
            wire += get(f"/blocks?{blocks}")
            expected.append(b"".join(b"%07d\n" % i * 512 for i in range(blocks)))
        else:
            wire += get("/fine")
            expected.append(b"fine")
    way = chance.choice(["close", "half-close", "reset"])
    if way == "close":
        wire += get("/fine", "Connection: close\r\n")
        expected.append(b"fine")
    stop = chance.randrange(len(wire)) if way == "reset" else len(wire)
    with server.connect() as client:

        def send() -> None:
            at = 0
            while at < stop:
                size = chance.choice([1, 7, 100, 3000, 70_000, 1 << 20])
                client.sendall(wire[at : min(stop, at + size)])
                at += size
                if chance.random() < 0.1:
                    time.sleep(0.001)
            if way == "half-close":
                client.shutdown(socket.SHUT_WR)

        if way == "reset":
            client.settimeout(0.05)  # it does not read, and so may not get rid of everything
            try:
                send()
            except (TimeoutError, ConnectionError):
                pass
            return reset(client)
        sender = threading.Thread(target=send)
        sender.start()
        got = bytearray()
        while data := client.recv(chance.choice([100, 10_000, 1 << 20])):
            got += data
        sender.join()
        assert bodies(bytes(got)) == expected, f"seed {seed}"


def test_every_answer_is_right_whatever_the_pieces_and_whoever_goes_away(server: Server) -> None:
    with ThreadPoolExecutor(16) as pool:
        for result in [pool.submit(scenario, server, seed) for seed in range(200)]:
            result.result()
    worker = psutil.Process(server.workers()[0])
    until(lambda: not [c for c in worker.net_connections() if c.status == "ESTABLISHED"], "every connection closed")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("greedy", [get("/endless"), get("/busy") * 2000], ids=["streaming", "pipelining"])
def test_a_greedy_client_leaves_others_their_share(site: Path, greedy: bytes) -> None:
    with serving(site, "prefork") as server, server.connect() as first, server.connect() as other:
        going = threading.Event()

        def take() -> None:
            taken = 0
            try:
                first.sendall(greedy)
                while data := first.recv(1 << 20):
                    taken += len(data)
                    going.set()
            except OSError:
                pass

        taker = threading.Thread(target=take)
        taker.start()
        assert going.wait(PATIENCE_S)
        for _ in range(20):
            other.sendall(get("/fine"))
            assert other.recv(65536).endswith(b"fine")
        assert taker.is_alive()
        first.shutdown(socket.SHUT_RDWR)
        taker.join()


def test_deadlines_are_kept_while_every_other_thread_is_busy(site: Path) -> None:
    with serving(site, "threaded", "--threads", "3", "--first-byte-timeout", "0.3") as server:
        with server.connect() as one, server.connect() as two, server.connect() as silent:
            one.sendall(get("/wait?go"))
            two.sendall(get("/wait?go"))
            assert silent.recv(1) == b""  # closed, although both busy threads still are
            (site / "go").touch()
            for client in (one, two):
                assert client.recv(65536).endswith(b"fine")


def test_what_arrived_while_the_worker_was_busy_is_not_late(site: Path) -> None:
    with serving(site, "prefork", "--first-byte-timeout", "0.3", "--head-timeout", "0.3") as server:
        clients = [server.connect() for _ in range(300)]  # more than the events of one wait
        clients[0].sendall(get("/wait?go"))
        for client in clients[1:]:
            client.sendall(get("/fine"))
        time.sleep(1)
        (site / "go").touch()
        for client in clients:
            assert client.recv(65536).endswith(b"fine")
            client.close()


def test_more_connections_than_allowed_wait_their_turn(site: Path) -> None:
    with serving(site, "threaded", "--max-connections", "4") as server:
        clients = [server.connect() for _ in range(12)]
        for client in clients:
            client.sendall(get("/fine"))
        for client in clients:
            assert client.recv(65536).endswith(b"fine")
            client.close()


def test_a_drain_ends_soon_when_connections_are_idle(server: Server) -> None:
    with server.connect() as client:
        client.sendall(get("/fine"))
        assert client.recv(65536).endswith(b"fine")
        server.process.terminate()
        assert client.recv(1) == b""
        assert server.wait() == 0
