"""The handlers of the scenarios do what they say, under both interfaces."""

import asyncio
import time
from typing import Any

import pytest

from fastnet.bench import handlers

PATHS = [("/", 14), ("/sleep", 14), ("/burn", 14), ("/stream", handlers.PIECES * len(handlers.PIECE))]


def by_wsgi(path: str) -> list[bytes]:
    started = []
    pieces = list(handlers.wsgi({"PATH_INFO": path}, lambda *given: started.append(given)))
    assert [status for status, _ in started] == ["200 OK"]
    return pieces


def by_asgi(path: str) -> list[bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    asyncio.run(handlers.asgi({"type": "http", "path": path}, receive, send))
    assert sent[0]["status"] == 200 and not sent[-1].get("more_body")
    return [m["body"] for m in sent[1:] if m.get("body")]


@pytest.mark.parametrize("ask", [by_wsgi, by_asgi])
@pytest.mark.parametrize(("path", "size"), PATHS)
def test_answers(ask: Any, path: str, size: int) -> None:
    wall, cpu = time.monotonic(), time.thread_time()
    pieces = ask(path)
    wall, cpu = time.monotonic() - wall, time.thread_time() - cpu
    assert sum(map(len, pieces)) == size and len(pieces) == (handlers.PIECES if path == "/stream" else 1)
    assert wall >= handlers.SLEEP_S or path != "/sleep"
    assert cpu >= handlers.BURN_S or path != "/burn"


def test_the_lifespan_of_the_asgi_one() -> None:
    sent: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(handlers.asgi({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
