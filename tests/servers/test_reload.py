"""Workers are replaced under load, and nobody notices: at SIGHUP, and when they have reached a limit."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from fastnet.bench.result import Result
from fastnet.bench.run import run
from fastnet.bench.spec import Spec
from tests.servers.serving import Server, until

WSGI = """
import os
LEAK = []
def app(environ, start_response):
    if environ["PATH_INFO"] == "/leak":
        LEAK.append(b"x" * (64 << 20))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"VERSION %d" % os.getpid()]
"""
ASGI = """
import os
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"VERSION %d" % os.getpid()})
"""
SERVICE = """
import fastnet
from fastnet.protocols.base import Pieces
@fastnet.service(protocol=Pieces)
def app(piece):
    return b"VERSION " + piece
"""


def write(site: Path, text: str, version: str) -> None:
    # Python takes a compiled module of the same second and size for that of the new source.
    shutil.rmtree(site / "__pycache__", ignore_errors=True)
    (site / "site_app.py").write_text(text.replace("VERSION", version))


def asked(server: Server, message: bytes) -> bytes:
    """What a service answers on a new connection; b"" if it closed that."""
    with server.connect() as client:
        client.sendall(message)
        return client.recv(100)


def serves(server: Server, version: bytes) -> None:
    """An old worker may take one more connection, before it reads that it is to retire."""
    until(lambda: server.get().startswith(version), f"{version!r}")


def loaded(server: Server, **options: object) -> Result:
    """200 clients at a constant rate, while the server is told to reload."""
    told: list[float] = []

    def watch(counts: object, seconds: float) -> None:
        if not told and seconds > 0.3:
            told.append(seconds)
            server.process.send_signal(signal.SIGHUP)

    values = {"connections": 200, "rate": 800.0, "duration_s": 1.0, "timeout_s": 30.0} | options
    result = run(Spec(**values), watch)
    assert told
    return result


@pytest.mark.parametrize(
    "text, options",
    [
        (WSGI, ["--workers", "2"]),
        (ASGI, ["--workers", "2"]),
        (WSGI, ["--model", "threaded"]),
        (ASGI, ["--model", "threaded", "--threads", "2"]),
        (ASGI, ["--model", "async", "--workers", "2"]),
        (WSGI, ["--workers", "2", "--reuse-port"]),
    ],
    ids=["prefork-wsgi", "prefork-asgi", "threaded-wsgi", "threaded-asgi", "async-asgi", "reuse-port"],
)
def test_a_reload_under_load_fails_no_request(tmp_path: Path, text: str, options: list[str]) -> None:
    write(tmp_path, text, "old")
    with Server("site_app:app", *options, cwd=tmp_path) as server:
        before = set(server.workers())
        assert server.get().startswith(b"old ")
        write(tmp_path, text, "newer")
        result = loaded(server, urls=(f"http://127.0.0.1:{server.port}/",))
        assert result.errors == {} and set(result.statuses) == {200}
        until(lambda: "reloaded" in server.log and not before & set(server.workers()), "the old workers' end")
        serves(server, b"newer ")
        assert "ERROR" not in server.log
        assert server.stop() == 0


@pytest.mark.parametrize("model", ["prefork", "threaded", "async"])
def test_a_reload_of_a_service_ends_idle_connections_and_serves_new_ones(tmp_path: Path, model: str) -> None:
    write(tmp_path, SERVICE, "old")
    with Server("site_app:app", "--model", model, "--workers", "1", cwd=tmp_path, bind="tcp://127.0.0.1:0") as server:
        with server.connect() as client:
            client.sendall(b"1")
            assert client.recv(100) == b"old 1"
            write(tmp_path, SERVICE, "new")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log("reloaded")
            until(lambda: asked(server, b"2") == b"new 2", "an answer of the new one")
            assert client.recv(100) == b""


def test_an_application_that_fails_to_load_leaves_the_old_workers_serving(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "old")
    with Server("site_app:app", "--workers", "2", cwd=tmp_path) as server:
        before = server.workers()
        (tmp_path / "site_app.py").write_text("import os\nos.no_such_thing\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log(
            r"the reload failed, and the workers go on as they are: importing 'site_app' failed: "
            r"AttributeError: module 'os' has no attribute 'no_such_thing' \(site_app.py, line 2\)"
        )
        assert server.get().startswith(b"old ")
        assert server.workers() == before
        write(tmp_path, WSGI, "mended")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("reloaded")
        serves(server, b"mended ")


def test_a_successor_that_hangs_is_given_up(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "old")
    with Server("site_app:app", "--workers", "1", "--startup-timeout", "1", cwd=tmp_path) as server:
        (tmp_path / "site_app.py").write_text("import time\ntime.sleep(1000)\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log(r"the reload failed, and the workers go on as they are: not ready after 1 s")
        assert server.get().startswith(b"old ")


def test_a_second_reload_takes_what_is_there_then(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "old")
    with Server("site_app:app", "--workers", "1", cwd=tmp_path) as server:
        (tmp_path / "site_app.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(1000)\n")
        server.process.send_signal(signal.SIGHUP)
        until((tmp_path / "begun").exists, "the first reload to begin")
        write(tmp_path, WSGI, "new")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("reloaded")
        serves(server, b"new ")
        assert "ERROR" not in server.log


def test_the_server_stops_in_the_middle_of_a_reload(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "old")
    with Server("site_app:app", "--workers", "2", cwd=tmp_path) as server:
        (tmp_path / "site_app.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(1000)\n")
        server.process.send_signal(signal.SIGHUP)
        until((tmp_path / "begun").exists, "the reload to begin")
        assert server.stop() == 0


def test_an_old_worker_that_dies_leaves_its_place_to_its_successor(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "old")
    with Server("site_app:app", "--workers", "1", cwd=tmp_path) as server:
        (old,) = server.workers()
        waits = "import os, time\nopen('begun', 'w').close()\nwhile not os.path.exists('go'):\n    time.sleep(.01)\n"
        write(tmp_path, waits + WSGI, "new")
        server.process.send_signal(signal.SIGHUP)
        until((tmp_path / "begun").exists, "the reload to begin")
        os.kill(old, signal.SIGKILL)
        server.wait_for_log("died: killed by SIGKILL")
        (tmp_path / "go").touch()
        serves(server, b"new ")
        assert len(server.workers()) == 1


# Limits


def test_workers_that_have_answered_enough_are_replaced_without_a_lost_request(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "v")
    limits = ["--max-requests", "100", "--max-requests-jitter", "50"]
    with Server("site_app:app", "--workers", "2", *limits, cwd=tmp_path) as server:
        before = server.workers()
        url = f"http://127.0.0.1:{server.port}/"
        result = run(Spec(urls=(url,), connections=50, rate=600.0, duration_s=1.2, timeout_s=30.0))
        assert result.errors == {} and set(result.statuses) == {200}
        found = server.wait_for_log(r"has a successor \(pid \d+\): it has answered (\d+) requests \(--max-requests\)")
        assert int(found[1]) >= 100
        until(lambda: set(server.workers()) != set(before), "another worker")


def test_a_worker_that_leaks_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "v")
    with Server("site_app:app", "--workers", "1", cwd=tmp_path) as server:
        size = psutil.Process(server.workers()[0]).memory_info().rss
    limit = size + (48 << 20)
    with Server("site_app:app", "--workers", "1", "--max-memory", str(limit), cwd=tmp_path) as server:
        (worker,) = server.workers()
        server.get("/leak")
        found = server.wait_for_log(r"has a successor \(pid \d+\): it has (\d+) MiB of memory \(--max-memory\)")
        assert int(found[1]) >= limit >> 20
        until(lambda: worker not in server.workers(), "the old worker's end")


def test_a_worker_that_has_lived_long_enough_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "v")
    with Server("site_app:app", "--workers", "1", "--lifetime", "0.5", cwd=tmp_path) as server:
        (worker,) = server.workers()
        server.wait_for_log(r"has a successor \(pid \d+\): it has lived for \d s \(--lifetime\)")
        until(lambda: worker not in server.workers(), "the old worker's end")


def test_a_limit_is_kept_even_if_the_first_successor_fails(tmp_path: Path) -> None:
    write(tmp_path, WSGI, "v")
    with Server("site_app:app", "--workers", "1", "--max-requests", "1", cwd=tmp_path) as server:
        (tmp_path / "site_app.py").write_text("raise OSError('no database')\n")
        server.get()
        found = server.wait_for_log(r"replacing worker 1 \((.*)\) failed, and the workers go on as they are: (.*)")
        assert re.fullmatch(r"it has answered \d+ requests \(--max-requests\)", found[1])
        assert "OSError: no database" in found[2]
        assert server.get().startswith(b"v ")
