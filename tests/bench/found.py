"""Results to show: a comparison as fastnet compare finds them, with known figures; latencies are seeded."""

from __future__ import annotations

import random

from fastnet.bench.comparison import (
    Absent,
    Comparison,
    Contender,
    Environment,
    Estimate,
    Finding,
    Latency,
    Measured,
    Noise,
    Scenario,
    Throughput,
    Trial,
)
from fastnet.bench.histogram import Histogram

RATES = (500.0, 1000.0, 2000.0)
CONNECTIONS = (1, 4, 16, 64)
# Name to requests a second at best, typical latency in ms, memory in MB.
SERVERS = {"prefork": (5000, 1.0, 36), "threaded": (4500, 1.3, 37), "async": (4200, 1.6, 45), "gunicorn": (1500, 4, 35)}
TARGET = "app:app"


def estimate(value: float) -> Estimate:
    return Estimate.of([value * 0.96, value, value * 1.05])


def latencies(typical_ms: float, seed: int) -> Histogram:
    histogram, draw = Histogram(), random.Random(seed)
    for _ in range(3000):
        histogram.record(int(draw.lognormvariate(0, 0.5) * typical_ms * 1e6) + 1)
    return histogram


def percentiles(histogram: Histogram) -> dict[str, Estimate]:
    return {f"{p:g}": estimate(histogram.percentile(p)) for p in (50, 90, 99, 99.9, 100)}


def measured(name: str) -> Measured:
    most, typical, memory = SERVERS[name]
    throughput = []
    for n in CONNECTIONS:
        histogram = latencies(typical, n)
        rate = estimate(most * n / (n + 3))
        throughput.append(Throughput(n, rate, rate, estimate(0.9), percentiles(histogram), histogram.encode(), {}, ()))
    latency = []
    for rate_offered in RATES:
        kept_up = rate_offered < most * 0.9
        histogram = latencies(typical * (1 if kept_up else 50), int(rate_offered))
        answered = estimate(min(rate_offered, most))
        latency.append(Latency(rate_offered, answered, kept_up, percentiles(histogram), histogram.encode(), 0, {}, ()))
    best = throughput[-1].rate
    return Measured(
        contender=name,
        throughput=tuple(throughput),
        latency=tuple(latency),
        peak_connections=64,
        peak_rate=best,
        rate_per_cpu_s=best,
        startup_s=estimate(0.3),
        pss_bytes=estimate(memory * 1e6),
        pss_worker_bytes=estimate(memory * 1e6),
        idle_connection_bytes=None if name == "gunicorn" else estimate(600),
        idle_cpu_share=estimate(0.001),
        context_switches=estimate(0.2),
        fairness=estimate(0.99),
        worker_skew=None,
        requests_by_worker=(1,),
    )


def comparison() -> Comparison:
    contenders = tuple(
        Contender(
            name=name,
            target=TARGET,
            interface="wsgi",
            server="gunicorn" if name == "gunicorn" else "fastnet",
            model="sync" if name == "gunicorn" else name,
            workers=1,
            threads=8 if name == "threaded" else 1,
            command=("serve", name, "PORT"),
        )
        for name in SERVERS
    )
    sleep = Scenario(
        name="sleep",
        title="The handler sleeps",
        what="Each request waits 10 ms.",
        headline="rate",
        unit="/s",
        better="high",
        trials=tuple(
            Trial(name, {"rate": estimate(100 * i + 90)}, i == 0, "it waits <alone>" if i == 0 else "", {})
            for i, name in enumerate(SERVERS)
        ),
        verdict="prefork suffers.",
    )
    return Comparison(
        command="fastnet compare app:app",
        targets=(TARGET,),
        path="/",
        quick=False,
        rounds=3,
        started_at="2030-01-02T03:04:05+00:00",
        duration_s=100.0,
        ended_early="",
        environment=Environment("A CPU", 4, "6.1", "Linux x86_64", "CPython 3.11", (0, 1), (2,), 0.1, {"fastnet": "1"}),
        contenders=contenders,
        absent=(Absent("waitress", TARGET, "it is not installed", "pip install waitress"),),
        results=tuple(measured(name) for name in SERVERS),
        scenarios=(sleep,),
        noise=Noise("quiet", 0.01, 0.0, {"0": (0.002,)}, "The machine was quiet."),
        findings=(
            Finding("best", TARGET, "For this handler: prefork. It does most.", "the highest median", {}, False),
            Finding("memory", TARGET, "gunicorn holds the least memory, 35 MB.", "PSS after load", {}, False),
            Finding("generator", "", "The load generator may have been the limit.", "over 90% of its core", {}, False),
        ),
        notes=("A note with <script>alert(1)</script> in it.",),
    )
