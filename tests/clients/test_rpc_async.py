"""The asyncio client against real servers of every protocol, and against peers that misbehave; on both loops."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fastnet.clients.rpc_async import AsyncClient
from fastnet.errors import ConfigError, ProtocolError
from fastnet.protocols.rpc_errors import (
    ConnectionLost,
    DeadlineExceeded,
    InternalError,
    InvalidParams,
    MethodNotFound,
    RPCError,
)
from tests.clients.rpc_servers import APPS, KINDS, answer, peer, served, slam
from tests.ports import nobody
from tests.servers.serving import Server

Run = Callable[[Awaitable[None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run(main: Any) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main)

    return run


@pytest.fixture(scope="module", params=KINDS)
def at(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    with served(request.param) as where:
        yield where


def test_calls(at: tuple[str, str], run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(*at) as client:
            assert await client.call("add", [1, 2]) == 3
            assert await asyncio.gather(*(client.call("add", [i]) for i in range(20))) == list(range(1, 21))
            assert await client.call_many([("add", [i]) for i in range(5)]) == [1, 2, 3, 4, 5]
            assert await client.call_many([]) == []
            await client.notify("add", [1])
            if at[1] != "xml":
                assert await client.call("add", {"a": 1, "b": 5}) == 6

    run(main())


def test_faults(at: tuple[str, str], run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(*at) as client:
            for method, kind in (("nope", MethodNotFound), ("add", InvalidParams), ("fail", InternalError)):
                with pytest.raises(kind):
                    await client.call(method)
            good, bad = await client.call_many([("add", [1]), ("nope", [])])
            assert (good, type(bad)) == (2, MethodNotFound)
            for wrong in ([object()], "text"):
                with pytest.raises(TypeError):
                    await client.call("echo", wrong)
                with pytest.raises(TypeError):
                    await client.call_many([("echo", wrong)] * 2)
            assert await client.call("add", [1]) == 2

    run(main())


def test_deadlines_and_cancellation(at: tuple[str, str], run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(*at) as client:
            with pytest.raises(DeadlineExceeded):
                await client.call("wait", [3600], timeout_s=0.05)
            with pytest.raises(DeadlineExceeded):
                await client.call("impatient")
            assert await client.call("add", [1]) == 2
            task = asyncio.ensure_future(client.call("wait", [3600]))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await client.call("add", [1]) == 2

    run(main())


@pytest.fixture(scope="module")
def msgpack() -> Iterator[str]:
    with served("msgpack") as (url, _):
        yield url


def test_calls_overtake_each_other(msgpack: str, run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(msgpack) as client:
            slow = asyncio.ensure_future(client.call("wait", [3600]))
            assert await client.call("add", [1]) == 2
            assert not slow.done()
            slow.cancel()

    run(main())


def test_a_cancelled_call_ends_at_the_server(msgpack: str, run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(msgpack) as client:
            task = asyncio.ensure_future(client.call("hold", ["by the client"]))
            assert await client.call("add", [1]) == 2
            task.cancel()
            while "by the client" not in await client.call("held"):
                await asyncio.sleep(0.01)

    run(main())


def test_streams(msgpack: str, run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(msgpack) as client:
            assert [item async for item in client.stream("ticks", [5])] == [0, 1, 2, 3, 4]
            assert [item async for item in client.stream("count", [1000])] == list(range(1000))
            endless = client.stream("ticks", [2**60])
            assert [await anext(endless) for _ in range(3)] == [0, 1, 2]
            await endless.aclose()  # type: ignore[attr-defined]
            assert await client.call("add", [1]) == 2
            with pytest.raises(RPCError):
                async for _ in client.stream("refuse", [1]):
                    pass
            with pytest.raises(DeadlineExceeded):
                async for _ in client.stream("ticks", [2**60], timeout_s=0.05):
                    pass
        with pytest.raises(TypeError, match="streams"):
            await anext(AsyncClient("http://127.0.0.1:1", "json").stream("ticks"))

    run(main())


def test_a_slow_taker_stops_the_stream(msgpack: str, run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(msgpack) as client:
            stream = client.stream("count", [20_000])
            assert await anext(stream) == 0
            await asyncio.sleep(0.05)
            connection = client._lines[0].connection
            assert connection is not None
            (waiter,) = connection.pending.waiters.values()
            assert waiter.items is not None and waiter.items.qsize() < 20_000
            assert [item async for item in stream] == list(range(1, 20_000))

    run(main())


def test_unix_sockets(tmp_path: Path, run: Run) -> None:
    async def main() -> None:
        async with AsyncClient(f"unix:{tmp_path / 'rpc'}") as client:
            assert await client.call("add", [1]) == 2

    with Server("rpc_apps:plain.msgpack", cwd=APPS, bind=f"unix:{tmp_path / 'rpc'}"):
        run(main())


def test_a_call_is_sent_again_only_if_that_is_safe(run: Run) -> None:
    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            with pytest.raises(ConnectionLost):
                await client.call("pay", [100])
            assert await client.call("read", idempotent=True) == 1

    with peer(slam, slam, answer) as url:
        run(main(url))


def test_everybody_who_waits_is_told_of_the_end(run: Run) -> None:
    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            found = await asyncio.gather(*(client.call("a") for _ in range(5)), return_exceptions=True)
            assert {type(each) for each in found} == {ConnectionLost}

    with peer(slam) as url:
        run(main(url))


def test_nobody_there(run: Run) -> None:
    async def main(port: int) -> None:
        async with AsyncClient(f"tcp://127.0.0.1:{port}", retries=1) as client:
            with pytest.raises(OSError):
                await client.call("a")

    with nobody() as port:
        run(main(port))


@pytest.mark.parametrize("data", [b"\xc1", b"\x01", b"\x94\x01\x01\xc0"], ids=["garbage", "no message", "half"])
def test_a_peer_that_breaks_the_rules(data: bytes, run: Run) -> None:
    def misbehave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(data)

    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            with pytest.raises((ProtocolError, ConnectionLost)):
                await client.call("a")

    with peer(misbehave) as url:
        run(main(url))


def test_closing_tells_who_waits_and_a_call_opens_again(run: Run) -> None:
    async def main(url: str) -> None:
        client = AsyncClient(url)
        assert await client.call("a") == 1
        await client.close()
        assert await client.call("a") == 1
        await client.close()
        await client.close()
        for options in ({"timeout_s": 0}, {"retries": -1}):
            with pytest.raises(ConfigError, match=next(iter(options))):
                AsyncClient(url, **options)  # type: ignore[arg-type]

    with peer(answer) as url:
        run(main(url))


def test_over_http_several_requests_are_on_their_way_at_once(run: Run) -> None:
    """The server answers nobody before eight connections have a request each; then the ninth call finds a free one."""
    opened, waiting, peak = [0], [0], [0]

    async def main() -> None:
        all_there = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened[0] += 1
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                    call = json.loads(await reader.readexactly(size))
                    waiting[0] += 1
                    peak[0] = max(peak[0], waiting[0])
                    if waiting[0] == 8:
                        all_there.set()
                    await all_there.wait()
                    waiting[0] -= 1
                    body = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": call["params"][0]}).encode()
                    kind = b"Content-Type: application/json\r\n"
                    writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, len(body), body))
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with AsyncClient(f"http://127.0.0.1:{port}", "json") as client:
            assert await asyncio.gather(*(client.call("a", [i]) for i in range(20))) == list(range(20))
            assert opened == [8] and peak == [8]
        server.close()

    run(main())
