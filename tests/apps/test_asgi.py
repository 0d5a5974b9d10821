"""ASGI applications, as they see requests and as clients see their answers, on each kind of loop."""

import asyncio
import contextvars
import logging
import socket
import threading
import time

import anyio
import pytest
import sniffio

from tests.apps.asgi import BODY, CLOSE, MORE, START, answer, application, head_fields, read_body
from tests.servers.loops import LOOPS, read_all, read_until, serving


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


# --- answers ---


def test_whole_body_gets_a_length(serve):
    with serve(application(lambda scope, receive, send: answer(send, b"hello", 201, [(b"x-a", b"1")]))) as server:
        head, body = server.get()
    status, fields = head_fields(head)
    assert status == b"HTTP/1.1 201 Created" and body == b"hello"
    assert fields[:2] == [(b"x-a", b"1"), (b"content-length", b"5")]
    assert {name for name, _ in fields} == {b"x-a", b"content-length", b"connection", b"date", b"server"}


def test_streamed_body_is_chunked_or_counted(serve):
    @application
    async def app(scope, receive, send):
        headers = [(b"content-length", b"6")] if scope["path"] == "/counted" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (b"abc", b"", b"def"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    with serve(app) as server:
        head, body = server.get("/")
        assert b"transfer-encoding: chunked" in head and body == b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
        head, body = server.get("/counted")
        assert b"chunked" not in head and body == b"abcdef"
        reply = server.talk(b"GET / HTTP/1.0\r\n\r\n")
        assert b"chunked" not in reply and reply.endswith(b"\r\n\r\nabcdef")


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(serve, status):
    with serve(application(lambda scope, receive, send: answer(send, b"", status))) as server:
        head, body = server.get()
    assert body == b"" and b"chunked" not in head and b"content-length" not in head


def test_head_request(serve):
    @application
    async def app(scope, receive, send):
        if scope["path"] == "/length":
            await answer(send, b"", headers=[(b"content-length", b"123")])
        else:
            await answer(send, b"the body" if scope["path"] == "/body" else b"")

    with serve(app) as server:
        head, body = server.get("/length", method="HEAD")
        assert b"content-length: 123" in head and body == b""
        head, body = server.get("/body", method="HEAD")
        assert b"content-length: 8" in head and body == b""
        head, body = server.get("/none", method="HEAD")
        assert b"content-length" not in head and body == b""


def test_body_types(serve):
    @application
    async def app(scope, receive, send):
        await answer(send, bytearray(b"array") if scope["path"] == "/array" else memoryview(b"view"))

    with serve(app) as server:
        assert server.get("/array")[1] == b"array"
        assert server.get("/view")[1] == b"view"


def test_trailers(serve):
    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "trailers": True})
        await send({"type": "http.response.body", "body": b"abc"})
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]})

    with serve(app) as server:
        head, body = server.get()
    assert b"chunked" in head and body == b"3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n"


@pytest.mark.parametrize("size", [0, 1, 300_000, 3_000_000])
def test_pathsend(serve, tmp_path, size):
    path = tmp_path / "file"
    path.write_bytes(content := bytes(range(256)) * (size // 256) + b"x" * (size % 256))

    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.pathsend", "path": str(path)})

    with serve(app) as server:
        head, body = server.get()
        assert f"content-length: {size}".encode() in head and body == content
        head, body = server.get(method="HEAD")
        assert f"content-length: {size}".encode() in head and body == b""


def test_pathsend_of_nothing(serve, caplog):
    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.pathsend", "path": "/nowhere/at/all"})

    with serve(app) as server:
        head, _ = server.get()
    assert head.startswith(b"HTTP/1.1 500 ")
    assert "/nowhere/at/all" in caplog.text


# --- requests with bodies ---


@application
async def echo(scope, receive, send):
    body, _ = await read_body(receive)
    await answer(send, body)


@pytest.mark.parametrize("size", [0, 1, 1024, 100_000, 1_000_000])
def test_body_with_length(serve, size):
    content = b"0123456789" * (size // 10) + b"x" * (size % 10)
    with serve(echo) as server:
        head, body = server.get("/", f"Content-Length: {size}", method="POST") if size == 0 else (None, None)
        if size:
            reply = server.talk(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n" % size + CLOSE, content)
            head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and body == content


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_body_in_any_pieces(serve, step):
    request = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n" + CLOSE
    request += b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nx-sum: 1\r\n\r\n"
    with serve(echo) as server, server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(request), step):
            sock.sendall(request[at : at + step])
        assert read_all(sock).endswith(b"\r\n\r\nhello world")


def test_messages_of_a_body(serve):
    seen = []

    @application
    async def app(scope, receive, send):
        seen.append(await receive())
        await answer(send)

    with serve(app) as server:
        server.get()
        server.talk(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n" + CLOSE + b"abc")
    assert seen == [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.request", "body": b"abc", "more_body": False},
    ]


def test_body_is_not_read_ahead_without_bound(serve):
    """Who does not receive makes the client wait."""
    go_on = threading.Event()

    @application
    async def app(scope, receive, send):
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        await answer(send, str(size).encode())

    size = 64_000_000
    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n" % size + CLOSE)
        sock.settimeout(1)
        sent = 0
        block = bytes(1_000_000)
        try:
            while sent < size:
                sent += sock.send(block[: size - sent])
        except TimeoutError:
            pass
        assert sent < 32_000_000, "the rest should be waiting in this process"
        go_on.set()
        sock.settimeout(10)
        while sent < size:
            sent += sock.send(block[: size - sent])
        assert read_all(sock).endswith(b"\r\n\r\n%d" % size)


def test_expect_continue(serve):
    @application
    async def app(scope, receive, send):
        if scope["path"] == "/refuse":
            await answer(send, b"no", 413)
        else:
            await echo(scope, receive, send)

    request = b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" + CLOSE
    with serve(app) as server:
        with server.connect() as sock:
            sock.sendall(request % b"/")
            assert read_until(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"abc")
            assert read_all(sock).endswith(b"\r\n\r\nabc")
        with server.connect() as sock:
            sock.sendall(request % b"/refuse")
            assert read_all(sock).startswith(b"HTTP/1.1 413 ")


def test_early_answer_reaches_a_client_that_is_still_sending(serve):
    with serve(application(lambda scope, receive, send: answer(send, b"enough", 403))) as server:
        with server.connect() as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000000\r\n\r\n" + bytes(300_000))
            assert read_all(sock).endswith(b"\r\n\r\nenough")


# --- connections ---


def test_keep_alive_and_pipelining(serve):
    @application
    async def app(scope, receive, send):
        if scope["path"].endswith("3"):
            await asyncio.sleep(0.01)
        await answer(send, scope["path"].encode())

    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: t\r\n\r\n" % n for n in range(40))
    with serve(app) as server:
        reply = server.talk(requests, b"GET /last HTTP/1.1\r\nHost: t\r\n" + CLOSE)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in reply.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"/%d" % n for n in range(40)] + [b"/last"]


def test_pipelined_behind_background_work(serve):
    """What an application does behind its answer holds up nobody."""
    done = threading.Event()

    @application
    async def app(scope, receive, send):
        await answer(send, scope["path"].encode())
        if scope["path"] == "/slow":
            await asyncio.sleep(0.3)
            done.set()

    with serve(app) as server:
        reply = server.talk(b"GET /slow HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /next HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        assert reply.endswith(b"/next") and not done.is_set()
    assert done.is_set(), "the drain waits for it"


def test_disconnect_is_told(serve):
    seen, done = [], threading.Event()

    @application
    async def app(scope, receive, send):
        seen.append(await receive())
        seen.append(await receive())
        try:
            await answer(send)
            await answer(send)
        except Exception as error:
            seen.append(error)
        done.set()

    with serve(app) as server:
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            while not seen:
                time.sleep(0.01)
        assert done.wait(5)
    assert seen[1] == {"type": "http.disconnect"}


def test_sending_to_a_client_that_is_gone_is_an_oserror(serve, caplog):
    raised = []

    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"data\n", "more_body": True})
                await asyncio.sleep(0.01)
        except OSError as error:
            raised.append(error)
            raise

    with serve(app) as server:
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            sock.recv(100)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        for _ in range(500):
            if raised:
                break
            time.sleep(0.01)
    assert len(raised) == 1
    assert not caplog.records, "no fault of the application's"


def test_half_closed_client_gets_its_answer(serve):
    @application
    async def app(scope, receive, send):
        await asyncio.sleep(0.05)
        await answer(send, b"late")

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock).endswith(b"\r\n\r\nlate")


def test_disconnect_after_the_answer(serve):
    seen = []

    @application
    async def app(scope, receive, send):
        waiting = asyncio.create_task(receive_second(receive))
        await asyncio.sleep(0)
        await answer(send)
        seen.append(await waiting)
        seen.append(await receive())

    async def receive_second(receive):
        await receive()
        return await receive()

    with serve(app) as server:
        server.get()
    assert seen == [{"type": "http.disconnect"}] * 2


# --- backpressure ---


def test_send_waits_for_a_client_that_does_not_read(serve):
    sent = []

    @application
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        for n in range(1000):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            sent.append(n)
        await send({"type": "http.response.body"})

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        time.sleep(0.5)
        stuck = len(sent)
        time.sleep(0.1)
        assert len(sent) == stuck < 300
        assert len(read_all(sock)) > 100_000_000
    assert len(sent) == 1000


# --- awaitables and tasks ---


def test_awaitables_may_be_tasks(serve):
    @application
    async def app(scope, receive, send):
        message = await asyncio.create_task(receive())
        await asyncio.ensure_future(send(START))
        await asyncio.gather(send({**BODY, "more_body": True}), asyncio.sleep(0))
        await asyncio.wait_for(send({"type": "http.response.body", "body": message["body"]}), 5)

    with serve(app) as server:
        assert server.talk(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n" + CLOSE + b"xyz").count(b"xyz") == 1


def test_a_receive_that_is_given_up_loses_nothing(serve):
    @application
    async def app(scope, receive, send):
        for _ in range(20):
            try:
                await asyncio.wait_for(receive(), 0.001)
                raise AssertionError("nothing was sent yet")
            except TimeoutError:
                pass
        unawaited = asyncio.create_task(receive())
        unawaited.cancel()
        await send({**START, "headers": [(b"content-length", b"6")]})
        await send(MORE)
        body, _ = await read_body(receive)
        await answer_rest(send, body)

    async def answer_rest(send, body):
        await send({"type": "http.response.body", "body": body})

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n" + CLOSE)
        read_until(sock, b"abc")
        sock.sendall(b"xyz")
        assert read_all(sock) == b"xyz"


def test_nothing_happens_until_awaited(serve):
    @application
    async def app(scope, receive, send):
        send({"type": "http.response.start", "status": 500})
        receive()
        body, _ = await read_body(receive)
        await answer(send, body)

    with serve(app) as server:
        reply = server.talk(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n" + CLOSE + b"xyz")
    assert reply.startswith(b"HTTP/1.1 200 ") and reply.endswith(b"xyz")


def test_send_from_another_thread(serve):
    @application
    async def app(scope, receive, send):
        def work():
            anyio.from_thread.run(send, START)
            asyncio.run_coroutine_threadsafe(send(MORE), loop).result()
            anyio.from_thread.run(send, BODY)

        loop = asyncio.get_running_loop()
        await anyio.to_thread.run_sync(work)

    with serve(app) as server:
        assert server.get()[1] == b"3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n"


def test_sending_for_another_request(serve):
    """An application may answer one client while another's request is being served."""
    waiting = []

    @application
    async def app(scope, receive, send):
        if scope["path"] == "/wait":
            await send(START)
            waiting.append(send)
            await asyncio.sleep(0.2)
            await send({"type": "http.response.body"})
        else:
            await send(START)
            await send({**BODY, "body": b"first", "more_body": True})
            await waiting[0]({**BODY, "body": b"for the other", "more_body": True})
            await send({**BODY, "body": b"second"})

    with serve(app) as server, server.connect() as sock:
        sock.sendall(b"GET /wait HTTP/1.1\r\nHost: t\r\n" + CLOSE)
        while not waiting:
            time.sleep(0.01)
        _, body = server.get("/")
        assert body == b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"
        assert read_all(sock).partition(b"\r\n\r\n")[2] == b"d\r\nfor the other\r\n0\r\n\r\n"


variable = contextvars.ContextVar("variable", default=0)


def test_task_context_and_library(serve):
    @application
    async def app(scope, receive, send):
        assert variable.get() == 0
        variable.set(1)
        assert sniffio.current_async_library() == "asyncio"
        assert asyncio.current_task() is not None
        with anyio.move_on_after(0.01):
            await anyio.sleep(5)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            task = group.create_task(asyncio.sleep(0, variable.get()))
        await answer(send, str(task.result()).encode())

    with serve(app) as server:
        for _ in range(3):
            assert server.get()[1] == b"1"


def test_logger_is_the_servers(serve, caplog):
    @application
    async def app(scope, receive, send):
        raise ValueError

    with serve(app) as server:
        server.get()
    assert [(record.name, record.levelno) for record in caplog.records] == [("fastnet", logging.ERROR)]
