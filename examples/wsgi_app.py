"""A WSGI app, nothing but the standard library: fastnet serve wsgi_app:app"""

from collections.abc import Callable, Iterable
from typing import Any


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers GET with a greeting and POST with what was sent."""
    body = b"Hello, world!\n" if environ["REQUEST_METHOD"] == "GET" else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
