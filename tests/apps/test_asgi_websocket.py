"""ASGI's websocket scope, as an application sees it and as a client does, on each kind of loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fastnet.codecs.websocket import Close, Ping, Pong
from fastnet.codecs.websocket_deflate import Deflate
from tests.apps.websocket_cases import CASES
from tests.apps.websockets import MODELS, Peer, ask, serve_site
from tests.servers.loops import LOOPS, serving
from tests.servers.serving import PATIENCE_S, until

App = Callable[[Any, Any, Any], Awaitable[None]]


@pytest.fixture(params=LOOPS)
def serve(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return lambda app, **options: serving(app, request.param, **options)


class Recording:
    """An app of one coroutine: what it saw, and how it ended."""

    def __init__(self, handler: Callable[[Any, Any, list[Any]], Awaitable[None]]) -> None:
        self.handler = handler
        self.scopes: list[Any] = []
        self.seen: list[Any] = []
        self.ended: list[BaseException | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        self.scopes.append(scope)
        try:
            await self.handler(receive, send, self.seen)
        except BaseException as error:
            self.ended.append(error)
            raise
        self.ended.append(None)


async def accept(receive: Any, send: Any, **more: Any) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **more})


async def to_the_end(receive: Any, send: Any, seen: list[Any]) -> None:
    await accept(receive, send)
    while True:
        message = await receive()
        seen.append(message)
        if message["type"] == "websocket.disconnect":
            break
        await send({**message, "type": "websocket.send"})
    assert await receive() == message


def test_what_an_app_sees(serve: Any) -> None:
    app = Recording(to_the_end)
    with serve(app) as server:
        with Peer(server, "/a%20b?q=1", "Sec-WebSocket-Protocol: x, y", "X-Some: thing") as peer:
            assert peer.request("text") == "text"
            assert peer.request(b"bytes") == b"bytes"
            assert peer.request(Ping(b"?")) == Pong(b"?")
            peer.send(Close(3001, "bye"))
            assert peer.rest() == [Close(3001)]
        until(lambda: app.ended == [None], "the end of the app")
    (scope,) = app.scopes
    assert {name: scope[name] for name in ("type", "scheme", "path", "raw_path", "query_string", "http_version")} == {
        "type": "websocket", "scheme": "ws", "path": "/a b", "raw_path": b"/a%20b", "query_string": b"q=1",
        "http_version": "1.1",
    }  # fmt: skip
    assert scope["subprotocols"] == ["x", "y"]
    assert scope["extensions"] == {"websocket.http.response": {}}
    assert (b"x-some", b"thing") in scope["headers"]
    assert "method" not in scope
    assert app.seen == [
        {"type": "websocket.receive", "text": "text"},
        {"type": "websocket.receive", "bytes": b"bytes"},
        {"type": "websocket.disconnect", "code": 3001, "reason": "bye"},
    ]


def test_the_answer_to_the_handshake(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send, subprotocol="y", headers=[(b"set-cookie", b"a=b")])
        await receive()

    with (
        serve(Recording(handler)) as server,
        Peer(server, "/", "Sec-WebSocket-Protocol: x, y", deflate=Deflate()) as peer,
    ):
        assert peer.response.get("sec-websocket-protocol") == b"y"
        assert peer.response.get("set-cookie") == b"a=b"
        assert peer.response.get("sec-websocket-accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert (peer.response.get("sec-websocket-extensions") or b"").startswith(b"permessage-deflate")


def test_an_app_closes(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 4000, "reason": "go"})
        seen.append(await receive())
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.send", "text": "late"})

    app = Recording(handler)
    with serve(app) as server, Peer(server) as peer:
        assert peer.receive() == Close(4000, "go")
        peer.send("ignored", Close(4000))
        assert peer.receive() is None
        until(lambda: app.ended == [None], "the end of the app")
    assert app.seen == [{"type": "websocket.disconnect", "code": 4000, "reason": "go"}]


def test_who_returns_or_raises(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send)
        if (await receive())["text"] == "raise":
            raise ValueError("our fault")

    with serve(Recording(handler)) as server:
        for word, code in (("return", 1000), ("raise", 1011)):
            with Peer(server) as peer:
                assert peer.request(word) == Close(code)
                peer.send(Close(code))
                assert peer.receive() is None


def status_of(server: Any, *fields: str, target: str = "/") -> tuple[int, bytes]:
    with server.connect() as client:
        response, rest = ask(client, target, *fields, "Connection: close")
        length = int(response.get("content-length") or 0)
        while len(rest) < length:
            rest += client.recv(1000)
        return response.status, rest


def test_who_is_not_let_in(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        assert (await receive())["type"] == "websocket.connect"
        what = app.scopes[-1]["path"]
        if what == "/close":
            await send({"type": "websocket.close"})
            assert (await receive())["type"] == "websocket.disconnect"
        elif what == "/deny":
            await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-a", b"b")]})
            await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
            await send({"type": "websocket.http.response.body", "body": b"are you?"})
        elif what == "/whole":
            await send({"type": "websocket.http.response.start", "status": 404})
            await send({"type": "websocket.http.response.body", "body": b"nothing"})
        elif what == "/raise":
            raise ValueError("our fault")

    app = Recording(handler)
    with serve(app) as server:
        assert status_of(server, target="/close")[0] == 403
        assert status_of(server, target="/whole") == (404, b"nothing")
        assert status_of(server, target="/raise")[0] == 500
        assert status_of(server, target="/return")[0] == 500
        with server.connect() as client:
            response, rest = ask(client, "/deny")
            assert (response.status, response.get("x-a")) == (401, b"b")
            while not rest.endswith(b"0\r\n\r\n"):
                rest += client.recv(1000)
            assert rest == b"4\r\nwho \r\n8\r\nare you?\r\n0\r\n\r\n"
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 500", "the connection goes on, to an app that returns"
        asked = len(app.scopes)
        assert status_of(server, "Sec-WebSocket-Version: 8")[0] == 426
        assert status_of(server, "Sec-WebSocket-Key: x")[0] == 400
        assert status_of(server, "Content-Length: 1")[0] == 400
        assert status_of(server, "Sec-WebSocket-Extensions: a b")[0] == 400
        assert len(app.scopes) == asked, "nobody asked the app"


WRONG: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "accepted twice": ({"type": "websocket.accept"}, RuntimeError),
    "denied late": ({"type": "websocket.http.response.start", "status": 401}, RuntimeError),
    "HTTP": ({"type": "http.response.start", "status": 200}, ValueError),
    "nothing to send": ({"type": "websocket.send"}, TypeError),
    "text that is bytes": ({"type": "websocket.send", "text": b"x"}, TypeError),
    "bytes that are text": ({"type": "websocket.send", "bytes": "x"}, TypeError),
    "a wrong code": ({"type": "websocket.close", "code": 1006}, ValueError),
    "a long reason": ({"type": "websocket.close", "code": 1000, "reason": "x" * 124}, ValueError),
}


def test_messages_that_cannot_be_sent_raise_in_the_app(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        with pytest.raises(RuntimeError):
            await send({"type": "websocket.send", "text": "early"})
        with pytest.raises(ValueError, match="server's own"):
            await accept(receive, send, headers=[(b"Sec-WebSocket-Accept", b"x")])
        for headers in ([("x", b"a")], [(b"x", None)]):
            with pytest.raises(TypeError, match="are bytes"):
                await send({"type": "websocket.accept", "headers": headers})
        await send({"type": "websocket.accept"})
        for message, error in WRONG.values():
            with pytest.raises(error):
                await send(message)
        await send({"type": "websocket.send", "text": None, "bytes": bytearray(b"still well")})

    app = Recording(handler)
    with serve(app) as server, Peer(server) as peer:
        assert peer.receive() == b"still well"
        assert peer.receive() == Close(1000)
        peer.send(Close(1000))
        assert peer.receive() is None
    assert app.ended == [None]


@pytest.mark.parametrize("wrong", [{"headers": [(b"x", None)]}, {"headers": [("x", b"a")]}, {"body": 5}, {"body": "a"}])
def test_a_denial_that_cannot_be_sent_raises_in_the_app(serve: Any, wrong: dict[str, Any]) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await receive()
        await send({"type": "websocket.http.response.start", "status": 401, "headers": wrong.get("headers", ())})
        with pytest.raises(TypeError, match="bytes"):
            await send({"type": "websocket.http.response.body", "body": wrong.get("body", b"")})

    app = Recording(handler)
    with serve(app) as server:
        assert status_of(server)[0] == 500
    assert app.ended == [None]


def test_a_client_that_is_gone(serve: Any) -> None:
    app = Recording(to_the_end)
    with serve(app) as server:
        with Peer(server) as peer:
            assert peer.request("a") == "a"
        until(lambda: app.ended == [None], "the end of the app")
    assert app.seen[-1] == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


def test_pings_are_answered_while_the_app_is_busy(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send)
        await asyncio.get_running_loop().run_in_executor(None, go.wait, PATIENCE_S)
        seen.extend([await receive(), await receive()])

    go = threading.Event()
    app = Recording(handler)
    with serve(app) as server, Peer(server) as peer:
        peer.send("first", Ping(b"1"))
        assert peer.receive() == Pong(b"1")
        peer.send("second")
        go.set()
        assert peer.receive() == Close(1000)
        peer.send(Close(1000))
    assert [message["text"] for message in app.seen] == ["first", "second"]


def test_an_app_that_does_not_receive_is_not_flooded(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send)
        await asyncio.get_running_loop().run_in_executor(None, go.wait, PATIENCE_S)
        while (message := await receive())["type"] == "websocket.receive":
            seen.append(len(message["bytes"]))

    go = threading.Event()
    app = Recording(handler)
    with serve(app) as server, Peer(server) as peer:
        peer.socket.settimeout(0.5)
        piece = peer.encoder.encode(bytes(10_000)) * 10
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 200:
                peer.socket.sendall(piece)  # a part of it may have gone when time is up
                sent += 1
        assert sent < 200, "the client is stopped"
        peer.socket.shutdown(socket.SHUT_WR)
        go.set()
        peer.socket.settimeout(PATIENCE_S)
        peer.rest()
    assert app.seen[: 10 * sent] == [10_000] * 10 * sent


def test_send_waits_for_a_client_that_does_not_read(serve: Any) -> None:
    async def handler(receive: Any, send: Any, seen: list[Any]) -> None:
        await accept(receive, send)
        for _ in range(2000):
            await send({"type": "websocket.send", "bytes": bytes(10_000)})
            seen.append(0)

    app = Recording(handler)
    with serve(app) as server, Peer(server) as peer:
        while True:
            before = len(app.seen)
            if before and not threading.Event().wait(0.3) and len(app.seen) == before:
                break
        assert before < 2000
        assert [peer.receive() for _ in range(2000)] == [bytes(10_000)] * 2000
        assert peer.receive() == Close(1000)
        peer.send(Close(1000))


def test_a_drain_says_1001(serve: Any) -> None:
    app = Recording(to_the_end)
    with serve(app) as server, Peer(server) as peer:
        assert peer.request("a") == "a"
        server.service.stop()
        assert peer.receive() == Close(1001)
        peer.send(Close(1001))
        assert peer.receive() is None
    assert app.ended == [None]


@pytest.mark.parametrize("name", ["echo", "echo_later", "asgi"])
@pytest.mark.parametrize("model", MODELS)
def test_cases_of_conformance(name: str, model: str) -> None:
    """Whole and, where it is short, byte by byte; with compression on offer and without."""
    if name == "echo_later" and model != "threaded":
        return  # the same coroutines that asgi has
    with serve_site(name, model) as server:
        for case in CASES:
            with Peer(server) as peer:
                peer.socket.sendall(case.wire)
                got = peer.rest()
                last = got.pop()
                assert isinstance(last, Close), case.name
                assert (got, last.code) == ([*case.got], case.code or 1000), case.name
        for case in CASES:
            if len(case.wire) < 40:
                with Peer(server, "/", "Sec-WebSocket-Extensions: x-other") as peer:
                    for byte in case.wire:
                        try:
                            peer.socket.send(bytes([byte]))
                        except OSError:
                            break  # it has failed already, as it should
                    got = peer.rest()
                    last = got.pop()
                    assert isinstance(last, Close), case.name
                    assert (got, last.code) == ([*case.got], case.code or 1000), case.name
        with Peer(server, deflate=Deflate()) as peer:
            for n in (0, 1, 16, 256, 1024, 65536):
                for message in ("text " * n, bytes(range(256)) * (n // 256), "€" * n):
                    assert peer.request(message) == message
