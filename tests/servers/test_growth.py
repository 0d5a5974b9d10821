"""Nothing grows: not the memory, the descriptors, the threads or the processes of a server that has served many."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.servers.cells import serve
from tests.servers.serving import Server, until

GET = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
STREAM = b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
ROUNDS = 15  # of those on a connection
# How a connection ends after the answers to those: by an error, a refusal, an answer or a request that is broken off.
CLOSE = b"GET /next HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n"
ENDS = [
    (b"GET /raise/ValueError HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 500 "),
    (b"GET /broken/ValueError HTTP/1.1\r\nHost: a\r\n\r\n", b""),
    (b"BAD\r\n\r\n", b"HTTP/1.1 400 "),
    (b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", None),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nx", None),
    *[(CLOSE, b"HTTP/1.1 200 ")] * 7,
]
# Some pages come and go; this is 26 bytes a request.
MOST_GROWTH_BYTES = 1 << 19
REQUESTS = int(os.environ.get("GROWTH_REQUESTS", "20000"))  # a million, say, by hand


@dataclass(frozen=True)
class Facts:
    workers: list[int]
    files: int
    threads: int
    memory: int

    @classmethod
    def of(cls, server: Server) -> Facts:
        processes = [psutil.Process(pid) for pid in server.workers()]
        return cls(
            server.workers(),
            sum(process.num_fds() for process in processes),
            sum(process.num_threads() for process in processes),
            sum(anonymous(process.pid) for process in processes),
        )


def anonymous(pid: int) -> int:
    """Bytes of memory that is no file's: a share of files, as in a PSS, moves as other processes come and go."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("\nAnonymous:")[2].split()[0]) << 10


def converse(client: socket.socket, number: int) -> int:
    """Send some pipelined requests, read their answers, end the connection in one of many ways; returns how many."""
    end, answer = ENDS[number % len(ENDS)]
    count = 4 * ROUNDS
    client.sendall((GET + POST + CHUNKED + STREAM) * ROUNDS)
    text = b""
    while text.count(b"HTTP/1.1 200 ") < count or not text.endswith(b"three\r\n0\r\n\r\n"):
        data = client.recv(1 << 16)
        assert data, text[-500:]
        text += data
    client.sendall(end)
    if answer is not None:
        text = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert answer in text, text
    return count + 1


def some(server: Server, requests: int) -> None:
    done = number = 0
    while done < requests:
        with server.connect() as client:
            done += converse(client, number)
        number += 1


def start_all_threads(server: Server) -> None:
    """Of a pool, whose size is 16."""
    clients = [server.connect() for _ in range(64)]
    for client in clients:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    for client in clients:
        assert client.recv(1)
        client.close()


@pytest.mark.timeout(120 + REQUESTS // 200)
@pytest.mark.parametrize(
    "cell",
    [(model, kind, "auto") for model in ("prefork", "threaded", "async") for kind in ("wsgi", "asgi")]
    + [("async", kind, "transports") for kind in ("wsgi", "asgi")],
    ids="-".join,
)
def test_nothing_grows_over_many_requests_and_connections(
    cell: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # glibc gives threads heaps of their own, which take some ten thousand requests to reach their size.
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    with serve(cell, "--log-level", "debug") as server:
        workers = 2 if cell[0] == "prefork" else 1
        until(lambda: server.log.count(") is ready") == workers, "the workers")
        if cell[:2] == ("async", "wsgi"):
            start_all_threads(server)
        files = Facts.of(server).files
        some(server, 5000)
        until(lambda: Facts.of(server).files <= files, "the connections to be closed")
        before = Facts.of(server)
        some(server, REQUESTS)
        until(lambda: Facts.of(server).files <= before.files, "the connections to be closed")
        after = Facts.of(server)
        print(cell, REQUESTS, "requests:", before, after, f"{(after.memory - before.memory) >> 10} KiB more")
        assert after.workers == before.workers
        assert after.threads <= before.threads
        assert after.memory - before.memory < MOST_GROWTH_BYTES
        assert len(psutil.Process(server.process.pid).children(recursive=True)) == workers
