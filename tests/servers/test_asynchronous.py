"""The asyncio driver in worker processes: every model, both loops, startup that fails, the end."""

import http.client
import os
import signal
import socket
import textwrap

import pytest

from tests.servers.loops import read_all
from tests.servers.serving import Server, run_to_end

APP = """
    import asyncio, os, threading

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                scope["state"]["thread"] = threading.get_ident()
                print(message["type"], flush=True)
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        assert scope["state"]["thread"] == threading.get_ident()
        if scope["path"] == "/slow":
            await asyncio.sleep(0.5)
        loop = type(asyncio.get_running_loop()).__module__.split(".")[0]
        body = f"{os.getpid()} {threading.get_ident()} {loop}"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body.encode()})

    async def failing(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "OSError: no database"})
"""

MODELS = [
    ("async",),
    ("async", "--workers", "2"),
    ("prefork", "--workers", "2"),
    ("threaded", "--threads", "2"),
]


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "site_app.py").write_text(textwrap.dedent(APP))
    return tmp_path


def get(address, path="/"):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    body = answer.read().decode().split()
    connection.close()
    return body


def address_of(server):
    return "127.0.0.1", int(server.wait_for_log(r"http://127\.0\.0\.1:(\d+)")[1])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("model", MODELS, ids=" ".join)
def test_every_model_on_every_loop(directory, model, loop):
    with Server("site_app:app", "--model", *model, "--loop", loop, cwd=directory) as server:
        address = address_of(server)
        answers = [get(address) for _ in range(20)]
        assert {kind for _, _, kind in answers} == {loop}
        with socket.create_connection(address, 20) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
            # The request is surely in the server's hands when another one was answered after it.
            get(address)
            server.process.send_signal(signal.SIGTERM)
            assert b"200 OK" in read_all(sock), "the drain answers what began"
        assert server.process.wait(20) == 0


def test_startup_that_fails_is_one_line(directory):
    for model in ("async", "threaded"):
        result = run_to_end(
            "serve", "site_app:failing", "--interface", "asgi", "--model", model, "--bind", "127.0.0.1:0", cwd=directory
        )
        assert result.returncode != 0
        assert "the startup of the application failed: OSError: no database" in result.stderr


def test_a_signal_to_the_whole_group_drains_all_the_same(directory):
    with Server("site_app:app", "--model", "async", cwd=directory) as server:
        address = address_of(server)
        worker = int(get(address)[0])
        with socket.create_connection(address, 20) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
            get(address)
            os.kill(worker, signal.SIGTERM)
            server.process.send_signal(signal.SIGTERM)
            assert b"200 OK" in read_all(sock)
        assert server.process.wait(20) == 0
