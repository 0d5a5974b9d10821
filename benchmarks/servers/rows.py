"""Each row of the results: who is measured at what, and the bars that fastnet is held to.

A bar compares one contender's figure with another's of the same round, or with a number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.bars import Bar
from benchmarks.servers import dns, echo, https
from benchmarks.servers.contenders import (
    GUNICORN,
    H2O,
    NGINX,
    C,
    Contender,
    fastnet,
    granian,
    launched,
    socketify,
    uvicorn,
)  # fmt: skip
from benchmarks.servers.generator import NGINX_TLS
from benchmarks.servers.idle import measure_idle
from benchmarks.servers.load import Load, measure
from benchmarks.servers.process import Server

PER_CPU = "requests_per_cpu_s"
IDLE_CONNECTIONS = 10_000
THREADS = ("--threads", "8")

Measure = Callable[[Server, int, int | None], dict[str, float]]


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    workload: str
    contenders: list[Contender]
    measure: Measure
    metrics: list[str]
    bars: list[Bar] = field(default_factory=list)
    rounds: int = 5
    rank: str | None = PER_CPU  # the figure compared with the first contender's


def loaded(load: Load) -> Measure:
    def run(server: Server, seconds: int, core: int | None) -> dict[str, float]:
        return measure(server, load, seconds, core)

    return run


def idle(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    return measure_idle(server, IDLE_CONNECTIONS, max(seconds, 5))


PREFORK, THREADED = fastnet("wsgi", "prefork"), fastnet("wsgi", "threaded", *THREADS)
ASYNC, WSGI_ASYNC = fastnet("asgi", "async"), fastnet("wsgi", "async")
ASGI_PREFORK, ASGI_THREADED = fastnet("asgi", "prefork"), fastnet("asgi", "threaded", *THREADS)
FASTWSGI, FASTPYSGI, BJOERN = launched("fastwsgi", "wsgi"), launched("fastpysgi", "wsgi"), launched("bjoern", "wsgi")
FASTPYSGI_CLOSING = launched("fastpysgi", "wsgi", "closing")
FASTPYSGI_ASGI = launched("fastpysgi", "asgi")
HTTPTOOLS, ZTTP = uvicorn("httptools"), uvicorn("zttp")
GRANIAN, GRANIAN_ASGI = granian("wsgi"), granian("asgi")
SOCKETIFY, SOCKETIFY_ASGI = socketify("wsgi"), socketify("asgi")

SPEED = ["requests_per_s", PER_CPU, "p50_us", "p99_us", "worker_rss_mib"]
MODELS = [PREFORK, THREADED, WSGI_ASYNC, ASGI_PREFORK, ASGI_THREADED, ASYNC]


def against(who: Contender, other: Contender, bound: float, metric: str = PER_CPU) -> Bar:
    return Bar(who.name, metric, bound, other.name)


def at_most(who: Contender, metric: str, bound: float) -> Bar:
    return Bar(who.name, metric, bound, at_least=False)


def idle_services(server: Server, seconds: int, core: int | None) -> dict[str, float]:
    return echo.measure_idle(server, IDLE_CONNECTIONS, max(seconds, 5))


def of_echo(name: str, title: str, workload: str, depth: int, of_c: float, peer: Contender, of_peer: float) -> Row:
    """Echo beside C, and beside asyncio's protocols; the bars are those of prefork and of async."""
    peers = [echo.UVLOOP, echo.ASYNCIO] if workload == "udp" else [echo.AIOFASTNET, echo.UVLOOP, echo.ASYNCIO]
    bars = [against(model, other, bound) for other, bound in ((echo.C, of_c), (peer, of_peer)) if bound
            for model in (echo.PREFORK, echo.ASYNC)]  # fmt: skip
    return Row(name, title, workload, [echo.C, echo.PREFORK, echo.THREADED, echo.ASYNC, *peers],
               echo.EchoLoad(depth), SPEED, bars)  # fmt: skip


HELLO = Load("hello")
ECHO = [
    of_echo("echo-tcp", "Echo, TCP, 1 KiB", "tcp", 1, 0.95, echo.AIOFASTNET, 1.03),
    of_echo("echo-tcp-16", "Echo, TCP, 1 KiB, 16 in flight", "tcp", 16, 0.9, echo.AIOFASTNET, 1.03),
    of_echo("echo-udp", "Echo, UDP, 1 KiB", "udp", 1, 0.85, echo.UVLOOP, 1.25),
    of_echo("echo-tls", "Echo, TLS, 1 KiB", "tls", 1, 0.9, echo.AIOFASTNET, 0),
    Row("echo-idle", "10,000 idle connections of a service", "tcp",
        [echo.PREFORK, echo.THREADED, echo.ASYNC, echo.AIOFASTNET, echo.UVLOOP, echo.ASYNCIO], idle_services,
        ["kib_per_connection", "idle_cpu_percent"],
        [at_most(model, "kib_per_connection", 1) for model in (echo.PREFORK, echo.THREADED)], rounds=3, rank=None),
]  # fmt: skip
ROWS = [
    Row("wsgi-prefork", "WSGI hello, prefork", "hello",
        [C, PREFORK, FASTWSGI, FASTPYSGI, BJOERN, NGINX, H2O], loaded(HELLO), SPEED,
        [against(PREFORK, C, 0.92), against(PREFORK, FASTWSGI, 1.08), against(PREFORK, FASTPYSGI, 1.08),
         at_most(PREFORK, "worker_rss_mib", 25)]),
    Row("wsgi-threaded", "WSGI hello, threaded, 8 threads", "hello",
        [C, THREADED, GRANIAN, GUNICORN], loaded(HELLO), SPEED,
        [against(THREADED, C, 0.75), against(THREADED, GRANIAN, 1.5), against(THREADED, GUNICORN, 10),
         at_most(THREADED, "worker_rss_mib", 25)]),
    Row("asgi-async", "ASGI hello, async", "hello",
        [C, ASYNC, HTTPTOOLS, ZTTP, GRANIAN_ASGI, FASTPYSGI_ASGI], loaded(HELLO), SPEED,
        [against(ASYNC, C, 0.78), against(ASYNC, HTTPTOOLS, 1.8), against(ASYNC, ZTTP, 1.8),
         against(ASYNC, GRANIAN_ASGI, 2), at_most(ASYNC, "worker_rss_mib", 25)]),
    Row("pipelined-wsgi", "16 pipelined, WSGI", "hello",
        [C, PREFORK, FASTWSGI, FASTPYSGI, NGINX, SOCKETIFY], loaded(Load("hello", depth=16)), SPEED,
        [Bar(PREFORK.name, "requests_per_s", 1e6)]),
    Row("pipelined-asgi", "16 pipelined, ASGI", "hello",
        [C, ASYNC, HTTPTOOLS, ZTTP, GRANIAN_ASGI, SOCKETIFY_ASGI], loaded(Load("hello", depth=16)), SPEED,
        [Bar(ASYNC.name, "requests_per_s", 5e5)]),
    Row("post", "POST 1 KiB, echoed", "echo",
        [C, PREFORK, ASYNC, FASTPYSGI, BJOERN, GRANIAN, HTTPTOOLS],
        loaded(Load("echo", method="POST", body_bytes=1024)), SPEED, [against(PREFORK, C, 0.88)]),
    Row("big", "64 KiB answer", "big",
        [C, PREFORK, ASYNC, FASTPYSGI, GRANIAN, HTTPTOOLS, NGINX], loaded(Load("big")), SPEED,
        [against(PREFORK, C, 0.88)]),
    Row("close", "Connection: close", "hello",
        [NGINX, C, PREFORK, BJOERN, FASTPYSGI, GRANIAN], loaded(Load("hello", close=True)), SPEED,
        [against(PREFORK, NGINX, 0.9)]),
    Row("starlette", "Starlette, async", "starlette",
        [HTTPTOOLS, ASYNC, ZTTP, GRANIAN_ASGI], loaded(HELLO), SPEED,
        [against(ASYNC, HTTPTOOLS, 1.35), against(ASYNC, ZTTP, 1.35)]),
    Row("flask", "Flask, prefork", "flask", [FASTPYSGI, PREFORK, GRANIAN, GUNICORN], loaded(HELLO), SPEED,
        [against(PREFORK, FASTPYSGI, 1.05)]),
    # fastpysgi by itself leaves out a third of what a request of Django costs: see launch.py.
    Row("django", "Django, prefork", "django", [FASTPYSGI_CLOSING, FASTPYSGI, PREFORK, GRANIAN, GUNICORN],
        loaded(HELLO), SPEED, [against(PREFORK, FASTPYSGI_CLOSING, 1.05), against(PREFORK, FASTPYSGI, 1.05)]),
    Row("models", "hello under every model", "hello", MODELS, loaded(HELLO), SPEED,
        [at_most(model, "worker_rss_mib", 25) for model in MODELS]),
    Row("fairness", "1 ms of CPU a request, 64 clients", "burn",
        [*MODELS, HTTPTOOLS, GRANIAN, BJOERN], loaded(Load("burn")),
        ["requests_per_s", "p50_us", "p99_us", "p99_over_p50"],
        [at_most(model, "p99_over_p50", 1.6) for model in MODELS], rounds=3, rank=None),
    Row("idle", "10,000 idle connections", "hello", [PREFORK, THREADED, ASYNC, NGINX, HTTPTOOLS, BJOERN], idle,
        ["kib_per_connection", "idle_cpu_percent"],
        [at_most(PREFORK, "kib_per_connection", 1), at_most(THREADED, "kib_per_connection", 1),
         at_most(ASYNC, "kib_per_connection", 3), *(at_most(m, "idle_cpu_percent", 0.5)
                                                    for m in (PREFORK, THREADED, ASYNC))], rounds=3, rank=None),
    *ECHO,
    Row("tls", "WSGI and ASGI hello over TLS", "hello", [NGINX_TLS, https.PREFORK, https.ASYNC], https.measure,
        SPEED, [against(https.PREFORK, NGINX_TLS, 0.9),
                Bar(https.PREFORK.name, "p99_us", 1.5, NGINX_TLS.name, at_least=False)]),
    Row("dns-udp", "DNS over UDP", "dns", [dns.KNOT, dns.NSD, dns.PREFORK, dns.THREADED, dns.ASYNC, dns.DNSLIB],
        dns.measure, ["requests_per_s", PER_CPU, "mean_us", "worker_rss_mib", "answer_bytes"],
        [against(model, other, bound) for other, bound in ((dns.KNOT, 0.5), (dns.NSD, 0.5), (dns.DNSLIB, 20))
         for model in (dns.PREFORK, dns.THREADED, dns.ASYNC)]),
]  # fmt: skip
