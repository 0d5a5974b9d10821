"""The numbers of a running server, for people who watch it: Prometheus's text format, and whether it is well.

`metrics_app()` is a WSGI application, which the monitor (a process of its own, see `monitor`) serves. It reads the
board that all workers write to, so a number is that of the whole server, and no worker is asked. Counters never go
back, for the board keeps what ended workers had counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from fastnet._version import __version__
from fastnet.servers.board import BOUNDS, STATES, Board
from fastnet.servers.config import Config
from fastnet.servers.recycling import resident_bytes
from fastnet.servers.sock_diag import waiting

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def exposition(board: Board, config: Config, ports: Iterable[int]) -> str:
    """Everything, in the text format of Prometheus (version 0.0.4). `ports` are those that are listened at by TCP."""
    return "\n".join(_lines(board, config, ports)) + "\n"


def _lines(board: Board, config: Config, ports: Iterable[int]) -> Iterator[str]:
    totals = board.totals()
    workers = [board.state(place) for place in range(board.workers)]

    yield from _family("requests", "counter", "Answers to requests and messages.", [("", totals.requests)])
    by_class = [(f'{{status="{i}xx"}}', n) for i, n in enumerate(totals.answers) if i]
    yield from _family("http_answers", "counter", "Answers by the first digit of their status.", by_class)
    yield from _histogram(totals.latency, totals.seconds)
    errors = [(f'{{kind="{kind}"}}', n) for kind, n in totals.errors.items()]
    yield from _family("errors", "counter", "Requests and connections that went wrong.", errors)
    yield from _family("connections_accepted", "counter", "Connections accepted.", [("", totals.accepted)])
    yield from _family("received_bytes", "counter", "Bytes of HTTP received.", [("", totals.received)])
    yield from _family("sent_body_bytes", "counter", "Bytes of the bodies of HTTP answers.", [("", totals.sent)])
    replaced = [(f'{{reason="{reason}"}}', n) for reason, n in totals.replaced.items()]
    yield from _family("workers_replaced", "counter", "Workers that another was started for.", replaced)

    yield from _family("connections", "gauge", "Open connections.", [("", totals.connections)])
    yield from _family("busy_threads", "gauge", "Threads that run a request.", [("", totals.busy)])
    threads = config.workers * config.threads
    yield from _family("threads", "gauge", "Threads there are to run requests.", [("", threads)])
    oldest = [("", totals.oldest_s)]
    yield from _family("oldest_request_seconds", "gauge", "How long the request runs that began first.", oldest)
    queue = sum(waiting(set(ports)).values())
    yield from _family("accept_queue", "gauge", "Connections that wait to be accepted.", [("", queue)])
    states = [state for state, _ in workers]
    by_state = [(f'{{state="{state}"}}', states.count(state)) for state in STATES if state != "down"]
    yield from _family("workers", "gauge", "Worker processes.", by_state)
    memory = [(f'{{worker="{i}"}}', resident_bytes(pid)) for i, (_, pid) in enumerate(workers) if pid]
    yield from _family("worker_memory_bytes", "gauge", "Resident memory of each worker.", memory)
    about = f'{{version="{__version__}",model="{config.model}"}}'
    yield from _family("info", "gauge", "The server.", [(about, 1)])


def _family(name: str, kind: str, help: str, samples: Sequence[tuple[str, float]]) -> Iterator[str]:
    name = f"fastnet_{name}" + "_total" * (kind == "counter")
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{labels} {value:.10g}" if isinstance(value, float) else f"{name}{labels} {value}"


def _histogram(counts: tuple[int, ...], seconds: float) -> Iterator[str]:
    name = "fastnet_request_duration_seconds"
    yield f"# HELP {name} From the head of an HTTP request to the end of its answer."
    yield f"# TYPE {name} histogram"
    total = 0
    for bound, count in zip((*map("{:g}".format, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        yield f'{name}_bucket{{le="{bound}"}} {total}'
    yield f"{name}_sum {seconds:.10g}"
    yield f"{name}_count {total}"


def readiness(board: Board) -> str:
    """Why no request should be sent here, in words; "" if all is well."""
    if board.draining():
        return "draining"
    if not any(board.state(place)[0] == "ready" for place in range(board.workers)):
        return "no worker is ready"
    return ""


def metrics_app(
    board: Board, config: Config, ports: list[int]
) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """A WSGI application of three pages: /metrics, /-/healthy and /-/ready."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        status, kind, body = "200 OK", "text/plain; charset=utf-8", "ok\n"
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status, body = "405 Method Not Allowed", "GET or HEAD\n"
        elif path == "/metrics":
            kind, body = TEXT, exposition(board, config, ports)
        elif path == "/-/ready":
            why = readiness(board)
            if why:
                status, body = "503 Service Unavailable", why + "\n"
        elif path != "/-/healthy":
            status, body = "404 Not Found", "/metrics, /-/healthy and /-/ready are here\n"
        data = body.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(data))), ("Cache-Control", "no-store")]
        start_response(status, headers)
        return [data]

    return app
