"""What a server that traces says of each request, under every model: the moments, in their order, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.servers.tracing import MOMENTS
from tests.servers.cells import CELLS, serve
from tests.servers.serving import Server, run_to_end, until
from tests.servers.wire_apps import LARGE

Cell = tuple[Server, Path]


@pytest.fixture(scope="module", params=[cell for cell in CELLS if cell[2] != "transports"], ids="-".join)
def tracing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    path = tmp_path_factory.mktemp("trace") / "trace"
    with serve(request.param, "--trace", str(path)) as running:
        yield running, path


def ask(cell: Cell, data: bytes, count: int = 1) -> tuple[bytes, list[dict[str, Any]]]:
    """The answers to `data` and the traces that it left, of which there must be `count`."""
    server, path = cell
    since = path.stat().st_size

    def read() -> list[bytes]:
        return path.read_bytes()[since:].splitlines(keepends=True)

    with server.connect() as client:
        client.sendall(data)
        answer = b"".join(iter(lambda: client.recv(262144), b""))
    until(lambda: len(read()) >= count and read()[-1].endswith(b"\n"), f"{count} traces")
    time.sleep(0.05)
    assert len(read()) == count
    return answer, [json.loads(line) for line in read()]


def get(path: str, more: bytes = b"") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n".encode() + more + b"\r\n"


CLOSE = b"Connection: close\r\n"


def check_order(at: dict[str, int], before: int, after: int) -> None:
    steps = [name for name in ("accepted", "ready", "first_byte", "last_byte", "head_parsed") if name in at]
    # An application may return while, or after, its answer goes out; and a body may be parsed behind its head.
    for chain in (
        [*(name for name in steps if name != "last_byte"), "app_called", "app_answers", "first_byte_out"],
        ["first_byte", "last_byte", "app_called"],
        ["app_answers", "app_returned"],
        ["first_byte_out", "last_byte_out", "done"],
    ):
        times = [at[name] for name in chain if name in at]
        assert times == sorted(times), (chain, at)
    assert before < min(at.values()) and max(at.values()) < after


def test_one_request_has_every_moment_within_its_time(tracing: Cell) -> None:
    before = time.monotonic_ns()
    answer, (trace,) = ask(tracing, get("/plain?a=1", CLOSE))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert (trace["request"], trace["status"], trace["body_bytes"]) == ("GET /plain?a=1", 200, len("GET /plain"))
    assert trace["client"][0] == "127.0.0.1"
    assert set(MOMENTS) - {"app_body"} <= set(trace["at"]) <= set(MOMENTS)
    assert list(trace["at"]) == [name for name in MOMENTS if name in trace["at"]]
    check_order(trace["at"], before, time.monotonic_ns())


def test_the_application_s_time_is_its_own(tracing: Cell) -> None:
    _, (trace,) = ask(tracing, get("/slow", CLOSE))
    at = trace["at"]
    assert at["app_answers"] - at["app_called"] > 190e6  # it sleeps for 0.2 s
    assert at["app_called"] - at["first_byte"] < at["app_answers"] - at["app_called"]


def test_requests_of_one_connection(tracing: Cell) -> None:
    """Pipelined: they arrive together, and each has its own way; only the first was accepted."""
    before = time.monotonic_ns()
    answer, traces = ask(tracing, get("/a") + get("/b") + get("/c", CLOSE), 3)
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert [t["request"] for t in traces] == ["GET /a", "GET /b", "GET /c"]
    assert ["accepted" in t["at"] for t in traces] == [True, False, False]
    assert traces[0]["client"] == traces[1]["client"] == traces[2]["client"]
    for trace in traces:
        check_order(trace["at"], before, time.monotonic_ns())
        assert {"app_called", "app_returned", "last_byte_out"} <= set(trace["at"])


def test_answers_in_pieces(tracing: Cell) -> None:
    _, (streamed,) = ask(tracing, get("/stream", CLOSE))
    assert streamed["at"]["app_answers"] <= streamed["at"]["app_body"] <= streamed["at"]["app_returned"]
    answer, (large,) = ask(tracing, get("/large", CLOSE))
    assert len(answer) > LARGE and large["body_bytes"] == LARGE
    assert large["at"]["first_byte_out"] < large["at"]["last_byte_out"]  # it does not fit the sockets' buffers


def test_failures_are_traced_too(tracing: Cell) -> None:
    _, (failed,) = ask(tracing, get("/raise/ValueError", CLOSE))
    assert failed["status"] == 500 and "app_called" in failed["at"] and "app_answers" not in failed["at"]
    _, (broken,) = ask(tracing, get("/broken/ValueError", CLOSE))
    assert broken["at"]["app_answers"] <= broken["at"]["app_returned"] <= broken["at"]["done"]


def test_a_client_that_leaves(tracing: Cell) -> None:
    """What a request came to is told, though its answer reached nobody."""
    server, path = tracing
    since = path.stat().st_size
    with server.connect() as client:
        client.sendall(get("/large"))
        assert client.recv(1)
    until(lambda: path.stat().st_size > since, "the trace")
    at = json.loads(path.read_bytes()[since:].splitlines()[0])["at"]
    assert "first_byte_out" in at and "done" in at


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    for model in ("prefork", "async"):
        path = tmp_path / "no" / "trace"
        done = run_to_end("serve", "wire_apps:wsgi", "--model", model, "--trace", str(path), cwd=Path(__file__).parent)
        assert done.returncode == 1
        assert f"cannot write the trace to {path}: No such file or directory" in done.stderr.splitlines()[-1]


def test_without_the_native_driver_it_is_refused(tmp_path: Path) -> None:
    arguments = ("serve", "wire_apps:wsgi", "--trace", str(tmp_path / "trace"))
    done = run_to_end(*arguments, cwd=Path(__file__).parent, env={"FASTNET_TRANSPORTS": "1"})
    assert done.returncode == 1 and "--trace needs the native driver" in done.stderr.splitlines()[-1]
