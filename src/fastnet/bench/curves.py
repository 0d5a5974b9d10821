"""Percentile curves: latency over the share of requests, on which each nine takes the same room, so tails are seen."""

from __future__ import annotations

from collections.abc import Sequence

from fastnet.bench import charts
from fastnet.bench.charts import Line, Point
from fastnet.bench.histogram import Histogram
from fastnet.bench.quantities import duration

POINTS_A_NINE = 24
# So many requests must lie above the last percentile of a curve: with fewer it would tell of those few.
BEYOND = 10


def percentile_curve(histogram: Histogram) -> list[Point]:
    """Latency in ns over nines, as far as the number of requests carries; none without requests."""
    if not histogram.total:
        return []
    last = charts.nines(100 * max(1 - BEYOND / histogram.total, 0.5))
    steps = max(int(last * POINTS_A_NINE), 1)
    at = [last * i / steps for i in range(steps + 1)]
    return [Point(n, max(histogram.percentile(charts.percentile_at(n)), 1)) for n in at]


def percentile_chart(title: str, lines: Sequence[Line]) -> str:
    """Of curves that have points. Time has a log scale, too."""
    values = [p.y for line in lines for p in line.points]
    x = charts.nines_axis(max(p.x for line in lines for p in line.points))
    y = charts.log_axis("log scale", values, duration)
    return charts.line_chart(title, x, y, lines, duration, lambda n: f"{charts.percentile_at(n):.5g}% within")
