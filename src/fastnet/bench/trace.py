"""One request's way through the server, under each model: real servers (`fastnet serve --trace`), real requests.

Requests are sent one after the other, each on a connection of its own, by one client that notes when it sent and
received, on the clock that the server uses too. Of all of a model the one of median time is shown: a request that
happened, not means of steps that did not happen together.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastnet.bench.processes import ServerFailed, ServerProcess, free_port
from fastnet.errors import ConfigError

SCHEMA = "fastnet-trace"
SCHEMA_VERSION = 1
MODELS = ("prefork", "threaded", "async")
# A step is named by the moment that ends it.
STEPS = {
    "accepted": "connection accepted",
    "first_byte": "first byte read",
    "head_parsed": "head parsed",
    "app_called": "application called",
    "app_answers": "application answers",
    "app_returned": "application is done",
    "first_byte_out": "first byte out",
    "last_byte_out": "last byte out",
    "done": "server is done",
}
# Requests before those that count: imports on the first one, caches.
WARM_UP = 5
TIMEOUT_S = 30.0
LOOK_EVERY_S = 0.005
END_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to trace. ConfigError for what cannot be."""

    target: str
    models: tuple[str, ...] = MODELS
    path: str = "/"
    method: str = "GET"
    headers: tuple[str, ...] = ()  # "Name: value"
    body: bytes = b""
    app_dir: str = ""
    interface: str = "auto"
    requests: int = 50

    def __post_init__(self) -> None:
        for model in self.models:
            if model not in MODELS:
                raise ConfigError("model", model, "one of " + ", ".join(MODELS))
        if not 1 <= self.requests <= 10000:
            raise ConfigError("requests", self.requests, "an integer from 1 to 10000")
        if not self.path.startswith("/") or not self.path.isprintable() or " " in self.path:
            raise ConfigError("path", self.path, "a path that begins with / and has no space")
        if not self.method.isalpha():
            raise ConfigError("method", self.method, "letters, as GET")
        for line in self.headers:
            if ":" not in line or not line.isprintable():
                raise ConfigError("header", line, "Name: value")

    def request(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", "Connection: close", *self.headers]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


@dataclass(frozen=True, slots=True)
class Way:
    """One request. `at`: moment to ns from when the client had sent it; negative: before."""

    status: int
    body_bytes: int
    at: dict[str, int]

    @property
    def whole_ns(self) -> int:
        """What the client waited."""
        return self.at["received"]

    def steps(self) -> list[tuple[str, int, int]]:
        """What happened, from when, to when: without gaps, in the order in which it happened."""
        found, since = [], self.at["sent"]
        # Not always in one order: an answer may be out before the application has returned.
        for until, name in sorted((self.at[moment], name) for moment, name in STEPS.items() if moment in self.at):
            if until > since:
                found.append((name, since, until))
                since = until
        return found


@dataclass(frozen=True, slots=True)
class Traced:
    """The requests under one model; `typical` is the one of median time."""

    model: str
    command: tuple[str, ...]
    ways: tuple[Way, ...]

    @property
    def typical(self) -> Way:
        return sorted(self.ways, key=lambda way: way.whole_ns)[len(self.ways) // 2]


@dataclass(frozen=True, slots=True)
class Trace:
    target: str
    request: str
    started_at: str
    models: tuple[Traced, ...]

    def to_json(self) -> str:
        """Everything, every request."""
        return json.dumps({"schema": SCHEMA, "version": SCHEMA_VERSION, **dataclasses.asdict(self)}, indent=1)


def trace(options: Options, tell: Callable[[str], None] = lambda text: None) -> Trace:
    """Serve the target under each model, and follow requests. ServerFailed when it does not start or not answer."""
    started_at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    with tempfile.TemporaryDirectory(prefix="fastnet-trace-") as folder:
        found = []
        for model in options.models:
            tell(model)
            found.append(_traced(options, model, Path(folder, model)))
    return Trace(options.target, f"{options.method} {options.path}", started_at, tuple(found))


def _traced(options: Options, model: str, file: Path) -> Traced:
    port = free_port()
    command = [sys.executable, "-m", "fastnet", "serve", options.target, "--model", model, "--workers", "1"]
    command += ["--interface", options.interface, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    command += ["--app-dir", options.app_dir] if options.app_dir else []
    file.touch()
    with ServerProcess(model, [*command, "--trace", str(file)], port) as server:
        request = options.request(f"127.0.0.1:{port}")
        sent = [_ask(server, port, request) for _ in range(WARM_UP + options.requests)][WARM_UP:]
        lines = _lines(server, file, WARM_UP + options.requests)
    by_client = {line["client"][1]: line for line in lines}
    ways = [_way(by_client[client], moments) for client, moments in sent]
    return Traced(model, tuple(command), tuple(ways))


def _ask(server: ServerProcess, port: int, request: bytes) -> tuple[int, dict[str, int]]:
    """The client's port, and its moments. ServerFailed without an answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as sock:
            client = sock.getsockname()[1]
            at = {"sent": time.monotonic_ns()}
            sock.sendall(request)
            answer = sock.recv(65536)
            at["received_first"] = at["received"] = time.monotonic_ns()
            if not answer:
                raise ConnectionResetError("it closed the connection")
            while sock.recv(65536):
                at["received"] = time.monotonic_ns()
    except OSError as error:
        # It may be ending just now, and then its log says why.
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline:
            server.check_alive()
            time.sleep(LOOK_EVERY_S)
        raise ServerFailed(f"{server.name} did not answer: {error}", server.log()) from None
    return client, at


def _lines(server: ServerProcess, file: Path, count: int) -> list[dict[str, Any]]:
    """What the server wrote. ServerFailed when that is less than was asked for."""
    deadline = time.monotonic() + TIMEOUT_S
    while (lines := file.read_bytes().split(b"\n")[:-1]) and len(lines) < count and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    if len(lines) < count:
        raise ServerFailed(f"{server.name} told of {len(lines)} of {count} requests", server.log())
    return [json.loads(line) for line in lines]


def _way(line: dict[str, Any], moments: dict[str, int]) -> Way:
    at = {**line["at"], **moments}
    return Way(line["status"], line["body_bytes"], {name: ns - moments["sent"] for name, ns in at.items()})


def slowest_step(traced: Sequence[Traced]) -> str:
    """In a sentence, what takes the most of a typical request under the quickest model."""
    best = min(traced, key=lambda one: one.typical.whole_ns)
    name, since, until = max(best.typical.steps(), key=lambda step: step[2] - step[1])
    share = (until - since) / max(best.typical.whole_ns, 1)
    return f"{best.model} answers first. Its longest step, {share:.0%} of the time, is the one until: {name}."
