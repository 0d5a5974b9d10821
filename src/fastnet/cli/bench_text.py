"""A result of the load generator in words and columns, and as a row of CSV."""

from __future__ import annotations

import csv
import io

from fastnet.bench.change import Change
from fastnet.bench.engine import Counts
from fastnet.bench.histogram import Histogram
from fastnet.bench.quantities import amount, duration
from fastnet.bench.result import Result

SHOWN = (50.0, 90.0, 99.0, 99.9, 99.99)


def _percentiles(histogram: Histogram) -> str:
    cells = [f"p{p:g} {duration(histogram.percentile(p))}" for p in SHOWN]
    return "  ".join([*cells, f"max {duration(histogram.max)}"])


def summary(result: Result) -> list[str]:
    """The lines to show."""
    spec, requests, generator = result.spec, result.requests, result.generator
    loop = f"open loop, {spec['rate']:g}/s, {spec['arrivals']}" if result.mode == "open" else "closed loop"
    threads = f"{spec['threads']} thread{'s' if spec['threads'] > 1 else ''}"
    deep = f", {spec['pipeline']} pipelined" if spec["pipeline"] > 1 else ""
    lines = [
        f"{' '.join(spec['urls'])}",
        f"  {loop}, {spec['connections']} connections{deep}, {threads}, {result.window_s:.3g} s",
        f"  requests   {requests.answered:,} answered, {result.rate:,.0f}/s",
    ]
    if requests.unsent:
        lines.append(
            f"  unsent     {requests.unsent:,} that were due: at the end every connection waited for an answer"
        )
    if result.latency.total:
        if result.mode == "open":
            lines.append(f"  latency    {_percentiles(result.corrected)}")
            lines.append(f"    raw      {_percentiles(result.raw)} (from the send, not from when it was due)")
        else:
            lines.append(f"  latency    {_percentiles(result.raw)}")
    if result.connect.total:
        lines.append(f"  connect    {result.connect.total:,} times, p50 {duration(result.connect.percentile(50))}")
    rate_in, rate_out = result.bytes_in / result.window_s, result.bytes_out / result.window_s
    lines.append(f"  transfer   {amount(rate_in)}/s in, {amount(rate_out)}/s out")
    if result.statuses:
        lines.append("  statuses   " + ", ".join(f"{status}: {n:,}" for status, n in sorted(result.statuses.items())))
    for name, few in result.clients.items():
        lives = f", after {few.shortest_s:.3g} to {few.longest_s:.3g} s" if few.closed else ""
        lines.append(f"  {name:<10} {few.opened} opened, {few.closed} closed by the server{lives}")
    lines.append(
        f"  generator  {generator.cpu_share:.0%} of a core, waited for one {generator.run_queue_share:.0%} of the time"
    )
    lines += [f"  LIMIT      {sentence}" for sentence in generator.limits]
    for kind, n in sorted(result.errors.items(), key=lambda item: -item[1]):
        detail = result.error_details.get(kind)
        lines.append(f"  ERROR      {kind}: {n:,}" + (f" ({detail})" if detail else ""))
    if result.hint:
        lines.append(f"  HINT       {result.hint}")
    if result.ended_early:
        lines.append(f"  ENDED      after {result.window_s:.3g} s: {result.ended_early}")
    return lines


def change_lines(found: list[Change], name: str) -> list[str]:
    lines = [f"  against    {name}"]
    for change in found:
        old, new = (
            (f"{change.old:,.0f}", f"{change.new:,.0f}")
            if change.name == "requests/s"
            else (duration(change.old), duration(change.new))
        )
        noise = ", within noise" if change.is_noise else ""
        interval = f"{change.low:+.1%} to {change.high:+.1%}"
        lines.append(f"    {change.name:<10} {old} -> {new}  {change.share:+.1%} (95%: {interval}{noise})")
    return lines


def live(counts: Counts, seconds: float) -> str:
    errors = sum(counts.errors.values())
    rate = counts.answered / seconds if seconds > 0 else 0
    text = f"{seconds:5.1f} s  {counts.answered:,} answered  {rate:,.0f}/s  {counts.open} open"
    return text + (f"  {errors:,} errors" if errors else "")


def csv_row(result: Result) -> dict[str, str]:
    """Column to value; times in milliseconds."""
    spec = result.spec
    row = {
        "started_at": result.started_at,
        "url": " ".join(spec["urls"]),
        "mode": result.mode,
        "connections": spec["connections"],
        "threads": spec["threads"],
        "pipeline": spec["pipeline"],
        "offered_rate": f"{spec['rate']:g}",
        "window_s": f"{result.window_s:.6f}",
        "answered": result.requests.answered,
        "errors": sum(result.errors.values()),
        "rate": f"{result.rate:.1f}",
        **{f"p{p:g}_ms": f"{result.latency.percentile(p) / 1e6:.6f}" for p in SHOWN},
        "max_ms": f"{result.latency.max / 1e6:.6f}",
        "generator_cpu_share": f"{result.generator.cpu_share:.3f}",
    }
    return {name: str(value) for name, value in row.items()}


def csv_text(row: dict[str, str], with_header: bool) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, row.keys(), lineterminator="\n")
    if with_header:
        writer.writeheader()
    writer.writerow(row)
    return out.getvalue()
