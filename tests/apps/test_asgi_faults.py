"""Faults of ASGI applications: what is told to them, to the client and to the log, on each kind of loop."""

import asyncio

import pytest

from tests.apps.asgi import BODY, CLOSE, MORE, START, answer, application
from tests.servers.loops import LOOPS, serving


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


def test_failing_before_the_answer(serve, caplog):
    @application
    async def app(scope, receive, send):
        if scope["path"] == "/later":
            await asyncio.sleep(0)
        if scope["path"] == "/started":
            await send({"type": "http.response.start", "status": 200})
        raise ValueError("my fault")

    with serve(app) as server:
        for path in ("/", "/later", "/started"):
            caplog.clear()
            head, body = server.get(path)
            assert head.startswith(b"HTTP/1.1 500 Internal Server Error") and b"my fault" not in body
            assert "my fault" in caplog.text and "Traceback" in caplog.text and path in caplog.text


@pytest.mark.parametrize("wait", [True, False])
def test_failing_in_the_answer_shows(serve, caplog, wait):
    """A chunked answer that broke must not look complete."""

    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        if wait:
            await asyncio.sleep(0.05)
        raise ValueError("my fault")

    with serve(app) as server:
        try:
            reply = server.talk(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        except ConnectionResetError:
            reply = b""
    assert not reply.endswith(b"0\r\n\r\n") and b" 500 " not in reply
    assert "my fault" in caplog.text


def test_returning_without_an_answer(serve, caplog):
    @application
    async def app(scope, receive, send):
        pass

    with serve(app) as server:
        assert server.get()[0].startswith(b"HTTP/1.1 500 ")
    assert "before its answer was complete" in caplog.text


def test_failing_behind_the_answer_is_logged(serve, caplog):
    @application
    async def app(scope, receive, send):
        await answer(send)
        raise ValueError("my fault")

    with serve(app) as server:
        _, body = server.get()
    assert body == b"ok" and "my fault" in caplog.text


def test_not_an_asgi_application(serve, caplog):
    def app(scope, receive, send):
        if scope["type"] != "http":
            raise TypeError("not I")
        return 42

    with serve(app) as server:
        assert server.get()[0].startswith(b"HTTP/1.1 500 ")
    assert "not an ASGI application" in caplog.text


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([BODY], RuntimeError),
        ([START, START], RuntimeError),
        ([START, MORE, START], RuntimeError),
        ([START, {"type": "http.response.trailers"}], RuntimeError),
        ([{"type": "http.nonsense"}], ValueError),
        ([{"type": "websocket.accept"}], ValueError),
        ([{"status": 200}], KeyError),
        ([{"type": "http.response.start"}], KeyError),
        ([{**START, "status": 99}], ValueError),
        ([{**START, "status": 101}], ValueError),
        ([{**START, "status": 1000}], ValueError),
        ([{**START, "status": "200"}], TypeError),
        ([START, {**BODY, "body": "text"}], TypeError),
        ([{**START, "headers": [("name", "value")]}, BODY], TypeError),
        ([{**START, "headers": [(b"a", b"1\r\nset-cookie: x")]}, BODY], ValueError),
        ([{**START, "headers": [(b"a\r\nb", b"1")]}, BODY], ValueError),
        ([{**START, "headers": [(b"a", b"1"), (b"b c", b"1")]}, BODY], ValueError),
        ([{**START, "headers": [(b"a", b"1", b"2")]}, BODY], ValueError),
        ([{**START, "headers": [(b"content-length", b"-1")]}, BODY], ValueError),
        ([{**START, "headers": [(b"content-length", b"5")]}, BODY], ValueError),
        ([{**START, "headers": [(b"content-length", b"2")]}, BODY], ValueError),
    ],
)
def test_messages_that_cannot_be_sent(serve, messages, error):
    raised = []

    @application
    async def app(scope, receive, send):
        for message in messages:
            try:
                await send(message)
            except Exception as caught:
                raised.append(caught)
                raise

    with serve(app) as server:
        try:
            reply = server.talk(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        except ConnectionResetError:
            reply = b""
    assert [type(caught) for caught in raised] == [error]
    assert b"set-cookie" not in reply
    if MORE not in messages:
        assert reply.startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize(("length", "parts"), [(5, [b"abc"]), (2, [b"ab", b"c"])])
def test_streamed_body_that_breaks_its_length(serve, length, parts, caplog):
    @application
    async def app(scope, receive, send):
        await send({**START, "headers": [(b"content-length", str(length).encode())]})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    with serve(app) as server:
        try:
            reply = server.talk(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        except ConnectionResetError:
            reply = b""
    assert len(reply.partition(b"\r\n\r\n")[2]) <= min(length, 3)
    assert "content-length" in caplog.text


def test_a_message_after_the_end(serve):
    raised = []

    @application
    async def app(scope, receive, send):
        await answer(send)
        try:
            await send(BODY)
        except RuntimeError as error:
            raised.append(error)

    with serve(app) as server:
        assert server.get()[1] == b"ok"
    assert len(raised) == 1
