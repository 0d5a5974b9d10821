"""The native driver as a guest on a loop: what others on the loop, and on other loops, get of it."""

import asyncio
import socket
import threading
import time
from contextlib import suppress

import pytest

from tests.servers.loops import read_all, read_until, serving
from tests.servers.serving import PATIENCE_S, Server, ask

GET = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"

THREADS = """
import threading

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError
    body = str(threading.get_ident()).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture(params=("asyncio", "uvloop"))
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})


def test_the_loops_own_timers_go_on_under_load(serve):
    """A client that pipelines without end, at 1 ms a request, does not keep a sleeping coroutine asleep."""
    slept = []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        if scope["path"] == "/sleep":
            for _ in range(20):
                await asyncio.sleep(0.001)
            slept.append(len(busy))
        else:
            busy.append(1)
            time.sleep(0.001)
        await answer(send, b"done")

    busy = []
    with serve(app, drain_timeout=1.0) as server, server.connect() as greedy, server.connect() as sleeper:
        greedy.sendall(GET * 1000)
        while not busy:
            time.sleep(0.001)
        sleeper.sendall(LAST.replace(b"/", b"/sleep", 1))
        assert read_all(sleeper).endswith(b"done")
        assert slept[0] < 900, "the sleeper was served while the greedy one still was"


@pytest.mark.parametrize("first_waits", [False, True])
def test_an_answer_without_end_to_a_fast_reader_leaves_the_loop_to_others(serve, first_waits):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        if scope["path"] == "/endless":
            if first_waits:
                await asyncio.sleep(0.01)
            await send({"type": "http.response.start", "status": 200})
            while True:
                await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
        await answer(send, b"fine")

    with serve(app, drain_timeout=0.5) as server, server.connect() as greedy, server.connect() as other:
        going = threading.Event()

        def take():
            taken = 0
            greedy.sendall(GET.replace(b"/", b"/endless", 1))
            with suppress(ConnectionError):
                while data := greedy.recv(1 << 20):
                    taken += len(data)
                    if taken > 5_000_000:
                        going.set()

        taker = threading.Thread(target=take)
        taker.start()
        assert going.wait(PATIENCE_S)
        for _ in range(20):
            other.sendall(GET)
            read_until(other, b"fine")
        assert taker.is_alive()
        greedy.shutdown(socket.SHUT_RDWR)
        taker.join()


def test_requests_behind_one_that_waits_follow_in_order(serve):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        if scope["query_string"] == b"wait":
            await asyncio.sleep(0.05)
        await answer(send, scope["path"].encode())

    with serve(app) as server:
        paths = [b"/0", b"/1?wait", b"/2", b"/3?wait", b"/4?wait"]
        wire = b"".join(
            LAST.replace(b"/", path, 1) if path == paths[-1] else GET.replace(b"/", path, 1) for path in paths
        )
        reply = server.talk(wire)
    bodies = [part[-2:] for part in reply.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_a_part_sent_between_turns_leaves_at_once(serve):
    go_on = threading.Event()

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        while not go_on.is_set():
            await asyncio.sleep(0.001)
        await send({"type": "http.response.body", "body": b"cd"})

    with serve(app) as server, server.connect() as client:
        client.sendall(LAST)
        assert read_until(client, b"ab")
        go_on.set()
        assert read_all(client) == b"cd"


def test_a_client_that_resets_between_turns_ends_the_exchange(serve):
    failures, waiting = [], threading.Event()

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        waiting.set()
        try:
            for _ in range(10_000):
                await asyncio.sleep(0.001)
                await send({"type": "http.response.body", "body": bytes(1000), "more_body": True})
        except OSError as error:
            failures.append(error)
            raise

    with serve(app) as server:
        client = server.connect()
        client.sendall(GET)
        assert waiting.wait(PATIENCE_S)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        end = time.monotonic() + PATIENCE_S
        while not failures and time.monotonic() < end:
            time.sleep(0.01)
        assert failures
        assert server.service._connections.count == 0


def test_loops_of_one_process_share_connections_evenly(tmp_path):
    (tmp_path / "threads_app.py").write_text(THREADS)
    with Server("threads_app:app", "--model", "threaded", "--threads", "4", cwd=tmp_path) as server:
        clients = [server.connect() for _ in range(16)]
        threads = [ask(client) for client in clients]
        for client in clients:
            client.close()
    assert len(set(threads)) == 4
    assert all(threads.count(thread) == 4 for thread in set(threads))


def test_connections_that_other_loops_accepted_lose_no_request(tmp_path):
    """Many come and go at once; a free-threaded interpreter then has every loop hand connections to every other one."""
    (tmp_path / "threads_app.py").write_text(THREADS)
    answered = []

    def converse(number):
        for i in range(100):
            with server.connect() as client:
                if i % 10 == number:
                    continue  # and be gone
                if i % 3:
                    assert ask(client)
                client.sendall(GET + LAST)
                assert read_all(client).count(b"HTTP/1.1 200") == 2
                answered.append((number, i))

    with Server("threads_app:app", "--model", "threaded", "--threads", "4", cwd=tmp_path) as server:
        clients = [threading.Thread(target=converse, args=(number,)) for number in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert server.stop() == 0
        assert "Traceback" not in server.log
    assert len(answered) == 8 * 90
