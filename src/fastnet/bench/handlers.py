"""The handlers of the scenarios, as WSGI and as ASGI: /sleep waits 10 ms, /burn uses 1 ms of CPU, /stream answers in
pieces. Each is written as people write it for that interface: under ASGI the sleep is awaited.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

SLEEP_S = 0.010
BURN_S = 0.001
PIECES = 32
PIECE = b"x" * 1024
HELLO = b"Hello, world!\n"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


def burn() -> None:
    """Use BURN_S of this thread's CPU, however often it is interrupted."""
    end = time.thread_time() + BURN_S
    while time.thread_time() < end:
        pass


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return _pieces()
    if path == "/sleep":
        time.sleep(SLEEP_S)
    elif path == "/burn":
        burn()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(HELLO)))])
    return [HELLO]


def _pieces() -> Iterator[bytes]:
    for _ in range(PIECES):
        yield PIECE


async def asgi(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    path = scope["path"]
    headers = [(b"content-type", b"text/plain")]
    if path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(PIECES):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body"})
        return
    if path == "/sleep":
        await asyncio.sleep(SLEEP_S)
    elif path == "/burn":
        burn()
    headers.append((b"content-length", b"%d" % len(HELLO)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})
