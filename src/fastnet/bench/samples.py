"""What runs measured, gathered round by round: samples in, a comparison's Measured out, at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastnet.bench.comparison import PERCENTILES, Estimate, Latency, Measured, Throughput
from fastnet.bench.histogram import Histogram
from fastnet.bench.result import Result

# A server that answers less of what is offered is saturated.
KEPT_UP_SHARE = 0.98


def jain(counts: Sequence[int]) -> float:
    """Jain's fairness index: 1 when all are alike, 1/n when only one has any."""
    squares = sum(n * n for n in counts)
    return sum(counts) ** 2 / (len(counts) * squares) if squares else 1.0


@dataclass
class Step:
    """Runs of one load on one contender, a sample a round."""

    results: list[Result] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)  # of the server, for all answers of the run
    switches: list[int] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)

    def add(self, result: Result, cpu_s: float, switches: int, wall_s: float) -> None:
        self.results.append(result)
        self.cpu_s.append(cpu_s)
        self.switches.append(switches)
        self.wall_s.append(wall_s)

    @property
    def rate(self) -> Estimate:
        return Estimate.of([result.rate for result in self.results])

    def rate_per_cpu_s(self) -> Estimate | None:
        return _estimate(
            [r.requests.answered_whole / cpu for r, cpu in zip(self.results, self.cpu_s, strict=True) if cpu > 0]
        )

    def server_cores(self) -> Estimate:
        return Estimate.of([cpu / wall for cpu, wall in zip(self.cpu_s, self.wall_s, strict=True)])

    def switches_per_request(self) -> Estimate | None:
        pairs = zip(self.results, self.switches, strict=True)
        return _estimate([n / r.requests.answered_whole for r, n in pairs if r.requests.answered_whole])

    def fairness(self) -> Estimate | None:
        return _estimate([jain(r.answers_by_connection) for r in self.results if len(r.answers_by_connection) > 1])

    def percentiles(self) -> dict[str, Estimate]:
        seen = [r.latency for r in self.results if r.latency.total]
        if not seen:
            return {}
        return {f"{p:g}": Estimate.of([h.percentile(p) for h in seen]) for p in (*PERCENTILES, 100.0)}

    def hdr(self) -> str:
        merged = Histogram()
        for result in self.results:
            merged.merge(result.latency)
        return merged.encode()

    def errors(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for result in self.results:
            for kind, n in result.errors.items():
                found[kind] = found.get(kind, 0) + n
        return found

    def limits(self) -> tuple[str, ...]:
        """One sentence of each kind (its first words), of the first run that had it."""
        found: dict[str, str] = {}
        for result in self.results:
            for sentence in result.generator.limits:
                found.setdefault(" ".join(w for w in sentence.split() if w.isalpha())[:30], sentence)
        return tuple(found.values())


class Samples:
    """All that was measured of one contender."""

    def __init__(self, contender: str) -> None:
        self.contender = contender
        self.closed: dict[int, Step] = {}  # by connections
        self.open: dict[float, Step] = {}  # by offered rate
        self.singles: dict[str, list[float]] = {}  # field of Measured to samples
        self.requests_by_worker: tuple[int, ...] = ()

    def add(self, name: str, value: float) -> None:
        self.singles.setdefault(name, []).append(value)

    def peak(self) -> int | None:
        """Connections at which the median rate was highest."""
        return max(self.closed, key=lambda n: self.closed[n].rate.median, default=None)

    @property
    def peak_rate(self) -> float:
        at = self.peak()
        return self.closed[at].rate.median if at is not None else 0.0

    def measured(self) -> Measured:
        at = self.peak()
        peak = self.closed[at] if at is not None else None
        single = {name: Estimate.of(samples) for name, samples in self.singles.items()}
        return Measured(
            contender=self.contender,
            throughput=tuple(_throughput(n, step) for n, step in sorted(self.closed.items())),
            latency=tuple(_latency(rate, step) for rate, step in sorted(self.open.items())),
            peak_connections=at,
            peak_rate=peak.rate if peak else None,
            rate_per_cpu_s=peak.rate_per_cpu_s() if peak else None,
            startup_s=single.get("startup_s"),
            pss_bytes=single.get("pss_bytes"),
            pss_worker_bytes=single.get("pss_worker_bytes"),
            idle_connection_bytes=single.get("idle_connection_bytes"),
            idle_cpu_share=single.get("idle_cpu_share"),
            context_switches=peak.switches_per_request() if peak else None,
            fairness=peak.fairness() if peak else None,
            worker_skew=single.get("worker_skew"),
            requests_by_worker=self.requests_by_worker,
        )


def _estimate(samples: list[float]) -> Estimate | None:
    return Estimate.of(samples) if samples else None


def _throughput(connections: int, step: Step) -> Throughput:
    return Throughput(
        connections=connections,
        rate=step.rate,
        rate_per_cpu_s=step.rate_per_cpu_s(),
        server_cores=step.server_cores(),
        percentiles_ns=step.percentiles(),
        hdr=step.hdr(),
        errors=step.errors(),
        limits=step.limits(),
    )


def _latency(offered: float, step: Step) -> Latency:
    return Latency(
        offered_rate=offered,
        rate=step.rate,
        kept_up=step.rate.median >= KEPT_UP_SHARE * offered,
        percentiles_ns=step.percentiles(),
        hdr=step.hdr(),
        unsent=sum(r.requests.unsent for r in step.results),
        errors=step.errors(),
        limits=step.limits(),
    )
