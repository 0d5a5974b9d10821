"""One application as WSGI and as ASGI, for tests over the wire: see the paths that it knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

RAISED = {kind.__name__: kind for kind in (ValueError, SystemExit, KeyboardInterrupt, GeneratorExit)}
LARGE = 8 << 20       # more than the buffers of two sockets hold
BLOCK = 65536


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.2)
    if path.startswith("/raise/"):
        raise RAISED[path.removeprefix("/raise/")]("in the application")
    if path.startswith("/broken/"):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return broken(path)
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"one ", b"two ", b"three"])
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return (bytes(BLOCK) for _ in range(LARGE // BLOCK))
    body = environ["wsgi.input"].read() if path == "/echo" else f"{environ['REQUEST_METHOD']} {path}".encode()
    if path == "/names":
        names = environ.get("HTTP_HOST"), environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]
        body = repr(names).encode()
    if path == "/tls":
        facts = {name: value for name, value in environ.items() if name.startswith(("SSL_", "HTTPS", "wsgi.url"))}
        body = repr(facts).encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


def broken(path: str) -> Iterable[bytes]:
    yield b"one "
    raise RAISED[path.removeprefix("/broken/")]("in the answer")


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    path = scope["path"]
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"text/plain")]
    parts = [f"{scope['method']} {path}".encode()]
    if path == "/slow":
        await asyncio.sleep(0.2)
    if path.startswith("/raise/"):
        raise RAISED[path.removeprefix("/raise/")]("in the application")
    if path.startswith("/broken/"):
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        raise RAISED[path.removeprefix("/broken/")]("in the answer")
    if path == "/names":
        hosts = [value.decode() for name, value in scope["headers"] if name == b"host"]
        client = scope["client"][0] if scope["client"] else None
        parts = [repr((",".join(hosts) if hosts else None, *scope["server"], client)).encode()]
    elif path == "/tls":
        parts = [repr((scope["scheme"], scope["extensions"].get("tls"))).encode()]
    elif path == "/stream":
        parts = [b"one ", b"two ", b"three"]
    elif path == "/large":
        parts = [bytes(BLOCK)] * (LARGE // BLOCK)
        headers.append((b"content-length", b"%d" % LARGE))
    elif path == "/echo":
        parts, more = [b""], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            parts[0] += message["body"]
            more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in parts[:-1]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": parts[-1]})
