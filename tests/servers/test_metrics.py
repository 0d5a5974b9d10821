"""Metrics of a running server: what its clients did must be what it says."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.metrics import exposition, metrics_app, readiness
from tests.servers.serving import PATIENCE_S, Server, listens, until

WSGI = """
import time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        open("slow-begun", "w").close()
        time.sleep(1.5)
    if path == "/boom":
        raise ValueError("as asked")
    start_response("404 Not Found" if path == "/none" else "200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 100]
"""
ASGI = """
import asyncio
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    if scope["path"] == "/boom":
        raise ValueError("as asked")
    if scope["path"] == "/slow":
        open("slow-begun", "w").close()
        await asyncio.sleep(.02)
    await send({"type": "http.response.start", "status": 404 if scope["path"] == "/none" else 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 100})
"""


def parse(text: str) -> dict[str, float]:
    samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in samples}


class Watched(Server):
    """A server whose metrics are read."""

    @property
    def metrics_port(self) -> int:
        return int(self.wait_for_log(r"metrics at http://127.0.0.1:(\d+)")[1])

    def ask_monitor(self, path: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.metrics_port), timeout=PATIENCE_S) as client:
            client.sendall(request(path))
            return b"".join(iter(lambda: client.recv(65536), b""))

    def metrics(self) -> dict[str, float]:
        return parse(self.ask_monitor("/metrics").partition(b"\r\n\r\n")[2].decode())

    def send(self, data: bytes) -> bytes:
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))


def request(path: str) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" % path.encode()


@pytest.mark.parametrize(
    "text, options",
    [(WSGI, ["--workers", "2"]), (WSGI, ["--model", "async"]), (ASGI, ["--model", "threaded", "--threads", "2"])],
    ids=["prefork", "async-wsgi", "threaded-asgi"],
)
def test_the_counts_are_those_of_the_clients(tmp_path: Path, text: str, options: list[str]) -> None:
    (tmp_path / "site_app.py").write_text(text)
    with Watched("site_app:app", *options, "--metrics", "127.0.0.1:0", cwd=tmp_path) as server:
        for path, n in (("/", 5), ("/none", 3), ("/boom", 2)):
            for _ in range(n):
                assert server.send(request(path))
        assert server.send(b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        until(lambda: server.metrics()["fastnet_connections"] == 0, "all connections to be closed")
        found = server.metrics()
        by_class = [found[f'fastnet_http_answers_total{{status="{i}xx"}}'] for i in (2, 3, 4, 5)]
        assert by_class == [5, 0, 4, 2]
        assert found["fastnet_requests_total"] == 10
        assert found["fastnet_connections_accepted_total"] == 11
        assert found['fastnet_errors_total{kind="refused"}'] == 1
        assert found["fastnet_request_duration_seconds_count"] == 10
        assert found['fastnet_request_duration_seconds_bucket{le="+Inf"}'] == 10
        assert 0 < found["fastnet_request_duration_seconds_sum"] < 600
        assert found["fastnet_received_bytes_total"] == sum(
            n * len(request(path)) for path, n in (("/", 5), ("/none", 3), ("/boom", 2))
        ) + len(b"GET / HTTP/1.1\r\n\r\n")
        assert found["fastnet_sent_body_bytes_total"] >= 800


def test_what_a_worker_counted_outlives_it(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(WSGI)
    with Watched("site_app:app", "--workers", "1", "--metrics", "127.0.0.1:0", cwd=tmp_path) as server:
        for n in range(1, 4):
            server.get()
            worker = next(pid for pid in server.workers() if listens(pid, server.port))
            if n == 2:
                server.process.send_signal(signal.SIGHUP)
            else:
                os.kill(worker, signal.SIGKILL)
            until(lambda gone=worker: gone not in server.workers(), "the old worker's end")
            until(lambda: server.metrics()['fastnet_workers{state="ready"}'] == 1, "a new worker")
            assert server.metrics()["fastnet_requests_total"] == n
        found = server.metrics()
        assert found['fastnet_workers_replaced_total{reason="died"}'] == 2
        assert found['fastnet_workers_replaced_total{reason="reload"}'] == 1
        assert server.stop() == 0
        assert "stopped after 3 requests" in server.log


def test_saturation_shows_while_it_lasts(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(WSGI)
    with Watched("site_app:app", "--workers", "1", "--metrics", "127.0.0.1:0", cwd=tmp_path) as server:
        with server.connect() as client:
            client.sendall(request("/slow"))
            until((tmp_path / "slow-begun").exists, "the slow request to begin")
            others = [server.connect() for _ in range(4)]
            until(lambda: server.metrics()["fastnet_accept_queue"] == 4, "four in the queue")
            found = server.metrics()
            assert found["fastnet_busy_threads"] == found["fastnet_threads"] == 1
            assert found["fastnet_connections"] == 1 and found["fastnet_oldest_request_seconds"] > 0
            for other in others:
                other.close()
            assert client.recv(100)
        until(lambda: server.metrics()["fastnet_busy_threads"] == 0, "the end of the request")
        assert server.metrics()["fastnet_accept_queue"] == 0


def test_a_client_that_leaves_and_one_that_is_late_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(WSGI)
    options = ["--head-timeout", "0.3", "--keepalive-timeout", "0.3", "--metrics", "127.0.0.1:0"]
    with Watched("site_app:app", "--workers", "1", *options, cwd=tmp_path) as server:
        with server.connect() as late, server.connect() as idle:
            late.sendall(b"GET / HTTP/1.1\r\n")
            idle.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            while late.recv(1000):
                pass
            while idle.recv(1000):
                pass
        until(lambda: server.metrics()['fastnet_errors_total{kind="late"}'] == 1, "the late one")
        assert server.metrics()['fastnet_errors_total{kind="left"}'] == 0


def test_health_and_readiness(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(WSGI)
    with Watched("site_app:app", "--workers", "1", "--metrics", "127.0.0.1:0", cwd=tmp_path) as server:
        assert server.ask_monitor("/-/healthy").startswith(b"HTTP/1.1 200 ")
        assert server.ask_monitor("/-/ready").startswith(b"HTTP/1.1 200 ")
        assert server.ask_monitor("/").startswith(b"HTTP/1.1 404 ")
        with server.connect() as client:
            client.sendall(request("/slow"))
            until((tmp_path / "slow-begun").exists, "the slow request to begin")
            server.process.send_signal(signal.SIGTERM)
            server.wait_for_log("finishing the requests in progress")
            answer = server.ask_monitor("/-/ready")
            assert answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"\r\n\r\ndraining\n")
            assert server.ask_monitor("/-/healthy").startswith(b"HTTP/1.1 200 ")
        assert server.wait() == 0


def test_readiness_without_a_worker() -> None:
    board = Board(2, 1)
    assert readiness(board) == "no worker is ready"
    board.set_state(1, "retiring", 1)
    assert readiness(board) == "no worker is ready"
    board.set_state(0, "ready", 2)
    assert readiness(board) == ""
    board.set_draining()
    assert readiness(board) == "draining"


def test_the_text_is_what_prometheus_reads() -> None:
    text = exposition(Board(2, 2), Config(target="site:app"), [])
    sample = re.compile(r'fastnet_[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? \d+(\.\d+)?(e[-+]\d+)?')
    described = set()
    for line in text.splitlines():
        if line.startswith("# "):
            described.add(line.split()[2])
        else:
            assert sample.fullmatch(line), line
            name = line.partition("{")[0].partition(" ")[0]
            assert name in described or re.sub("_(bucket|sum|count)$", "", name) in described
    assert text.endswith("\n")


def test_other_methods_are_refused() -> None:
    said: list[Any] = []
    app = metrics_app(Board(1, 1), Config(target="site:app"), [])
    app({"REQUEST_METHOD": "POST", "PATH_INFO": "/metrics"}, lambda *answer: said.append(answer))
    assert said[0][0] == "405 Method Not Allowed"
