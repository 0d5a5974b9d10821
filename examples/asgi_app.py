"""An ASGI app, nothing but the standard library: fastnet serve asgi_app:app"""

from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answers GET with a greeting and POST with what was sent."""
    if scope["type"] != "http":
        raise ValueError(f"only http is spoken here, not {scope['type']}")
    body = b"Hello, world!\n"
    if scope["method"] != "GET":
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
