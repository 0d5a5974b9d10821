"""What is put around a traced application does not change what it says; see test_tracing.py for what it marks."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from fastnet.apps.wsgi import FileWrapper
from fastnet.errors import StartupError
from fastnet.servers.traced_app import traced
from fastnet.servers.tracing import Tracer

ENVIRON = {"REMOTE_ADDR": "", "REMOTE_PORT": "", "wsgi.file_wrapper": FileWrapper}


@pytest.fixture
def tracer(tmp_path: Path) -> Tracer:
    return Tracer(str(tmp_path / "trace"))


@pytest.mark.parametrize("body", [[b"a", b"b"], FileWrapper(io.BytesIO(b"a"))], ids=["list", "file"])
def test_bodies_that_are_all_there_are_passed_on(tracer: Tracer, body: Any) -> None:
    assert traced(lambda environ, start: body, "wsgi", tracer)(ENVIRON, None) is body


def test_start_response_gets_what_the_application_says(tracer: Tracer) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert start_response("200 OK", []) == "write"
        start_response("500 No", [], None)
        return []

    said: list[Any] = []
    traced(app, "wsgi", tracer)(ENVIRON, lambda *given: (said.append(given), "write")[1])
    assert said == [("200 OK", []), ("500 No", [], None)]


def test_bodies_made_one_by_one_are_iterated_and_closed(tracer: Tracer) -> None:
    closed = []

    def pieces() -> Iterable[bytes]:
        try:
            yield b"one"
            yield b""
            raise KeyError("two")
        finally:
            closed.append(True)

    body = iter(traced(lambda environ, start: pieces(), "wsgi", tracer)(ENVIRON, None))
    assert [next(body), next(body)] == [b"one", b""]
    with pytest.raises(KeyError, match="two"):
        next(body)
    body = traced(lambda environ, start: pieces(), "wsgi", tracer)(ENVIRON, None)
    next(body)
    body.close()
    assert closed == [True, True]


def test_asgi_messages_pass_whatever_they_are(tracer: Tracer) -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in ({"type": "http.response.start"}, {}, "no message"):
            await send(message)
        sent.append(await receive())

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return "received"

    whole = traced(app, "asgi", tracer)
    for scope in ({"type": "http", "client": None}, {"type": "lifespan"}):
        sent.clear()
        asyncio.run(whole(scope, receive, send))
        assert sent == [{"type": "http.response.start"}, {}, "no message", "received"]


def test_a_service_has_no_requests(tracer: Tracer) -> None:
    with pytest.raises(StartupError, match="HTTP requests"):
        traced(object(), "service", tracer)
