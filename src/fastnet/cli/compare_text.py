"""A comparison in words and columns, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from textwrap import wrap

from fastnet.bench.comparison import Comparison, Estimate, Measured, Scenario
from fastnet.bench.quantities import duration

WIDTH = 110
Table = Sequence[Sequence[str]]


def summary(found: Comparison) -> list[str]:
    """The lines to show: the answer first, then the tables that it is from."""
    lines = [found.command, _facts(found), ""]
    for finding in found.findings:
        lines += wrap(finding.sentence, WIDTH, initial_indent="* ", subsequent_indent="  ")
    for target in found.targets:
        rows = [m for m in found.results if _target(found, m.contender) == target]
        if rows:
            lines += ["", target, *columns(_figures(found, rows))]
    if found.scenarios:
        lines += ["", "Scenarios (! suffers)", *columns(_scenarios(found))]
    for absent in found.absent:
        remedy = f": {absent.remedy}" if absent.remedy else ""
        lines.append(f"{'failed' if absent.is_failure else 'not measured'}: {absent.name}: {absent.reason}{remedy}")
    lines += [line for note in found.notes for line in wrap(note, WIDTH)]
    if found.ended_early:
        lines.append(f"ENDED EARLY: {found.ended_early}; this is what was measured until then")
    return lines


def _facts(found: Comparison) -> str:
    at = found.environment
    server, generator = (",".join(map(str, cores)) or "any" for cores in (at.server_cores, at.generator_cores))
    return (
        f"{at.cpu}, Linux {at.kernel}, {at.python}; server on core {server}, load generator on {generator}; "
        f"{found.rounds} rounds, {found.duration_s:.0f} s"
    )


def _target(found: Comparison, contender: str) -> str:
    return next(c.target for c in found.contenders if c.name == contender)


def columns(rows: Table) -> list[str]:
    """Aligned: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _shared_rate(rows: Sequence[Measured]) -> float:
    """The highest offered rate that the most of these keep up with; 0 without one."""
    rates = [row.offered_rate for m in rows for row in m.latency if row.kept_up]
    return max(rates, key=lambda rate: (rates.count(rate), rate), default=0.0)


def _figures(found: Comparison, rows: Sequence[Measured]) -> Table:
    rate = _shared_rate(rows)
    at = f"p99 at {rate:,.0f}/s" if rate else "p99 at the most"
    table = [["", "requests/s", "95%", "clients", "a CPU-second", at, "MB", "KiB/idle", "start, s"]]
    for m in sorted(rows, key=lambda m: -(m.peak_rate.median if m.peak_rate else 0)):
        peak = next((t for t in m.throughput if t.connections == m.peak_connections), None)
        p99 = next((row.percentiles_ns.get("99") for row in m.latency if row.offered_rate == rate), None)
        if not rate and peak:
            p99 = peak.percentiles_ns.get("99")
        errors = any(t.errors for t in m.throughput) or any(row.errors for row in m.latency)
        table.append([
            m.contender + " (errors)" * errors,
            f"{m.peak_rate.median:,.0f}" if m.peak_rate else "-",
            f"{m.peak_rate.low:,.0f}-{m.peak_rate.high:,.0f}" if m.peak_rate else "-",
            str(m.peak_connections or "-"),
            _cell(m.rate_per_cpu_s, "{:,.0f}"),
            duration(p99.median) if p99 else "-",
            _cell(m.pss_bytes, "{:.0f}", 1e-6),
            _cell(m.idle_connection_bytes, "{:.1f}", 1 / 1024),
            _cell(m.startup_s, "{:.2f}"),
        ])  # fmt: skip
    return table


def _cell(value: Estimate | None, form: str, scale: float = 1.0) -> str:
    return form.format(value.median * scale) if value else "-"


def _scenarios(found: Comparison) -> Table:
    names = [c.name for c in found.contenders if any(t.contender == c.name for s in found.scenarios for t in s.trials)]
    table = [["", *names]]
    for scenario in found.scenarios:
        trials = {t.contender: t for t in scenario.trials}
        cells = []
        for name in names:
            trial = trials.get(name)
            value = trial.figures.get(scenario.headline) if trial else None
            cells.append((_value(scenario, value) if value else "-") + ("!" if trial and trial.suffers else " "))
        table.append([f"{scenario.title}, {_measure(scenario)}", *cells])
    return table


def _measure(scenario: Scenario) -> str:
    return {"/s": "requests/s", "share": "share kept", "s": "longest wait"}.get(scenario.unit, scenario.unit)


def _value(scenario: Scenario, value: Estimate) -> str:
    if scenario.unit == "/s":
        return f"{value.median:,.0f}"
    return duration(value.median * 1e9) if scenario.unit == "s" else f"{value.median:.2f}"


def csv_rows(found: Comparison) -> Iterator[dict[str, str]]:
    """One for each estimate: of which contender, which figure, at what (connections, rate or scenario)."""
    for m in found.results:
        for t in m.throughput:
            for name in ("rate", "rate_per_cpu_s", "server_cores"):
                yield from _row(found, m.contender, "throughput", t.connections, name, getattr(t, name))
            for p, value in t.percentiles_ns.items():
                yield from _row(found, m.contender, "throughput", t.connections, f"p{p}_ns", value)
        for row in m.latency:
            yield from _row(found, m.contender, "latency", row.offered_rate, "rate", row.rate)
            for p, value in row.percentiles_ns.items():
                yield from _row(found, m.contender, "latency", row.offered_rate, f"p{p}_ns", value)
        for name in ("startup_s", "pss_bytes", "pss_worker_bytes", "idle_connection_bytes", "idle_cpu_share",
                     "context_switches", "fairness", "worker_skew"):  # fmt: skip
            yield from _row(found, m.contender, "server", "", name, getattr(m, name))
    for scenario in found.scenarios:
        for trial in scenario.trials:
            for name, value in trial.figures.items():
                yield from _row(found, trial.contender, "scenario", scenario.name, name, value)


def _row(
    found: Comparison, contender: str, kind: str, at: object, figure: str, value: Estimate | None
) -> Iterator[dict[str, str]]:
    if value is not None:
        yield {
            "started_at": found.started_at, "target": _target(found, contender), "contender": contender, "kind": kind,
            "at": str(at), "figure": figure, "median": f"{value.median:.9g}", "low": f"{value.low:.9g}",
            "high": f"{value.high:.9g}", "rounds": str(len(value.samples)),
        }  # fmt: skip


FIELDS: tuple[str, ...] = (
    "started_at",
    "target",
    "contender",
    "kind",
    "at",
    "figure",
    "median",
    "low",
    "high",
    "rounds",
)


def csv_text(found: Comparison) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_rows(found))
    return out.getvalue()
