"""The machine that measures: what it is, which cores go to whom, and how steady it is.

Calibration: before every run a fixed piece of work is timed on each core that takes part. On a machine that does
nothing else the times are alike; their spread is a floor below which no difference between servers can be trusted.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from fastnet.bench.comparison import Environment, Noise

WORK = bytes(1 << 16)
WORK_TIMES = 40  # some 2 ms
REPEATS = 3
# Spreads up to these are those of a quiet machine, and of a noisy but usable one.
QUIET_SPREAD = 0.04
USABLE_SPREAD = 0.30
DISTRIBUTIONS = (
    *("fastnet-io", "uvloop", "gunicorn", "uvicorn", "granian", "hypercorn", "waitress", "daphne", "gevent"),
    *("flask", "django", "fastapi", "starlette"),
)


def split_cores(allowed: Iterable[int] | None = None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cores for the servers and for the load generator, disjoint, hardware threads of one core on one side.

    The generator gets a quarter of the cores, at least one; with one core in all, nobody is pinned: ((), ()).
    """
    cores = sorted(os.sched_getaffinity(0) if allowed is None else allowed)
    groups: dict[str, list[int]] = {}
    for core in cores:
        siblings = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
        key = siblings.read_text() if siblings.exists() else str(core)
        groups.setdefault(key, []).append(core)
    whole = list(groups.values())
    if len(whole) < 2:
        # Two threads of one core are better than one: at least nobody waits for the other's time slice.
        return ((cores[0],), (cores[1],)) if len(cores) > 1 else ((), ())
    generators = max(len(whole) // 4, 1)
    servers, others = whole[:-generators], whole[-generators:]
    return tuple(c for group in servers for c in group), tuple(c for group in others for c in group)


def environment(server_cores: Sequence[int], generator_cores: Sequence[int]) -> Environment:
    info = Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.*)$", info.read_text(), re.M) if info.exists() else None
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Environment(
        cpu=model[1] if model else platform.machine(),
        cpus=os.cpu_count() or 1,
        kernel=platform.release(),
        platform=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        server_cores=tuple(server_cores),
        generator_cores=tuple(generator_cores),
        load_average=os.getloadavg()[0],
        versions=versions,
    )


class Calibration:
    """Times a fixed piece of work on each core, again and again; noise() judges the times."""

    def __init__(self, cores: Sequence[int]) -> None:
        self.times: dict[str, list[float]] = {str(core): [] for core in cores} or {"any": []}
        self._wall_s = self._cpu_s = 0.0

    def look(self) -> None:
        """Time the work once more. The calling thread is on each core for some milliseconds, then where it was."""
        before = os.sched_getaffinity(0)
        try:
            for core, times in self.times.items():
                if core != "any":
                    os.sched_setaffinity(0, {int(core)})
                _work()  # the core's clock and caches come up
                took = []
                for _ in range(REPEATS):
                    wall, cpu = time.perf_counter(), time.thread_time()
                    _work()
                    took.append(time.perf_counter() - wall)
                    self._wall_s += took[-1]
                    self._cpu_s += time.thread_time() - cpu
                times.append(statistics.median(took))
        finally:
            os.sched_setaffinity(0, before)

    def noise(self) -> Noise:
        return judge(
            {core: tuple(times) for core, times in self.times.items()}, max(1 - self._cpu_s / self._wall_s, 0.0)
        )  # fmt: skip


def _work() -> None:
    for _ in range(WORK_TIMES):
        hashlib.blake2b(WORK)


def judge(calibrations_s: dict[str, tuple[float, ...]], waiting_share: float) -> Noise:
    """What the times of the work say about the machine."""
    spread = max((_spread(times) for times in calibrations_s.values()), default=0.0)
    n = sum(len(times) for times in calibrations_s.values())
    seen = f"the same work, timed {n} times, took times that differ by {spread:.1%}"
    if waiting_share > 0.01:
        seen += f", and waited for its core {waiting_share:.0%} of the time"
    if spread <= QUIET_SPREAD:
        verdict, sentence = "quiet", f"The machine was quiet: {seen}."
    elif spread <= USABLE_SPREAD:
        verdict = "noisy"
        sentence = f"The machine was noisy: {seen}. Differences smaller than that are not to be trusted."
    else:
        verdict = "unusable"
        sentence = f"The machine was busy with other things: {seen}. Repeat this on a quiet machine."
    return Noise(verdict, spread, waiting_share, calibrations_s, sentence)


def _spread(times: Sequence[float]) -> float:
    """Between the tenths at both ends, in shares of the median."""
    if len(times) < 2:
        return 0.0
    ordered = sorted(times)
    cut = len(ordered) // 10
    return (ordered[-1 - cut] - ordered[cut]) / statistics.median(ordered)
