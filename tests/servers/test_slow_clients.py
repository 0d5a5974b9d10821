"""Slow clients of every kind at once, in every model and app kind: all are gone in bounded time, with a 408 where one
can be told, while 64 good clients beside them notice nothing."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from tests.servers.cells import CELLS, serve
from tests.servers.serving import Server
from tests.servers.wire_apps import LARGE

# Deadlines are a second here; nobody may stay for this long.
BOUND_S = 30
GOOD_CLIENTS = 64
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
GET_LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"

# What each sends at once, what it goes on to send a byte at a time (never long silent, yet too slow), what it is told.
SENDERS = {
    "silent": (b"", b"", None),
    "silent in the head": (b"GET / HT", b"", 408),
    "trickled head": (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ", b"x" * 10000, 408),
    "trickled empty lines": (b"\r\n", b"\r\n" * 4000, 408),
    "silent in the body": (POST + b"x", b"", 408),
    "trickled body": (POST + b"x", b"x" * 10000, 408),
    "trickled chunks": (CHUNKED, b"1\r\nx\r\n" * 2000, 408),
    "trickled trailers": (CHUNKED + b"0\r\nA: ", b"x" * 8000, 408),
}


async def to_the_end(reader: asyncio.StreamReader) -> bytes:
    data = b""
    try:
        while got := await reader.read(1 << 20):
            data += got
    except ConnectionError:
        pass
    return data


async def sender(port: int, first: bytes, rest: bytes) -> bytes:
    """Send slowly; return what came until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(to_the_end(reader))
    writer.write(first)
    try:
        for i in range(len(rest)):
            if answer.done():
                break
            writer.write(rest[i : i + 1])
            await asyncio.wait([answer], timeout=0.1)
        return await asyncio.wait_for(answer, BOUND_S)
    finally:
        writer.close()


async def never_reader(port: int, trickle: bool) -> int:
    """Ask for more than buffers hold, read nothing or next to nothing until the server must have given up; then count
    what is left to read."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, GET_LARGE)
        count = 0
        for _ in range(45):
            await asyncio.sleep(0.1)
            if trickle:
                count += len(await loop.sock_recv(client, 100))
        try:
            while got := len(await asyncio.wait_for(loop.sock_recv(client, 1 << 20), BOUND_S)):
                count += got
        except ConnectionError:
            pass
        return count


async def good(port: int, done: asyncio.Event) -> int:
    """Ask again and again on one connection, until `done`; every answer must come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    while not done.is_set():
        writer.write(b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        assert await reader.readexactly(int(length[1])) == b"GET /good"
        answers += 1
        await asyncio.sleep(0.05)
    writer.close()
    return answers


async def all_at_once(port: int) -> tuple[dict[str, bytes], list[int], list[int]]:
    done = asyncio.Event()
    clients = [asyncio.create_task(good(port, done)) for _ in range(GOOD_CLIENTS)]
    senders = [sender(port, first, rest) for first, rest, _ in SENDERS.values()]
    answers = await asyncio.gather(*senders, never_reader(port, False), never_reader(port, True))
    done.set()
    counts = await asyncio.gather(*clients)
    told = dict(zip(SENDERS, answers[: len(SENDERS)], strict=True))
    return told, answers[len(SENDERS) :], counts


def server_of(cell: tuple[str, str, str]) -> Server:
    deadlines = ("first-byte", "head", "body", "write")
    return serve(cell, *(x for d in deadlines for x in (f"--{d}-timeout", "1")), "--min-rate", "5000")


@pytest.mark.parametrize("cell", [c for c in CELLS if c[2] != "asyncio" or c[0] == "async"], ids="-".join)
def test_slow_clients_are_bounded_and_good_ones_unharmed(cell: tuple[str, str, str]) -> None:
    with server_of(cell) as server:
        told, read, counts = asyncio.run(all_at_once(server.port))
    for name, (_, _, status) in SENDERS.items():
        if status is None:
            assert told[name] == b"", name
        else:
            assert told[name].startswith(b"HTTP/1.1 %d " % status), (name, told[name])
            assert b"\r\nconnection: close\r\n" in told[name]
    assert all(count < LARGE for count in read), read
    assert len(counts) == GOOD_CLIENTS
    assert all(counts)
