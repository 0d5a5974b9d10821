"""What a comparison found: a Comparison, which goes to JSON (docs/compare.md has the schema) and comes back from it.

Data only. The runner (compare.py) fills it in, findings.py adds sentences, the report and the tables show it. Whatever
was not measured is None, or is not there; nothing is made up.
"""

from __future__ import annotations

import dataclasses
import json
import random
import statistics
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from fastnet.errors import ProtocolError

SCHEMA = "fastnet-compare"
SCHEMA_VERSION = 1
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
RESAMPLES = 2000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Estimate:
    """One sample a round; their median lies from `low` to `high` with 95% probability (bootstrap over the rounds).

    With one round, low and high are the sample: nothing is known about its spread.
    """

    median: float
    low: float
    high: float
    samples: tuple[float, ...]

    @classmethod
    def of(cls, samples: Sequence[float]) -> Estimate:
        """ValueError without a sample."""
        low, high = interval(samples)
        return cls(statistics.median(samples), low, high, tuple(samples))


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Between which the median lies with 95% probability. The draws are seeded: the same samples, the same interval."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(samples, k=len(samples))) for _ in range(RESAMPLES))
    return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]


@dataclass(frozen=True, slots=True)
class Environment:
    cpu: str
    cpus: int
    kernel: str
    platform: str
    python: str
    server_cores: tuple[int, ...]  # that servers were pinned to; empty: not pinned
    generator_cores: tuple[int, ...]
    load_average: float  # of the last minute, before the first run
    versions: dict[str, str]  # distribution to version: fastnet, uvloop, the peers, the frameworks


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to serve a target. `name` is unique in a comparison, and is what all else refers to."""

    name: str
    target: str
    interface: str  # "wsgi" or "asgi"
    server: str  # "fastnet", or the name given to --against
    model: str  # "prefork", "threaded", "async"; a peer's own word for it
    workers: int
    threads: int
    command: tuple[str, ...]  # with PORT where the port went

    @property
    def is_peer(self) -> bool:
        return self.server != "fastnet"


@dataclass(frozen=True, slots=True)
class Absent:
    """A contender that was asked for and could not be measured, or failed in a later round: why, and what would bring
    it in (or "")."""

    name: str
    target: str
    reason: str
    remedy: str
    is_failure: bool = False  # it was started, and did not do what servers do


@dataclass(frozen=True, slots=True)
class Throughput:
    """Closed loop with so many connections: the most that a server does for so many clients who wait for answers."""

    connections: int
    rate: Estimate  # right answers a second
    rate_per_cpu_s: Estimate | None  # right answers a second of the server's CPU time, all of its processes
    server_cores: Estimate  # cores kept busy by the server
    percentiles_ns: dict[str, Estimate]  # "50" "90" "99" "99.9" "100"
    hdr: str  # all rounds' latencies: HdrHistogram V2, compressed, base64; ns
    errors: dict[str, int]  # kind (docs/bench.md) to number, all rounds
    limits: tuple[str, ...]  # when the generator may have been what was measured, it says so here


@dataclass(frozen=True, slots=True)
class Latency:
    """Open loop at a constant rate: latencies run from when each request was due (no coordinated omission)."""

    offered_rate: float
    rate: Estimate  # right answers a second
    kept_up: bool  # it answered 98% of what was offered; else it is saturated, and latencies only grow with time
    percentiles_ns: dict[str, Estimate]
    hdr: str
    unsent: int  # due but never sent, all rounds
    errors: dict[str, int]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one contender. `peak_*` are of the concurrency at which its median rate was highest."""

    contender: str
    throughput: tuple[Throughput, ...]  # by connections, rising
    latency: tuple[Latency, ...]  # by offered rate, rising
    peak_connections: int | None
    peak_rate: Estimate | None
    rate_per_cpu_s: Estimate | None  # at the peak
    startup_s: Estimate | None  # from exec to the first right answer
    pss_bytes: Estimate | None  # proportional share of memory of all its processes, after load
    pss_worker_bytes: Estimate | None  # of its largest process that serves
    idle_connection_bytes: Estimate | None  # by which pss_bytes grows with a connection that does nothing
    idle_cpu_share: Estimate | None  # of one core, with idle connections only
    context_switches: Estimate | None  # of all its threads, a request, voluntary and not, at the peak
    fairness: Estimate | None  # Jain's index over connections at the peak: 1 all served alike, 1/n only one served
    worker_skew: Estimate | None  # most requests of a worker / mean; None with one worker
    requests_by_worker: tuple[int, ...]  # of the last round, most first


@dataclass(frozen=True, slots=True)
class Trial:
    """One contender in one scenario. `figures`: the keys that the scenario names, and "errors" (a number)."""

    contender: str
    figures: dict[str, Estimate]
    suffers: bool
    why: str  # a sentence, with numbers, when it suffers or could not take part
    errors: dict[str, int]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`headline` is the key of figures to show, `better` "high" or "low", `unit` "/s", "ns", "s", "share" or "".

    `verdict` says in a sentence which models suffer, and why.
    """

    name: str  # "sleep" "burn" "stream" "slow-client" "worker-killed" "reload" "idle-connections"
    title: str
    what: str  # what is done, in a sentence
    headline: str
    unit: str
    better: str
    trials: tuple[Trial, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Noise:
    """How steady the machine was: a fixed piece of work was timed on each core before every run.

    `verdict`: "quiet", "noisy" (differences below `spread` are not to be trusted) or "unusable".
    """

    verdict: str
    spread: float  # (90th - 10th percentile) / median of the times, of the worst core
    waiting_share: float  # of the time that the work was ready to run but waited for its core
    calibrations_s: dict[str, tuple[float, ...]]  # core to times
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in words. `numbers` are those that `rule` was applied to."""

    kind: str  # "best" "throughput" "latency" "memory" "start-up" "fairness" "scenario" "noise" "generator"
    target: str
    sentence: str
    rule: str
    numbers: dict[str, float]
    within_noise: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `fastnet compare` found."""

    command: str
    targets: tuple[str, ...]
    path: str  # that was asked for
    quick: bool
    rounds: int
    started_at: str  # ISO 8601, UTC
    duration_s: float
    ended_early: str  # why, when it did: "interrupted"
    environment: Environment
    contenders: tuple[Contender, ...]
    absent: tuple[Absent, ...]
    results: tuple[Measured, ...]  # in the order of contenders; one that failed at once is not there
    scenarios: tuple[Scenario, ...]
    noise: Noise
    findings: tuple[Finding, ...]  # the most telling first
    notes: tuple[str, ...] = field(default=())  # what was left out, and why

    def to_json(self) -> str:
        """The documented form."""
        return json.dumps({"schema": SCHEMA, "version": SCHEMA_VERSION, **dataclasses.asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Comparison:
        """The reverse of to_json(). Keys that are not known are ignored. ProtocolError if it is no such text."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.get("schema") != SCHEMA:
                raise ProtocolError("not a report of fastnet compare")
            if (version := values.get("version")) != SCHEMA_VERSION:
                raise ProtocolError(f"a report of version {version}, where {SCHEMA_VERSION} is known")
            return _built(cls, values, "report")
        except ValueError as error:
            raise ProtocolError(f"not a report of fastnet compare: {error}") from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _built(kind: type[T], values: Any, where: str) -> T:
    """A dataclass of what JSON holds. ValueError names the place at which something has the wrong type."""
    if not isinstance(values, dict):
        raise ValueError(f"{where} is no object")
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]
    given = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        if one.name not in values:
            if one.default is not dataclasses.MISSING:
                continue  # a key that came later than the report
            raise ValueError(f"{where} has no {one.name}")
        given[one.name] = _value(hints[one.name], values[one.name], f"{where}.{one.name}")
    return kind(**given)


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _value(arguments[0], value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _value(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        return _built(kind, value, where)  # type: ignore[arg-type]
    right = (int, float) if kind is float else kind
    if origin is None and isinstance(value, right) and (kind is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"{where} is of the wrong type")
