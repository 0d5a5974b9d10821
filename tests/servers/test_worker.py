import importlib.util
import json
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.errors import StartupError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import Address
from fastnet.servers.worker import Report, run_worker
from tests.servers.serving import Server, run_to_end

LIMITS = """
import os, resource
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d" % resource.getrlimit(resource.RLIMIT_NOFILE)]
"""


@pytest.fixture
def pipe() -> Iterator[tuple[Report, Callable[[], list[Any]]]]:
    """A Report and what was written to it."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)

    def written() -> list[Any]:
        return [json.loads(line) for line in os.read(read_end, 65536).splitlines()]

    yield Report(write_end), written
    os.close(read_end)
    os.close(write_end)


def test_a_report_is_a_line_of_json_each(pipe: tuple[Report, Callable[[], list[Any]]]) -> None:
    report, written = pipe
    report.ready()
    report.error(StartupError("one\nline", "two\nlines"))
    assert written() == [{"ready": True}, {"error": "one\nline", "details": "two\nlines"}]


@pytest.mark.parametrize("target", ["no_such_module_here:app", "json:nope"])
def test_a_target_that_does_not_load_is_reported(
    pipe: tuple[Report, Callable[[], list[Any]]], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, written = pipe
    monkeypatch.setattr(sys, "path", list(sys.path))
    pid = os.fork()
    if pid == 0:
        os._exit(run_worker(Config(target=target), [], Board(1, 1), 0, report))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    (message,) = written()
    assert target.partition(":")[0] in message["error"]


def test_an_address_that_cannot_be_bound_is_reported(pipe: tuple[Report, Callable[[], list[Any]]]) -> None:
    report, written = pipe
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = Address("tcp", host="127.0.0.1", port=other.getsockname()[1])
        pid = os.fork()
        if pid == 0:
            os._exit(run_worker(Config(target="json:dumps"), [address], Board(1, 1), 0, report))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert "already in use" in written()[0]["error"]


@pytest.mark.parametrize(("hard", "expected"), [(3000, "1256 3000"), (1100, "1100 1100")])
def test_the_file_limit_is_raised_for_the_connections_as_far_as_it_may_be(
    tmp_path: Path, hard: int, expected: str
) -> None:
    (tmp_path / "limits.py").write_text(LIMITS)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))

    with Server("limits:app", "--max-connections", "1000", "--workers", "1", cwd=tmp_path, preexec=limit) as server:
        assert server.get().decode() == expected


def test_a_class_instead_of_its_instance_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "site_cls.py").write_text("class App:\n    def __call__(self, environ, start_response): ...\n")
    run = run_to_end("serve", "site_cls:App", "--bind", "127.0.0.1:0", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr.splitlines() == ["fastnet: 'site_cls:App' is a class; name an instance of it, or use --factory"]


def test_what_is_loaded_is_left_alone_by_the_garbage_collector(tmp_path: Path) -> None:
    (tmp_path / "site_gc.py").write_text(
        "import gc\n"
        "loaded = [[] for _ in range(1000)]\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    mine = {id(item) for item in loaded}\n"
        "    return [str(sum(id(item) in mine for item in gc.get_objects())).encode()]\n"
    )
    with Server("site_gc:app", "--workers", "1", cwd=tmp_path) as server:
        assert server.get() == b"0"


SHARED = """
import os, sys
async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    maps = open(f"/proc/{os.getppid()}/maps").read()
    body = f"{'asgi.cpython' in maps} {'native.cpython' in maps}".encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})

def wsgi(environ, start_response):
    maps = open(f"/proc/{os.getppid()}/maps").read()
    start_response("200 OK", [])
    return [f"{'asgi.cpython' in maps} {'native.cpython' in maps}".encode()]
"""


@pytest.mark.parametrize(
    ("interface", "options", "loaded"),
    [("asgi", ("--interface", "asgi"), "True"), ("wsgi", ("--interface", "wsgi"), "False")],
)
def test_workers_share_what_their_options_tell_of(
    tmp_path: Path, interface: str, options: tuple[str, ...], loaded: str
) -> None:
    has_native = importlib.util.find_spec("fastnet.servers.native") is not None
    (tmp_path / "shared_app.py").write_text(SHARED)
    with Server(f"shared_app:{interface}", *options, cwd=tmp_path) as server:
        assert server.get() == f"{loaded} {has_native}".encode()
