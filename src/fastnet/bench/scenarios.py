"""What a plain load does not show: handlers that sleep, burn CPU or stream; clients that are slow or idle; a worker
that is killed, a reload. Each contender goes through each, and each row says who suffers, and why.

A rule is a sentence, and a function of it: what the figures of one contender are beside those of all.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from fastnet.bench import handlers
from fastnet.bench.comparison import Contender, Estimate, Scenario, Trial
from fastnet.bench.engine import Counts
from fastnet.bench.processes import ServerFailed
from fastnet.bench.result import Result
from fastnet.bench.serving import Served, Serving

CONNECTIONS = 64
IDLE = 1000
SLOW_CLIENTS = 32
# Beside these a server is loaded by few, so that what it loses is the difficult clients' doing.
FEW = 16
TIMEOUT_S = 2.0
# Of what the best has, or of what was there before: below it a contender suffers.
HALF = 0.5
MOSTLY = 0.7
UNFAIR = 3.0
# The rate offered while something breaks: a share of what a contender can do, within bounds.
CALM_SHARE, LEAST_CALM, MOST_CALM = 0.2, 20.0, 500.0
LONG_OUTAGE_S = 0.5
RELOAD_WAIT_S = 5.0
# A server that answers nothing for so long will not come back.
RECOVERY_S = 5.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Kind:
    """`run` measures one contender once; `judge(own figures, everybody's)` says why it suffers, or nothing."""

    name: str
    title: str
    what: str
    headline: str
    unit: str
    better: str
    handler: bool  # asks the handlers of this package, not the target's
    run: Callable[[Served, str, float, float], tuple[Figures, Result]]
    judge: Callable[[Contender, Figures, dict[str, Figures]], str]


class CannotTakePart(Exception):
    """A server has no way to do what a scenario asks; the text says which."""


def _handled(path: str) -> Callable[[Served, str, float, float], tuple[Figures, Result]]:
    def run(served: Served, _: str, step_s: float, peak: float) -> tuple[Figures, Result]:
        done = served.load(path, connections=CONNECTIONS, duration_s=step_s, timeout_s=TIMEOUT_S)
        result, cpu_s, switches, _wall_s = done
        figures = {"rate": result.rate, **_percentiles(result)}
        if result.requests.answered_whole:
            figures["cpu_s_per_request"] = cpu_s / result.requests.answered_whole
            figures["switches_per_request"] = switches / result.requests.answered_whole
        return figures, result

    return run


def _percentiles(result: Result) -> Figures:
    if not result.latency.total:
        return {}
    return {"p50_ns": float(result.latency.percentile(50)), "p99_ns": float(result.latency.percentile(99))}


def _beside(**clients: Any) -> Callable[[Served, str, float, float], tuple[Figures, Result]]:
    def run(served: Served, path: str, step_s: float, peak: float) -> tuple[Figures, Result]:
        spec: dict[str, Any] = {"connections": FEW, "duration_s": step_s, "timeout_s": TIMEOUT_S}
        calm = served.load(path, **spec)[0]
        result = served.load(path, **spec, **clients)[0]
        return {"share": result.rate / max(calm.rate, 1e-9), "rate": result.rate, **_percentiles(result)}, result

    return run


def _during(act: Callable[[Served], None]) -> Callable[[Served, str, float, float], tuple[Figures, Result]]:
    """An open loop in whose first third something is done to the server. `outage_s` is the longest anybody waited."""

    def run(served: Served, path: str, step_s: float, peak: float) -> tuple[Figures, Result]:
        rate = min(max(CALM_SHARE * peak, LEAST_CALM), MOST_CALM)
        done: list[float] = []

        def watch(counts: Counts, seconds: float) -> None:
            if not done and seconds >= step_s / 3:
                done.append(seconds)
                act(served)

        result = served.load(path, watch, connections=FEW, rate=rate, duration_s=step_s, timeout_s=TIMEOUT_S)[0]
        failed = float(sum(result.errors.values()))
        outage_s = result.latency.max / 1e9 if result.latency.total else step_s
        gone = not served.answers(path, RECOVERY_S)
        if gone:
            outage_s = max(outage_s, RECOVERY_S)
        return {"outage_s": outage_s, "failed": failed, "gone": float(gone)}, result

    return run


def _kill(served: Served) -> None:
    os.kill(served.server.worker(), signal.SIGKILL)


def _reload(served: Served, path: str, step_s: float, peak: float) -> tuple[Figures, Result]:
    server = served.server
    if not server.catches(signal.SIGHUP):
        raise CannotTakePart("it has no reload: SIGHUP would end it")
    before = set(server.workers())
    figures, result = _during(lambda s: os.kill(s.server.pid, signal.SIGHUP))(served, path, step_s, peak)
    deadline = time.monotonic() + RELOAD_WAIT_S
    while before & set(server.workers()):
        if time.monotonic() > deadline:
            raise CannotTakePart("it took SIGHUP, but its old worker went on")
        time.sleep(0.02)
    return figures, result


def _judge_sleep(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
    best = max(f["rate"] for f in everybody.values())
    if own["rate"] >= HALF * best:
        return ""
    at_once = own["rate"] * handlers.SLEEP_S
    return (
        f"{own['rate']:,.0f}/s, {_share(own['rate'], best)} of the best: that is {at_once:.1f} handlers "
        f"asleep at a time, where {CONNECTIONS} clients ask, for it has {_hands(contender)}"
    )


def _hands(contender: Contender) -> str:
    where = f"{contender.workers} worker{'s' * (contender.workers > 1)}"
    if contender.threads > 1:
        return f"{where} of {contender.threads} threads"
    return where if contender.is_peer else f"{where} of one thread"


def _share(one: float, other: float) -> str:
    return f"{one / other:.2f}" if other else "0"


def _judge_burn(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
    best = max(f["rate"] for f in everybody.values())
    said = []
    if own["rate"] < MOSTLY * best:
        more = own.get("cpu_s_per_request", 0) / handlers.BURN_S
        said.append(f"{own['rate']:,.0f}/s, {_share(own['rate'], best)} of the best, {more:.1f} ms of CPU a request")
    if own.get("p50_ns") and own["p99_ns"] > UNFAIR * own["p50_ns"]:
        switches = own.get("switches_per_request", 0)
        said.append(
            f"unfair: its p99 ({own['p99_ns'] / 1e6:,.0f} ms) is {own['p99_ns'] / own['p50_ns']:.1f} x its median, "
            f"with {switches:.1f} context switches a request"
        )
    return "; ".join(said)


def _judge_stream(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
    best = max(f["rate"] for f in everybody.values())
    if own["rate"] >= HALF * best:
        return ""
    cpu, least = own.get("cpu_s_per_request", 0), min(f.get("cpu_s_per_request", 1e9) for f in everybody.values())
    return (
        f"{own['rate']:,.0f}/s, {_share(own['rate'], best)} of the best: an answer in {handlers.PIECES} pieces costs "
        f"it {cpu * 1e6:,.0f} us of CPU, where {least * 1e6:,.0f} are possible"
    )


def _judge_share(whom: str) -> Callable[[Contender, Figures, dict[str, Figures]], str]:
    def judge(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
        if own["share"] >= MOSTLY:
            return ""
        if own["share"] < 0.02:
            return f"others were not answered: {whom} hold {_hands(contender)}"
        return f"others were answered at {own['share']:.2f} of the rate without {whom}"

    return judge


def _judge_kill(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
    if own["gone"]:
        return "nothing starts another: it was gone for good"
    said = []
    if own["failed"] > FEW:
        said.append(f"{own['failed']:.0f} requests failed, more than were under way on {FEW} connections")
    if own["outage_s"] > LONG_OUTAGE_S:
        said.append(f"clients waited up to {own['outage_s']:.2f} s: a new worker must load the application first")
    return "; ".join(said)


def _judge_reload(contender: Contender, own: Figures, everybody: dict[str, Figures]) -> str:
    if own["gone"]:
        return "it was gone after SIGHUP"
    said = []
    if own["failed"]:
        said.append(f"{own['failed']:.0f} requests failed while workers were replaced")
    if own["outage_s"] > LONG_OUTAGE_S:
        said.append(f"clients waited up to {own['outage_s']:.2f} s")
    return "; ".join(said)


KINDS = (
    Kind("sleep", "The handler sleeps", "Each request waits 10 ms, as for a database; 64 clients.",
         "rate", "/s", "high", True, _handled("/sleep"), _judge_sleep),
    Kind("burn", "The handler burns CPU", "Each request uses 1 ms of CPU; 64 clients.",
         "rate", "/s", "high", True, _handled("/burn"), _judge_burn),
    Kind("stream", "The handler streams", "Each answer comes in 32 pieces of 1 KiB; 64 clients.",
         "rate", "/s", "high", True, _handled("/stream"), _judge_stream),
    Kind("idle-connections", "1,000 idle connections", "1,000 clients connect and say nothing; 16 others ask.",
         "share", "share", "high", False, _beside(idle=IDLE), _judge_share("idle connections")),
    Kind("slow-client", "Slow clients", "32 clients send their request a byte at a time; 16 others ask.",
         "share", "share", "high", False, _beside(slow_send=SLOW_CLIENTS),
         _judge_share("slow clients")),
    Kind("reload", "A reload under load", "SIGHUP to the server while clients ask at a constant rate.",
         "outage_s", "s", "low", False, _reload, _judge_reload),
    Kind("worker-killed", "A worker is killed", "SIGKILL to a worker while clients ask at a constant rate.",
         "outage_s", "s", "low", False, _during(_kill), _judge_kill),
)  # fmt: skip


@dataclass
class _Tried:
    figures: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    cannot: str = ""

    def add(self, figures: Figures, result: Result) -> None:
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)
        for kind, n in result.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + n

    def medians(self) -> Figures:
        return {name: median(values) for name, values in self.figures.items()}


class Scenarios:
    """Plays all scenarios with all contenders. found() is what came of it, at any moment."""

    def __init__(
        self,
        serving: Serving,
        contenders: Sequence[Contender],
        path: str,
        peaks: dict[str, float],
        *,
        quick: bool,
        step_s: float,
        rounds: int,
        kinds: Sequence[Kind] = KINDS,
    ) -> None:
        self._kinds = kinds
        self._serving = serving
        self._contenders = list(contenders)
        self._path = path
        self._peaks = peaks
        self._step_s = step_s
        self._rounds = rounds
        # In a hurry, those that leave a server as it was share one.
        shared = [[k for k in kinds if k.handler], [k for k in kinds if not k.handler]]
        self._groups = [group for group in shared if group] if quick else [[kind] for kind in kinds]
        self._tried: dict[tuple[str, str], _Tried] = {}
        self.left_out: list[str] = []

    def play(
        self, say: Callable[[str], None], calibrate: Callable[[], None], left_s: Callable[[], float]
    ) -> None:  # fmt: skip
        for turn in range(self._rounds):
            for group in self._groups:
                shift = turn % max(len(self._contenders), 1)
                for contender in self._contenders[shift:] + self._contenders[:shift]:
                    if left_s() < 0:
                        self.left_out += [f"scenario {kind.name}" for kind in group]
                        continue
                    calibrate()
                    self._group(group, contender, say, left_s)

    def _group(
        self, group: list[Kind], contender: Contender, say: Callable[[str], None], left_s: Callable[[], float]
    ) -> None:
        target = f"fastnet.bench.handlers:{contender.interface}" if group[0].handler else ""
        path = "/" if target else self._path
        waiting = list(group)
        try:
            with self._serving.served(contender, path, target) as served:
                while waiting:
                    kind = waiting[0]
                    if left_s() < 0:
                        self.left_out += [f"scenario {kind.name}" for kind in waiting]
                        return
                    say(f"scenario {kind.name}: {contender.name}")
                    tried = self._tried.setdefault((kind.name, contender.name), _Tried())
                    try:
                        tried.add(*kind.run(served, path, self._step_s, self._peaks.get(contender.name, 0.0)))
                    except CannotTakePart as error:
                        tried.cannot = str(error)
                    waiting.pop(0)
        except (ServerFailed, OSError) as error:
            for kind in waiting:
                self._tried.setdefault((kind.name, contender.name), _Tried()).cannot = f"it failed: {error}"

    def found(self) -> tuple[Scenario, ...]:
        return tuple(self._scenario(kind) for kind in self._kinds if any(name == kind.name for name, _ in self._tried))

    def _scenario(self, kind: Kind) -> Scenario:
        everybody = {
            c.name: tried for c in self._contenders if (tried := self._tried.get((kind.name, c.name))) is not None
        }
        trials = []
        for contender in self._contenders:
            tried = everybody.get(contender.name)
            if tried is None or not (tried.figures or tried.cannot):
                continue
            alike = [c.name for c in self._contenders if c.interface == contender.interface]
            medians = {name: t.medians() for name, t in everybody.items() if t.figures and name in alike}
            why = tried.cannot or kind.judge(contender, medians[contender.name], medians)
            figures = {name: Estimate.of(values) for name, values in tried.figures.items()}
            trials.append(Trial(contender.name, figures, bool(why), why, tried.errors))
        return Scenario(kind.name, kind.title, kind.what, kind.headline, kind.unit, kind.better, tuple(trials),
                        _verdict(trials))  # fmt: skip


def _verdict(trials: Sequence[Trial]) -> str:
    suffering = [trial for trial in trials if trial.suffers]
    if not suffering:
        return "Nobody suffers."
    whole = "Everybody suffers: " if len(suffering) == len(trials) > 1 else ""
    return whole + "; ".join(f"{trial.contender}: {trial.why}" for trial in suffering) + "."
