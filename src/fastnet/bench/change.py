"""How one result differs from an earlier one, and how much of that could be chance.

The interval of the rate is a bootstrap over slices of the runs; that of a percentile comes from the ranks between which
it lies with 95% probability (the binomial distribution). Both know only what varied within the runs: a machine that was
busier on another day is not in them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from fastnet.bench.histogram import Histogram
from fastnet.bench.result import Result

SLICES = 20
RESAMPLES = 2000
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
# Standard deviations that hold 95% of a normal distribution.
WITHIN_95 = 1.96


@dataclass(frozen=True, slots=True)
class Change:
    """`share` is new / old - 1, which lies from `low` to `high` with 95% probability."""

    name: str
    old: float
    new: float
    share: float
    low: float
    high: float

    @property
    def is_noise(self) -> bool:
        return self.low <= 0 <= self.high


def changes(old: Result, new: Result) -> list[Change]:
    """Of the rate, and of the percentiles of the latency, in nanoseconds. What either did not measure is left out."""
    found = []
    if old.rate > 0 and new.rate > 0:
        low, high = _rate_interval(_slices(old), _slices(new))
        found.append(Change("requests/s", old.rate, new.rate, new.rate / old.rate - 1, low, high))
    for p in PERCENTILES if old.latency.total and new.latency.total else ():
        before, after = old.latency.percentile(p), new.latency.percentile(p)
        (old_low, old_high), (new_low, new_high) = _rank_interval(old.latency, p), _rank_interval(new.latency, p)
        found.append(
            Change(f"p{p:g}", before, after, after / before - 1, new_low / old_high - 1, new_high / old_low - 1)
        )
    return found


def _slices(result: Result) -> list[float]:
    """Rates of parts of the run, some twenty of them; of the whole, if it was not looked at often enough."""
    moments = result.moments
    size = max(len(moments) // SLICES, 1)
    parts = [moments[i : i + size] for i in range(0, len(moments) - size + 1, size)]
    rates = [sum(m.answered for m in part) / sum(m.duration_s for m in part) for part in parts]
    return rates if sum(rates) > 0 else [result.rate]


def _rate_interval(old: list[float], new: list[float]) -> tuple[float, float]:
    draw = random.Random(1)
    shares = []
    for _ in range(RESAMPLES):
        before = sum(draw.choices(old, k=len(old))) / len(old)
        after = sum(draw.choices(new, k=len(new))) / len(new)
        shares.append(after / before - 1 if before else float("inf"))
    shares.sort()
    return shares[int(RESAMPLES * 0.025)], shares[int(RESAMPLES * 0.975)]


def _rank_interval(histogram: Histogram, percentile: float) -> tuple[int, int]:
    n, q = histogram.total, percentile / 100
    off = WITHIN_95 * (q * (1 - q) / n) ** 0.5
    low, high = histogram.percentile(100 * max(q - off, 0)), histogram.percentile(100 * min(q + off, 1))
    return max(low, 1), max(high, 1)
