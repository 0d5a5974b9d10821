"""A trace in lines: for each model a request's steps, with a bar where each lies in time."""

from __future__ import annotations

from collections.abc import Iterator

from fastnet.bench.quantities import duration
from fastnet.bench.trace import Trace, slowest_step

WIDTH = 40


def trace_lines(found: Trace) -> Iterator[str]:
    yield f"{found.target}  {found.request}"
    yield f"  {slowest_step(found.models)}"
    most = max(max(end for _, _, end in one.typical.steps()) for one in found.models)
    for one in found.models:
        way = one.typical
        yield ""
        yield f"{one.model:<10} {duration(way.whole_ns)} for the client, status {way.status}; median of {len(one.ways)}"
        for name, start, end in way.steps():
            first = round(max(start, 0) / most * (WIDTH - 1))
            bar = " " * first + "#" * max(round((end - max(start, 0)) / most * (WIDTH - 1)), 1)
            yield f"  {duration(end):>8}  {bar:<{WIDTH}} +{duration(end - start):<8} {name}"
