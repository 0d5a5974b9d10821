"""One run of the load generator as a page: how much, how fast, what went wrong, and how it went over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastnet.bench import charts
from fastnet.bench import page as html
from fastnet.bench.charts import Line, Point
from fastnet.bench.curves import percentile_chart, percentile_curve
from fastnet.bench.page import Cell
from fastnet.bench.quantities import amount, duration
from fastnet.bench.result import Moment, Result

SHOWN = (50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0)
MOMENT_S = 0.08


def run_report(result: Result) -> str:
    """One HTML file."""
    urls = " ".join(result.spec["urls"])
    sections = [html.header(_kicker(result, urls), _verdict(result), _lead(result), _warnings(result))]
    sections.append(html.tiles(_tiles(result)))
    sections += _latency(result)
    sections += _time(result)
    sections += _rest(result)
    return html.page(f"fastnet bench: {urls}", sections, result.to_json(), "fastnet-bench.json")


def _kicker(result: Result, urls: str) -> str:
    when = result.started_at.replace("T", " ").removesuffix("+00:00")
    return f"fastnet bench · {urls} · {when} UTC"


def _verdict(result: Result) -> str:
    if not result.latency.total:
        return "No request was answered."
    found = f"{result.rate:,.0f} requests a second, 99% of them within {duration(result.latency.percentile(99))}."
    failed = sum(result.errors.values())
    return found + (f" {failed:,} failed." if failed else "")


def _lead(result: Result) -> str:
    spec = result.spec
    if result.mode == "open":
        said = f"Open loop: {spec['rate']:g} requests a second were due, each timed from when it was due"
    else:
        said = "Closed loop: each connection sent its next request when an answer had come"
    return f"{said}; {spec['connections']:,} connections, {result.window_s:.3g} s."


def _warnings(result: Result) -> list[str]:
    said = [f"The load generator may be what was measured: {limit}." for limit in result.generator.limits]
    if result.requests.unsent:
        said.insert(
            0, f"The server did not keep up: {result.requests.unsent:,} requests that were due were never sent."
        )
    for kind, n in sorted(result.errors.items(), key=lambda item: -item[1]):
        detail = result.error_details.get(kind)
        said.append(f"{n:,} × {kind}" + (f": {detail}" if detail else ""))
    if result.hint:
        said.insert(0, f"{result.hint[:1].upper()}{result.hint[1:]}.")
    if result.ended_early:
        said.insert(0, f"It ended after {result.window_s:.3g} s: {result.ended_early}.")
    return said


def _tiles(result: Result) -> Iterator[tuple[str, str, str]]:
    yield "Requests", f"{result.requests.answered:,}", "answered rightly"
    yield "Rate", f"{result.rate:,.0f}/s", f"{amount(result.bytes_in / result.window_s)}/s in"
    if result.latency.total:
        for p, name in ((50.0, "Median"), (99.0, "99th percentile"), (100.0, "Slowest")):
            yield name, duration(result.latency.percentile(p)), ""
    yield "Errors", f"{sum(result.errors.values()):,}", ""


def _latency(result: Result) -> Iterator[str]:
    if not result.latency.total:
        return
    yield html.heading("Latency")
    if result.mode == "open":
        curves = [("since due", result.corrected, False), ("since sent", result.raw, True)]
    else:
        curves = [("since sent", result.raw, False)]
    lines = [Line(name, i, percentile_curve(h), is_dashed=dashed) for i, (name, h, dashed) in enumerate(curves)]
    yield percentile_chart("Latency by share of requests", [line for line in lines if line.points])
    heads = ["Share of requests", *(f"{name}, at most" for name, _, _ in curves)]
    rows = [
        [
            Cell(f"{p:g}%", p),
            *(Cell(duration(h.percentile(p)), h.percentile(p)) if h.total else Cell("") for _, h, _ in curves),
        ]
        for p in SHOWN
    ]
    yield html.table("Percentiles of latency; 100% is the slowest. Press a head to sort.", heads, rows, "Percentiles")


def _time(result: Result) -> Iterator[str]:
    moments = _merged(result.moments)
    if len(moments) < 2:
        return
    yield html.heading("Over time")
    points = [Point(m.at_s, m.answered / m.duration_s) for m in moments]
    lines = [Line("answered", 0, points)]
    if any(m.errors for m in moments):
        lines.append(Line("failed", 1, [Point(m.at_s, m.errors / m.duration_s) for m in moments], is_dashed=True))
    x = charts.linear_axis("seconds", max(p.x for p in points), lambda v: f"{v:g}")
    y = charts.linear_axis("a second", max(p.y for line in lines for p in line.points), lambda v: f"{v:,.0f}")
    yield charts.line_chart("Requests a second", x, y, lines, lambda v: f"{v:,.0f}/s", lambda v: f"at {v:.1f} s")


def _merged(moments: Sequence[Moment]) -> list[Moment]:
    """At first looks are close together: none is shown that is shorter than MOMENT_S."""
    found: list[Moment] = []
    for m in moments:
        if found and found[-1].duration_s < MOMENT_S:
            last = found.pop()
            m = Moment(m.at_s, last.duration_s + m.duration_s, last.answered + m.answered, last.errors + m.errors)
        found.append(m)
    return [m for m in found if m.duration_s >= MOMENT_S]


def _rest(result: Result) -> Iterator[str]:
    spec, generator = result.spec, result.generator
    yield html.heading("What was done")
    per = sorted(result.answers_by_connection)
    fields = {name: value for name, value in spec.items() if value not in ("", 0, 0.0, False, None, (), [], "0 bytes")}
    pairs = [
        ("Asked for", ", ".join(f"{name} {_plain(value)}" for name, value in fields.items())),
        ("Statuses", ", ".join(f"{status}: {n:,}" for status, n in sorted(result.statuses.items()))),
        ("Connections", f"{result.connected:,} made"),
        ("Answers a connection", f"{per[0]:,} to {per[-1]:,}, median {per[len(per) // 2]:,}" if per else ""),
        (
            "Load generator",
            f"{generator.cpu_share:.0%} of a core, waited for one {generator.run_queue_share:.0%} of the time",
        ),
        *(
            (name, f"{few.opened:,} opened, {few.closed:,} closed by the server")
            for name, few in result.clients.items()
        ),
    ]
    yield html.facts(pairs)


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
