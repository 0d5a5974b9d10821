"""The access log of a running server, under every model: a line a request, whatever becomes of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.cells import CELLS, serve
from tests.servers.serving import PATIENCE_S, Server, until
from tests.servers.wire_apps import LARGE

# Method, target, further fields and body; status and bytes that the log should have.
REQUESTS: list[tuple[str, str, bytes, int, int]] = [
    ("GET", "/plain", b"\r\n", 200, len("GET /plain")),
    ("HEAD", "/plain", b"\r\n", 200, 0),
    ("GET", "/stream", b"\r\n", 200, len("one two three")),
    ("GET", "/large", b"\r\n", 200, LARGE),
    ("POST", "/echo", b"Content-Length: 5\r\n\r\nhello", 200, 5),
    ("GET", "/raise/ValueError", b"\r\n", 500, len("Internal Server Error\n")),
    ("GET", "/slow", b"Referer: http://r.example/\r\nUser-Agent: a \"b\"\r\n\r\n", 200, len("GET /slow")),
]
Cell = tuple[Server, Path]


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def logged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    path = tmp_path_factory.mktemp("log") / "access"
    with serve(request.param, "--access-log", "json", "--access-log-file", str(path)) as running:
        yield running, path


def talk(server: Server, data: bytes) -> bytes:
    with server.connect() as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(262144), b""))


def send(server: Server, method: str, target: str, rest: bytes) -> None:
    head = f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
    assert talk(server, head + rest).startswith(b"HTTP/1.1 ")


def lines(path: Path, since: int, count: int) -> list[dict[str, Any]]:
    """The lines behind the first `since` bytes, of which there must be `count`, no more and no fewer."""

    def read() -> list[bytes]:
        return path.read_bytes()[since:].splitlines()

    until(lambda: len(read()) >= count, f"{count} lines")
    time.sleep(0.05)
    assert len(read()) == count
    return [json.loads(line) for line in read()]


def test_every_answer_has_its_line(logged: Cell) -> None:
    server, path = logged
    since, before = path.stat().st_size, time.time()
    for method, target, rest, _, _ in REQUESTS:
        send(server, method, target, rest)
    seen = {(line["method"], line["target"]): line for line in lines(path, since, len(REQUESTS))}
    for method, target, _, status, size in REQUESTS:
        line = seen[method, target]
        assert (line["status"], line["bytes"], line["version"]) == (status, size, "HTTP/1.1"), line
        assert line["client"] == "127.0.0.1"
        assert before - 1 < line["time"] < time.time() + 1
        assert 0 <= line["duration"] < PATIENCE_S
    slow = seen["GET", "/slow"]
    assert slow["duration"] >= 0.19
    assert (slow["referer"], slow["user_agent"]) == ("http://r.example/", 'a "b"')


def test_pipelined_requests_have_a_line_each(logged: Cell) -> None:
    server, path = logged
    since = path.stat().st_size
    data = b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n" * 9 + b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    talk(server, data)
    seen = lines(path, since, 10)
    assert [line["target"] for line in seen] == ["/plain"] * 9 + ["/last"]


def test_a_refused_head_has_a_line_without_a_request(logged: Cell) -> None:
    server, path = logged
    for data, status in ((b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414)):
        since = path.stat().st_size
        answer = talk(server, data)
        (line,) = lines(path, since, 1)
        assert (line["status"], line["method"], line["client"]) == (status, "", "127.0.0.1")
        assert line["bytes"] == len(answer.partition(b"\r\n\r\n")[2])


def test_an_answer_that_the_client_does_not_take(logged: Cell) -> None:
    server, path = logged
    since = path.stat().st_size
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    (line,) = lines(path, since, 1)
    assert line["status"] == 200
    assert 0 < line["bytes"] < LARGE


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_combined_on_standard_output_and_a_full_disk(cell: tuple[str, str, str]) -> None:
    with serve(cell, "--access-log", "combined") as server:
        send(server, "GET", "/plain?q=%22", b"User-Agent: me\r\n\r\n")
        assert server.process.stdout is not None
        line = server.process.stdout.readline()
    time_format = r"\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\]"
    assert re.fullmatch(rf'127\.0\.0\.1 - - {time_format} "GET /plain\?q=%22 HTTP/1\.1" 200 10 "-" "me" \d+\n', line)
    with serve(cell, "--access-log", "json", "--access-log-file", "/dev/full", "--workers", "1") as server:
        for _ in range(40):
            assert server.get() == b"GET /"
        server.wait_for_log("access log: No space left on device; lines are lost until it can be written again")
        assert server.stop() == 0
    assert server.log.count("access log:") == 1
