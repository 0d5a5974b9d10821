"""Every model x app kind x loop, served by a real process for the tests of a module."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.serving import Server

HERE = Path(__file__).parent
LOOPS = ["asyncio", "uvloop"] if importlib.util.find_spec("uvloop") else ["asyncio"]
# WSGI under prefork and threaded needs no event loop.
CELLS = [
    ("prefork", "wsgi", "auto"),
    ("threaded", "wsgi", "auto"),
    *(("async", "wsgi", loop) for loop in LOOPS),
    *((model, "asgi", loop) for model in ("prefork", "threaded", "async") for loop in LOOPS),
    # Where the native driver is not built:
    *((model, kind, "transports") for model in ("prefork", "threaded", "async") for kind in ("wsgi", "asgi")),
]


def serve(cell: tuple[str, str, str], *options: str) -> Server:
    model, kind, loop = cell
    workers = "2" if model == "prefork" else "1"
    target = f"wire_apps:{kind}"
    env = {"FASTNET_TRANSPORTS": "1"} if loop == "transports" else {}
    if env:
        loop = "auto"
    return Server(target, "--model", model, "--loop", loop, "--workers", workers, *options, cwd=HERE, env=env)


def cells(*options: str) -> object:
    """A module's fixture `server`: one process a cell."""

    @pytest.fixture(scope="module", params=CELLS, ids="-".join)
    def server(request: pytest.FixtureRequest) -> Iterator[Server]:
        with serve(request.param, *options) as running:
            yield running

    return server
