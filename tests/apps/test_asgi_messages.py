"""The awaitables of receive() and send(): used as coroutines are, by exchanges that serve one request after another."""

import asyncio
import inspect
from collections.abc import Coroutine

import pytest

from tests.servers.loops import LOOPS, serving


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body", "body": b"hello"}


def answers(server, n):
    wire = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n" * (n - 1) + b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    return server.talk(wire).split(b"HTTP/1.1 ")[1:]


def test_nothing_happens_until_they_are_awaited(serve):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        never = send({"type": "nonsense"}), receive()
        for awaitable in never:
            assert isinstance(awaitable, Coroutine) or inspect.isawaitable(awaitable)
            awaitable.close()
        await send(START)
        await send(BODY)

    with serve(app) as server:
        assert server.get()[1] == b"hello"


def test_each_is_awaited_once(serve):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        message, started = receive(), send(START)
        await message
        await started
        for again in (message, started):
            with pytest.raises(RuntimeError, match="cannot reuse"):
                await again
        await send(BODY)

    with serve(app) as server:
        assert server.get()[1] == b"hello"


def test_they_can_be_made_tasks_and_cancelled(serve):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await receive()
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.gather(asyncio.ensure_future(send(START)))
        await send(BODY)

    with serve(app) as server:
        assert server.get()[1] == b"hello"


def test_what_an_app_keeps_stays_with_its_request(serve):
    """The same exchange serves further requests only if nobody can reach it any more."""
    kept, failures = [], []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        for old in kept:
            with pytest.raises((RuntimeError, OSError)) as failure:
                await old(BODY)
            failures.append(failure.value)
        kept.append(send)
        await send(START)
        await send({**BODY, "body": str(len(kept)).encode()})

    with serve(app) as server:
        assert [answer[-1:] for answer in answers(server, 5)] == [b"1", b"2", b"3", b"4", b"5"]
    assert len(failures) == 10
    assert len({id(send.__self__) for send in kept}) == 5


def test_exchanges_are_used_again(serve):
    seen = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        seen.append(id(send.__self__))
        await receive()
        await send(START)
        await send(BODY)

    with serve(app) as server:
        assert all(answer.endswith(b"hello") for answer in answers(server, 10))
    assert len(set(seen)) == 1


def test_the_current_task_is_the_requests_own_and_nobodys_between(serve):
    tasks = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        tasks.append(asyncio.current_task())
        asyncio.get_running_loop().call_soon(lambda: between.append(asyncio.current_task()))
        if len(tasks) % 2:
            await asyncio.sleep(0.001)
        assert asyncio.current_task() is tasks[-1]
        await send(START)
        await send(BODY)

    between = []
    with serve(app) as server:
        assert len(answers(server, 6)) == 6
    assert len(tasks) == 6 and None not in tasks
    assert between == [None] * 6


def test_messages_are_read_by_what_their_names_say(serve):
    """Names that are equal, but other objects; fields that nobody knows; dicts of other classes."""

    class Message(dict[str, object]):
        pass

    def made(message):
        return {"".join(list(name)): value for name, value in message.items()}

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        fields = [(b"a", b"b")]
        start = {"x": 0, "status": 200, "y": 1, "headers": fields, "trailers": False, "type": "http.response.start"}
        kind = made({scope["query_string"].decode(): None})
        await send(made(start) if "made" in kind else Message(start) if "class" in kind else start)
        for more, body in ((True, b"one "), (True, b""), (False, b"two")):
            message = {"more_body": more, "type": "http.response." + "body", "body": body, "z": 2}
            await send(made(message) if "made" in kind else Message(message) if "class" in kind else message)

    with serve(app) as server:
        for query in (b"made", b"class", b"plain"):
            answer = server.talk(b"GET /?%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n" % query)
            assert b"\r\na: b\r\n" in answer, query
            assert answer.endswith(b"\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"), query


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"status": 200}, KeyError),
        ({"type": "http.response.start"}, KeyError),
        ({"type": "http.response.start", "status": None}, TypeError),
        ({"type": "http.response.start", "status": 99}, ValueError),
        ({"type": "http.response.bodies"}, ValueError),
        ({"type": "http.response.parts"}, ValueError),
        ({"type": "http.response.pathsent", "path": "/"}, ValueError),
        ({"type": "http.response.trailing"}, ValueError),
        ({"type": "http"}, ValueError),
        ({"type": b"http.response.start", "status": 200}, TypeError),
        ({}, KeyError),
    ],
)
def test_messages_that_mean_nothing(serve, message, error):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        with pytest.raises(error):
            await send(message)
        await send(START)
        await send(BODY)

    with serve(app) as server:
        assert server.get()[1] == b"hello"
