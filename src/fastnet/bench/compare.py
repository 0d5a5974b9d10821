"""compare(options): targets under every model and beside peers, measured side by side.

A round has every contender once, in an order that rotates; each has a fresh server, on cores that the load generator is
not on. The first round finds what each can do; from that come the rates that all are offered in the rounds after it.
Then come the scenarios. An interrupt at any moment ends it, and what was measured until then is the comparison.
"""

from __future__ import annotations

import datetime
import math
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastnet.bench import tally
from fastnet.bench.comparison import Absent, Comparison, Contender, Scenario
from fastnet.bench.contenders import MODELS, architectures, check_names, interface_of, interpreter_name, own, peers
from fastnet.bench.findings import find
from fastnet.bench.idle import dropped, open_idle
from fastnet.bench.machine import Calibration, environment, split_cores
from fastnet.bench.processes import ServerFailed, raise_file_limit
from fastnet.bench.samples import KEPT_UP_SHARE, Samples, Step
from fastnet.bench.scenarios import Scenarios
from fastnet.bench.serving import Interrupts, Served, Serving
from fastnet.errors import ConfigError, FastnetError

MOST_WORKERS = 256
# What --quick may take in all is 40 s; the rest is for starting, for the last server's stop, and for slow machines.
QUICK_S = 34.0
QUICK_ROUNDS_SHARE = 0.62
SECONDS_A_SERVER = 0.7  # to start and stop one, guessed
CONCURRENCY = (1, 2, 4, 8, 16, 32, 64, 128, 256)
QUICK_CONCURRENCY = (1, 16, 64)
# Rates that all are offered, in shares of the slowest and of the fastest contender's most.
SHARES = (0.3, 0.6, 0.9)
FASTEST_SHARES = (0.3, 0.6, 0.9, 1.1)
QUICK_SHARES, QUICK_FASTEST_SHARES = (0.5,), (0.7,)
# Of what a contender can do; a higher rate than this would show no more than this one did.
SATURATING = 1.02


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to compare, and how long. ConfigError for an impossible value."""

    targets: tuple[str, ...]
    against: tuple[str, ...] = ()
    models: tuple[str, ...] = MODELS
    architectures: tuple[str, ...] = ()  # names of fastnet.servers.architectures
    pythons: tuple[str, ...] = ()  # further interpreters that run the models
    workers: tuple[int, ...] = ()  # none: one, and as many as there are cores for servers
    threads: tuple[int, ...] = ()  # none: each model's and peer's own number
    path: str = "/"
    app_dir: str = ""
    rounds: int | None = None  # none: five, or three if quick
    step_s: float | None = None  # how long each load lasts; none: a second, or what there is time for if quick
    scenarios: bool = True
    quick: bool = False
    command: str = "fastnet compare"

    def __post_init__(self) -> None:
        if not self.targets:
            raise ConfigError("target", "", "one MODULE:ATTRIBUTE or more")
        check_names(self.against, self.models, self.architectures)
        for python in self.pythons:
            interpreter_name(python)
        if not self.models and not self.against and not self.architectures:
            raise ConfigError("models", "", "some of " + ", ".join(MODELS) + ", or peers with --against")
        for name in ("workers", "threads"):
            for n in getattr(self, name):
                if not 1 <= n <= MOST_WORKERS:
                    raise ConfigError(name, n, f"numbers from 1 to {MOST_WORKERS}")
        if self.rounds is not None and not 1 <= self.rounds <= 100:
            raise ConfigError("rounds", self.rounds, "1 to 100")
        if self.step_s is not None and not 0.05 <= self.step_s <= 3600:
            raise ConfigError("step", self.step_s, "0.05 to 3600 s")
        if not self.path.startswith("/") or any(not "!" <= c <= "~" for c in self.path):
            raise ConfigError("path", self.path, "the path of a URL, as /items?n=1")
        if self.app_dir and not os.path.isdir(self.app_dir):
            raise ConfigError("app_dir", self.app_dir, "an existing directory")


def compare(options: Options, say: Callable[[str], None] = lambda text: None) -> Comparison:
    """Measure. `say` is called with what is being done, before it is done.

    FastnetError when a target does not load, or when nobody can serve it.
    """
    with Interrupts() as interrupts:
        return _Comparing(options, interrupts, say).run()


class _Comparing:
    def __init__(self, options: Options, interrupts: Interrupts, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        self.started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.start = time.monotonic()
        self.server_cores, self.generator_cores = split_cores()
        self.environment = environment(self.server_cores, self.generator_cores)
        self.calibration = Calibration((*self.server_cores[:1], *self.generator_cores[:1]))
        paths = [options.app_dir, os.getcwd(), os.environ.get("PYTHONPATH", "")]
        self.serving = Serving(
            interrupts, self.server_cores, self.generator_cores, {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        )
        self.contenders: list[Contender] = []
        self.absent: list[Absent] = []
        self.samples: dict[str, Samples] = {}
        self.notes: list[str] = []
        self.scenarios: tuple[Scenario, ...] = ()
        self.rounds = options.rounds or (3 if options.quick else 5)
        self.step_s = options.step_s or 1.0
        self.left_out: list[str] = []
        # Whoever says how many rounds, or how long each, has said how long all of it may take.
        self.hurries = options.quick and options.rounds is None and options.step_s is None

    def run(self) -> Comparison:
        raise_file_limit()
        ended_early = ""
        try:
            self._gather()
            self._measure()
            if self.options.scenarios:
                self._play()
        except KeyboardInterrupt:
            if not self.samples:
                raise
            ended_early = "interrupted"
        finally:
            self.serving.stop_all()
        if self.left_out:
            self.notes.append(f"Left out for want of time, for some: {', '.join(dict.fromkeys(self.left_out))}.")
        return self._result(ended_early)

    def left_s(self, share: float = 1.0) -> float:
        """Of the time that there is for this part of the comparison."""
        return self.start + QUICK_S * share - time.monotonic() if self.hurries else math.inf

    def _gather(self) -> None:
        """Who takes part."""
        options, cores = self.options, len(self.server_cores) or 1
        workers = options.workers or ((cores,) if options.quick or cores == 1 else (1, cores))
        several = len(options.targets) > 1
        for target in options.targets:
            self.say(f"loading {target}")
            interface = interface_of(target, options.app_dir)
            found = []
            for python in ("", *options.pythons):
                found += own(target, interface, options.models, workers, options.threads, options.app_dir, python)
            named, unfit = architectures(target, interface, options.architectures, options.app_dir)
            others, absent = peers(target, interface, options.against, workers, options.threads)
            for one in [*found, *named, *others]:
                name = f"{target} {one.name}" if several else one.name
                self.contenders.append(Contender(**{**_fields(one), "name": name}))
            self.absent += unfit + absent
        if not self.contenders:
            raise FastnetError(
                "nobody to measure: " + "; ".join(f"{a.name}: {a.reason}" for a in self.absent)
            )  # fmt: skip
        if self.hurries:
            servers = self.rounds * len(self.contenders) * SECONDS_A_SERVER
            steps = 17 * len(self.contenders)  # lengths of a step that the rounds have for each contender
            self.step_s = min(max((QUICK_S * QUICK_ROUNDS_SHARE - servers) / steps, 0.1), 0.4)

    def _measure(self) -> None:
        failed: set[str] = set()
        for turn in range(self.rounds):
            shift = turn % len(self.contenders)
            rates = {target: self._rates(target) for target in self.options.targets} if turn else {}
            for contender in self.contenders[shift:] + self.contenders[:shift]:
                if contender.name in failed:
                    continue
                if self.left_s(QUICK_ROUNDS_SHARE if turn else 0.9) < 0:
                    self.left_out.append(f"round {turn + 1}" if turn else contender.name)
                    continue
                self.say(f"round {turn + 1} of {self.rounds}: {contender.name}")
                self.calibration.look()
                try:
                    self._measure_one(contender, turn, rates.get(contender.target, []))
                except FastnetError as error:
                    failed.add(contender.name)
                    self._fails(contender, error)

    def _fails(self, contender: Contender, error: FastnetError) -> None:
        log = getattr(error, "log", "").strip().splitlines()
        reason = f"{error}" + (f": {log[-1][:200]}" if log else "")
        self.absent.append(Absent(contender.name, contender.target, reason, "", is_failure=True))
        # What it did in rounds before this one stays.
        if contender.name in self.samples and not self.samples[contender.name].closed:
            del self.samples[contender.name]

    def _measure_one(self, contender: Contender, turn: int, rates: list[float]) -> None:
        options, quick = self.options, self.options.quick
        with self.serving.served(contender, options.path) as served:
            samples = self.samples.setdefault(contender.name, Samples(contender.name))
            samples.add("startup_s", served.startup_s)
            served.load(options.path, connections=16, duration_s=max(self.step_s / 2, 0.05))
            for connections in QUICK_CONCURRENCY if quick else CONCURRENCY:
                self._step(samples.closed, connections, served, connections=connections)
            samples.add("pss_bytes", served.server.pss_kib() * 1024.0)
            samples.add(
                "pss_worker_bytes", max(served.server.memory_kib(p)[1] for p in served.server.workers()) * 1024.0
            )
            for rate in rates:
                step = self._step(samples.open, rate, served, connections=64 if quick else 128, rate=rate)
                if step.results[-1].rate < KEPT_UP_SHARE * rate:
                    break
            if not quick or not turn:
                self._idle(served, samples)
        if contender.workers > 1 and (not quick or not turn):
            self._tally(contender, samples)

    def _step(self, steps: dict[Any, Step], key: Any, served: Served, **spec: Any) -> Step:
        longer = 1.5 if "rate" in spec else 1.0
        done = served.load(self.options.path, duration_s=self.step_s * longer, timeout_s=5.0, **spec)
        if done[0].ended_early:
            raise ServerFailed(done[0].ended_early, served.server.log())
        steps.setdefault(key, Step()).add(*done)
        return steps[key]

    def _rates(self, target: str) -> list[float]:
        """Rates to offer to every contender of a target, rising: from a share of what the slowest can do."""
        quick = self.options.quick
        peaks = [
            self.samples[c.name].peak_rate for c in self.contenders if c.target == target and c.name in self.samples
        ]
        peaks = [peak for peak in peaks if peak > 0]
        if not peaks:
            return []
        wanted = [min(peaks) * share for share in (QUICK_SHARES if quick else SHARES)]
        wanted += [max(peaks) * share for share in (QUICK_FASTEST_SHARES if quick else FASTEST_SHARES)]
        found: list[float] = []
        for rate in sorted(_rounded(rate) for rate in wanted):
            if not found or rate > 1.2 * found[-1]:
                found.append(rate)
        # Those measured already stay: a rate that moved by chance from round to round would have one sample only.
        known = sorted({rate for c in self.contenders if c.target == target and c.name in self.samples
                        for rate in self.samples[c.name].open})  # fmt: skip
        return known or found

    def _idle(self, served: Served, samples: Samples) -> None:
        """What connections cost that do nothing. Servers that close them, or cannot hold so many, have no figure."""
        count, settle_s, watch_s = (200, 0.1, 0.3) if self.options.quick else (1000, 0.5, 1.0)
        server = served.server
        time.sleep(settle_s)
        empty_kib = server.pss_kib()
        try:
            socks = open_idle(server.port, count, self.options.path, timeout_s=5.0)
        except ServerFailed as error:
            self._note(f"{served.contender.name} does not hold {count} idle connections: {error}.")
            return
        try:
            time.sleep(settle_s)
            full_kib = server.pss_kib()
            before, start = sum(server.cpu().values()), time.monotonic()
            time.sleep(watch_s)
            cpu_s, wall_s = sum(server.cpu().values()) - before, time.monotonic() - start
            lost = dropped(socks)
        finally:
            for sock in socks:
                sock.close()
        if lost:
            self._note(f"{served.contender.name} closed {lost} of {count} connections that had nothing to say.")
            return
        samples.add("idle_connection_bytes", (full_kib - empty_kib) * 1024.0 / count)
        samples.add("idle_cpu_share", cpu_s / wall_s)

    def _tally(self, contender: Contender, samples: Samples) -> None:
        """How evenly workers share the requests: counted by the application, so that every server can be asked."""
        target = f"fastnet.bench.tally:{contender.interface}"
        with tempfile.TemporaryDirectory(prefix="fastnet-tally-") as folder:
            inside: Mapping[str, str] = {tally.TARGET: contender.target, tally.FOLDER: folder}
            try:
                with self.serving.served(contender, self.options.path, target, inside) as served:
                    served.load(self.options.path, connections=64, duration_s=self.step_s)
            except ServerFailed as error:
                self._note(f"{contender.name}: requests by worker were not counted: {error}")
                return
            counts = tally.read(folder)
        counts += [0] * (contender.workers - len(counts))
        samples.requests_by_worker = tuple(counts)
        if sum(counts):
            samples.add("worker_skew", max(counts) / (sum(counts) / len(counts)))

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _play(self) -> None:
        scenarios = Scenarios(
            self.serving,
            [c for c in self.contenders if c.name in self.samples],
            self.options.path,
            {name: samples.peak_rate for name, samples in self.samples.items()},
            quick=self.options.quick,
            step_s=self.step_s if self.options.quick else max(2.0 * self.step_s, 0.5),
            rounds=1 if self.options.quick else min(self.rounds, 3),
        )
        try:
            scenarios.play(self.say, self.calibration.look, self.left_s)
        finally:
            self.scenarios = scenarios.found()
            self.left_out += scenarios.left_out

    def _result(self, ended_early: str) -> Comparison:
        noise = self.calibration.noise()
        results = tuple(self.samples[c.name].measured() for c in self.contenders if c.name in self.samples)
        results = tuple(m for m in results if m.throughput)
        return Comparison(
            command=self.options.command,
            targets=self.options.targets,
            path=self.options.path,
            quick=self.options.quick,
            rounds=self.rounds,
            started_at=self.started_at,
            duration_s=time.monotonic() - self.start,
            ended_early=ended_early,
            environment=self.environment,
            contenders=tuple(self.contenders),
            absent=tuple(self.absent),
            results=results,
            scenarios=self.scenarios,
            noise=noise,
            findings=find(tuple(self.contenders), results, self.scenarios, noise),
            notes=tuple(self.notes),
        )


def _fields(contender: Contender) -> dict[str, Any]:
    return {name: getattr(contender, name) for name in contender.__dataclass_fields__}


def _rounded(rate: float) -> float:
    """To two digits, and at least 1."""
    digits = 10.0 ** (math.floor(math.log10(max(rate, 1.0))) - 1)
    return max(float(round(rate / digits) * digits), 1.0)
