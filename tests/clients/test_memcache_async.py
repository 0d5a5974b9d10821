"""The async client against Debian's memcached and against ours: what differs from the sync one, and all commands."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from fastnet.clients.memcache import AsyncClient, Client, ServerRefused
from tests.clients.caches import KINDS, cache, cache_server, memcached
from tests.ports import nobody


@pytest.fixture(scope="module", params=KINDS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with cache(request.param) as port:
        yield port


def run(port: int, body: Callable[[AsyncClient], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncClient([f"127.0.0.1:{port}"], **options) as client:
            return await body(client)

    return asyncio.run(main())


def test_every_command(port: int) -> None:
    async def body(client: AsyncClient) -> None:
        await client.flush_all()
        assert await client.get("a") is None and await client.get("a", 5) == 5
        assert await client.set("a", "text") and await client.set("c", 17, 60) and await client.set("b", b"bytes")
        assert await client.get_many(["a", b"b", "c", "d"]) == {"a": "text", b"b": b"bytes", "c": 17}
        assert not await client.add("a", "x") and not await client.replace("e", "x")
        assert await client.append("b", b">") and await client.prepend("b", b"<")
        assert await client.get("b") == b"<bytes>"
        assert (await client.incr("c"), await client.decr("c", 100), await client.incr("no")) == (18, 0, None)
        assert await client.touch("a", 100) and await client.delete("a") and not await client.delete("a")
        assert await client.set_many({"x": 1, "y": "2"}, 60) == []
        found = await client.gets("y")
        assert found is not None and await client.cas("y", "3", found[1]) is True
        assert await client.cas("y", "3", found[1]) is False and await client.cas("no", "3", 1) is None
        assert len(await client.stats()) == 1
        with pytest.raises(ServerRefused):
            await client.incr("b")

    run(port, body)


def test_any_number_of_tasks_over_few_connections(port: int) -> None:
    async def body(client: AsyncClient) -> None:
        await client.flush_all()
        before = int(next(iter((await client.stats()).values()))["curr_connections"])
        assert all(await asyncio.gather(*[client.set(f"key-{n}", n) for n in range(500)]))
        assert await asyncio.gather(*[client.get(f"key-{n}") for n in range(500)]) == list(range(500))
        assert int(next(iter((await client.stats()).values()))["curr_connections"]) <= before + 2

    run(port, body, max_connections=3)


def test_one_of_many_computes(port: int) -> None:
    async def body(client: AsyncClient) -> None:
        await client.delete("a")
        calls = []

        async def compute() -> str:
            calls.append(1)
            await asyncio.sleep(0.1)
            return "computed"

        results = await asyncio.gather(*[client.get_or_compute("a", compute, 60) for _ in range(50)])
        assert len(calls) == 1 and results == ["computed"] * 50
        await client.delete("a")
        assert await client.get_or_compute("a", lambda: "plain", 60) == "plain"

    run(port, body)


def test_a_task_that_is_cancelled_disturbs_nobody(port: int) -> None:
    async def body(client: AsyncClient) -> None:
        await client.set("a", "x")
        for _ in range(20):
            task = asyncio.create_task(client.get("a"))
            await asyncio.sleep(0)
            task.cancel()
            assert await client.get("a") == "x"

    run(port, body, max_connections=1)


def test_a_server_that_was_started_anew_is_found_again() -> None:
    async def body() -> None:
        with memcached() as port:
            client = AsyncClient([f"127.0.0.1:{port}"])
            assert await client.set("a", 1)
        with pytest.raises(OSError):
            await client.get("a")
        with memcached(port=port):
            assert await client.get("a") is None
        await client.close()

    asyncio.run(body())


def test_a_server_that_says_nothing_takes_down_its_connection_only() -> None:
    async def body() -> None:
        arrived = []

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.append(writer)
            await reader.read()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with AsyncClient([f"127.0.0.1:{port}"], timeout_s=0.1, max_connections=1) as client:
            for turn in (1, 2):
                found = await asyncio.gather(client.get("a"), client.get("b"), return_exceptions=True)
                assert all(isinstance(each, TimeoutError) for each in found) and len(arrived) == turn
        for writer in arrived:
            writer.close()
        server.close()

    asyncio.run(body())


def test_trying_again_keeps_to_max_connections() -> None:
    """The first connection is closed with many requests on it; all of them are then answered by one other."""

    async def body() -> None:
        live: set[int] = set()
        peaks, opened = [0], [0]

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened[0] += 1
            mine = opened[0]
            live.add(mine)
            peaks.append(len(live))
            with contextlib.suppress(OSError):
                n = 0
                while await reader.readline():
                    n += 1
                    if mine == 1 and n > 1:
                        break
                    writer.write(b"END\r\n")
            live.discard(mine)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with AsyncClient([f"127.0.0.1:{port}"], max_connections=1) as client:
            await client.get("a")
            assert await asyncio.gather(*(client.get(f"k{i}") for i in range(20))) == [None] * 20
            assert max(peaks) == 1 and opened == [2]
        server.close()

    asyncio.run(body())


def test_tls_is_verified(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = str(tmp_path / "server.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    tls, wrong = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(tls)
    stranger.configure_trust(wrong)

    async def body(node: str) -> None:
        async with AsyncClient([node], tls=tls) as client:
            assert await client.set("a", "x" * 100_000) and await client.get("a") == "x" * 100_000
        async with AsyncClient([node], tls=wrong) as client:
            with pytest.raises(ssl.SSLCertVerificationError):
                await client.get("a")

    with cache_server("--tls-cert", certificate, bind="tls://127.0.0.1:0") as server:
        node = f"localhost:{server.port}"
        asyncio.run(body(node))
        with Client([node], tls=tls) as client:
            assert client.set("b", "sync") and client.get_many(["a", "b"]) == {"a": "x" * 100_000, "b": "sync"}
        with Client([node], tls=wrong) as client, pytest.raises(ssl.SSLCertVerificationError):
            client.get("a")


def test_a_node_that_is_gone_can_be_a_miss() -> None:
    async def body(client: AsyncClient) -> None:
        assert await client.get("a", "default") == "default" and await client.set("a", 1) is False
        assert await client.get_or_compute("a", lambda: 7, 60) == 7

    async def raises(client: AsyncClient) -> None:
        with pytest.raises(ConnectionRefusedError):
            await client.get("a")

    with nobody() as port:
        run(port, body, unreachable="miss")
        run(port, raises)
