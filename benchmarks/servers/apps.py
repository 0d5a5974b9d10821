"""The applications that are served: the least an app can do, so that what is measured is the server.

Every WSGI app has an ASGI twin with the same answer. The frameworks' apps stand in files of their own, so that a server
of the plain ones does not import them.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HELLO = b"Hello, world!"
BIG = b"x" * 65536
BURN_NS = 1_000_000


def burn() -> None:
    """Use 1 ms of this thread's CPU, however often it is interrupted."""
    end = time.thread_time_ns() + BURN_NS
    while time.thread_time_ns() < end:
        pass


def wsgi_hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [HELLO]


def wsgi_big(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "65536")])
    return [BIG]


def wsgi_echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def wsgi_burn(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    burn()
    return wsgi_hello(environ, start_response)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(send: Send, body: bytes, length: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def asgi_hello(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    await _answer(send, HELLO, b"13")


async def asgi_big(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    await _answer(send, BIG, b"65536")


async def asgi_echo(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    await _answer(send, body, b"%d" % len(body))


async def asgi_burn(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    burn()
    await _answer(send, HELLO, b"13")
