"""SIGTERM while the server is still starting: it ends as it would later, under every model."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fastnet.servers.asynchronous import Service
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from tests.servers.cells import CELLS
from tests.servers.serving import run_to_end

# Tells the supervisor to stop, once, and goes on only when the supervisor has passed that on to this worker.
APP = """
import os, signal, time

def stop():
    try:
        open("asked", "x").close()
    except FileExistsError:        # another loop's thread asked
        return
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(0.3)

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        stop()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

def wsgi(environ, start_response):
    raise NotImplementedError

def factory():
    stop()
    return wsgi
"""


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_signal_in_the_startup_of_the_application(cell: tuple[str, str, str], tmp_path: Path) -> None:
    model, kind, loop = cell
    (tmp_path / "early.py").write_text(APP)
    target = ["early:factory", "--factory", "--interface", "wsgi"] if kind == "wsgi" else ["early:asgi"]
    loop, env = ("auto", {"FASTNET_TRANSPORTS": "1"}) if loop == "transports" else (loop, {})
    options = ["--workers", "1", "--model", model, "--loop", loop, "--bind", "127.0.0.1:0", "--drain-timeout", "20"]
    ended = run_to_end("serve", *target, *options, cwd=tmp_path, env=env)
    assert ended.returncode == 0, ended.stderr
    assert "SIGTERM: finishing the requests in progress" in ended.stderr
    assert "drain timeout" not in ended.stderr


def test_a_loop_that_is_told_to_stop_before_it_runs() -> None:
    async def app(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        raise NotImplementedError

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = Config(target=app, model="threaded", loop="asyncio")
        service = Service(config, app, [listener], Board(1, config.slots), 0, 0)
        service.stop()
        asyncio.run(asyncio.wait_for(service.main(), 20))
    assert service.started.done()
