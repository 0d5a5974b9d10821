"""What a busy native driver owes to others: shares, deadlines, late input, limits, draining."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.serving import PATIENCE_S, Server

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


def get(target: str, extra: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()


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
