"""What a server must survive, under every model and for both kinds of application: real processes, real sockets."""

import asyncio
import contextlib
import os
import re
import resource
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.servers.load import Client, Load
from tests.servers.serving import PATIENCE_S, Server, get, until

APP = """
import asyncio, os, time

PID = b"%d" % os.getpid()
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(PID)))]
BIG = b"x" * 65536

def spin():
    sum(range(10**15))

def wsgi(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/big":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (BIG for _ in range(64))
    if path == "/nap":
        time.sleep(.01)
    if path == "/spin":
        spin()
    environ["wsgi.input"].read()
    start_response("200 OK", HEADERS)
    return [PID]

async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
    if scope["path"] == "/big":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": BIG, "more_body": True})
        await send({"type": "http.response.body"})
        return
    if scope["path"] == "/nap":
        await asyncio.sleep(.01)
    if scope["path"] == "/spin":
        spin()
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PID})
"""
MODELS = ("prefork", "threaded", "async")
INTERFACES = ("wsgi", "asgi")
CELLS = [pytest.param(model, kind, id=f"{model}-{kind}") for model in MODELS for kind in INTERFACES]
every_cell = pytest.mark.parametrize(("model", "kind"), CELLS)

CLIENTS = 64
NO_FILES = "Too many open files|few file descriptors are left"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "faults_app.py").write_text(APP)
    return tmp_path


@contextlib.contextmanager
def serving(site: Path, model: str, kind: str, *options: str, workers: int = 1, **more: Any) -> Iterator[Server]:
    arguments = ["--model", model, "--workers", str(workers), *options]
    with Server(f"faults_app:{kind}", *arguments, cwd=site, **more) as server:
        until(lambda: len(server.workers()) == workers, "the workers")
        yield server


def worker_of(server: Server) -> psutil.Process:
    (pid,) = server.workers()
    return psutil.Process(pid)


async def start_all_threads(server: Server) -> None:
    """The pool of a WSGI application under async grows to its bound, 16, as requests overlap."""
    clients = [await Client.connect(server.port) for _ in range(CLIENTS)]
    await asyncio.gather(*(client.get("/nap") for client in clients))
    for client in clients:
        client.close()


# Workers that die


@every_cell
def test_kill_9_under_load_costs_only_the_requests_in_the_killed_worker(site: Path, model: str, kind: str) -> None:
    async def scenario(server: Server) -> None:
        load = Load(server.port)
        running = asyncio.create_task(load.run(CLIENTS))
        victims = []
        for _ in range(2):
            before = load.answered
            while load.answered < before + 2000:
                await asyncio.sleep(0.01)
            victims.append(server.workers()[0])
            os.kill(victims[-1], signal.SIGKILL)
            while len(server.workers()) < 2 or victims[-1] in server.workers():
                await asyncio.sleep(0.01)
        before = load.answered
        while load.answered < before + 2000:
            await asyncio.sleep(0.01)
        load.stop.set()
        await running
        assert load.refused == 0
        # Connections that had never been answered may have belonged to a victim as well; others may not have suffered.
        known = {worker for worker, _ in load.lost} - {b""}
        assert known <= {b"%d" % pid for pid in victims}, load.lost
        assert len(load.lost) <= CLIENTS * len(victims)

    with serving(site, model, kind, workers=2) as server:
        asyncio.run(scenario(server))
        until(lambda: server.log.count("killed by SIGKILL") == 2, "a line for each of the killed")
        assert server.stop() == 0, server.log


@every_cell
def test_a_stuck_worker_is_replaced_and_its_stack_logged(site: Path, model: str, kind: str) -> None:
    with serving(site, model, kind, "--request-timeout", "1") as server:
        (stuck,) = server.workers()
        with server.connect() as client:
            client.sendall(b"GET /spin HTTP/1.1\r\nHost: test\r\n\r\n")
            server.wait_for_log(rf"\(pid {stuck}\) is stuck for .*; killing it")
            server.wait_for_log(r'faults_app.py", line \d+ in spin')
            assert client.recv(1) == b""
        until(lambda: server.workers() not in ([], [stuck]), "another worker")
        assert int(server.get()) in server.workers()


@pytest.mark.parametrize(
    ("model", "kind", "options"),
    [pytest.param(*cell.values, [], id=cell.id) for cell in CELLS]
    + [pytest.param("prefork", "wsgi", ["--reuse-port"], id="prefork-wsgi-reuse_port")]
    + [pytest.param("threaded", "asgi", ["--reuse-port"], id="threaded-asgi-reuse_port")],
)
@pytest.mark.parametrize("extra", ["", "Connection: close\r\n"], ids=["keep-alive", "close"])
def test_sigterm_under_load_loses_no_request(
    site: Path, model: str, kind: str, options: list[str], extra: str
) -> None:
    async def scenario(server: Server) -> None:
        load = Load(server.port, extra)
        running = asyncio.create_task(load.run(CLIENTS, "/nap"))
        while load.answered < 300:
            await asyncio.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        await running
        assert load.lost == []
        assert load.refused == CLIENTS

    with serving(site, model, kind, *options, workers=2) as server:
        asyncio.run(scenario(server))
        assert server.wait() == 0
        assert int(re.findall(r"stopped after (\d+) requests", server.log)[0]) >= 300


# Descriptors


@every_cell
def test_without_a_free_descriptor_it_pauses_accepting_and_recovers(site: Path, model: str, kind: str) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))

    with serving(site, model, kind, "--first-byte-timeout", "1000", preexec=limit) as server:
        asyncio.run(start_all_threads(server))
        first = server.connect()
        assert get_kept(first) == b"%d" % worker_of(server).pid
        crowd = [server.connect() for _ in range(500)]
        server.wait_for_log(NO_FILES)
        # Those who are in are served, those outside wait, and the worker waits too instead of spinning.
        assert get_kept(first)
        process = worker_of(server)
        begin, threads = process.cpu_times(), process.num_threads()
        for _ in range(50):
            assert get_kept(first)
        outside = crowd[-1]
        outside.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        outside.settimeout(1)
        with pytest.raises(TimeoutError):
            outside.recv(1)
        spent = process.cpu_times()
        assert spent.user + spent.system - begin.user - begin.system < 0.5
        for client in crowd[:400]:
            client.close()
        outside.settimeout(PATIENCE_S)
        assert outside.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert get_kept(first)
        assert process.num_threads() == threads
        assert len(re.findall(NO_FILES, server.log)) < 50
        for client in (first, *crowd):
            client.close()
        assert server.stop() == 0, server.log


@pytest.mark.parametrize(("model", "kind"), [("prefork", "wsgi"), ("threaded", "wsgi"), ("async", "asgi")])
def test_without_a_free_descriptor_a_drain_lets_in_who_waits_when_others_have_gone(
    site: Path, model: str, kind: str
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))

    with serving(site, model, kind, "--first-byte-timeout", "1000", preexec=limit) as server:
        crowd = [server.connect() for _ in range(260)]
        server.wait_for_log(NO_FILES)
        for client in crowd[-20:]:       # who are certainly outside
            client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        for client in crowd[-20:]:
            assert b"".join(iter(lambda c=client: c.recv(65536), b"")).startswith(b"HTTP/1.1 200 ")
        assert server.wait() == 0, server.log
        for client in crowd:
            client.close()


def get_kept(client: socket.socket) -> bytes:
    """The body of the answer to a GET, on a connection that goes on."""
    client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert head.startswith(b"HTTP/1.1 200 ") and length
    while len(body) < int(length[1]):
        body += client.recv(65536)
    return body


# Clients that go away


def reset(client: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@every_cell
@pytest.mark.parametrize("way", [reset, socket.socket.close], ids=["reset", "close"])
def test_clients_that_go_away_at_every_point_leave_nothing_behind(site: Path, model: str, kind: str, way: Any) -> None:
    request = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 30\r\n\r\n" + b"b" * 30
    chunked = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with serving(site, model, kind) as server:
        asyncio.run(start_all_threads(server))
        process = worker_of(server)
        files, threads = process.num_fds(), process.num_threads()
        for whole in (request, chunked, request + request):
            for cut in range(len(whole) + 1):
                client = server.connect()
                client.sendall(whole[:cut])
                way(client)
        for received in (0, 1, 100, 65536, 1 << 20):  # in the middle of an answer of 4 MiB
            for _ in range(5):
                client = server.connect()
                client.sendall(b"GET /big HTTP/1.1\r\nHost: test\r\n\r\n")
                got = 0
                while got < received:
                    got += len(client.recv(received - got))
                way(client)
        until(lambda: process.num_fds() <= files, "the connections to be closed")
        assert server.get() == b"%d" % process.pid
        assert process.num_threads() == threads
        assert "Traceback" not in server.log
        assert server.stop() == 0, server.log


# Many, and long


@every_cell
def test_idle_connections_by_the_thousand_beside_busy_ones(site: Path, model: str, kind: str) -> None:
    idle_count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1000)

    def sequence() -> Iterator[socket.socket]:
        for _ in range(idle_count):
            yield server.connect()

    async def scenario() -> None:
        load = Load(server.port)
        running = asyncio.create_task(load.run(CLIENTS))
        while load.answered < 5000:
            await asyncio.sleep(0.01)
        load.stop.set()
        await running
        assert load.lost == [] and load.refused == 0

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle: list[socket.socket] = []
    try:
        with serving(site, model, kind, "--keepalive-timeout", "1000") as server:
            process = worker_of(server)
            assert get(server.connect())
            memory = process.memory_info().rss
            for client in sequence():
                idle.append(client)
                assert get_kept(client)
            per_connection = (process.memory_info().rss - memory) / idle_count
            assert per_connection < (8192 if model == "async" or kind == "asgi" else 2048)
            asyncio.run(scenario())
            for client in idle[:: idle_count // 100]:
                assert get_kept(client)
            assert server.workers() == [process.pid]
    finally:
        for client in idle:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
