"""What is put around an application when the server traces: it marks when the application is called, and answers.

The application's answer is passed on as it is, except for a WSGI body whose pieces are made one by one: that is
followed through to its end, since the application is at work until then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastnet.errors import StartupError

if TYPE_CHECKING:
    from fastnet.servers.tracing import Tracer, Way


def traced(app: Any, interface: str, tracer: Tracer) -> Any:
    """A WSGI or ASGI application that does what `app` does, and tells `tracer` when. StartupError for a service."""
    if interface not in ("wsgi", "asgi"):
        raise StartupError("--trace follows HTTP requests, which a service does not have")
    return _wsgi(app, tracer) if interface == "wsgi" else _asgi(app, tracer)


def _wsgi(app: Any, tracer: Tracer) -> Any:
    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        port = environ.get("REMOTE_PORT")
        way = tracer.way_of((environ["REMOTE_ADDR"], int(port)) if port else None)

        def answering(*given: Any) -> Any:
            way.mark("app_answers")
            return start_response(*given)

        way.mark("app_called")
        body: Iterable[bytes] = app(environ, answering)
        # A file goes out without the application; a list is all there.
        if hasattr(body, "__len__") or isinstance(body, environ["wsgi.file_wrapper"]):
            way.mark("app_returned")
            return body
        return _Body(body, way)

    return call


class _Body:
    """A WSGI body, followed through to its end."""

    def __init__(self, body: Iterable[bytes], way: Way) -> None:
        self._body = body
        self._pieces = iter(body)
        self._way = way

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except BaseException:
            self._way.mark("app_returned")
            raise
        self._way.mark("app_body")
        return piece

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
        self._way.mark("app_returned")


def _asgi(app: Any, tracer: Tracer) -> Any:
    async def call(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        client = scope["client"]
        way = tracer.way_of(client and tuple(client))

        async def answering(message: Any) -> None:
            if isinstance(message, dict):
                way.mark("app_answers" if message.get("type") == "http.response.start" else "app_body")
            await send(message)

        way.mark("app_called")
        try:
            await app(scope, receive, answering)
        finally:
            way.mark("app_returned")

    return call
