"""A trace as a page: for each model the steps of one request, on one scale."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fastnet.bench import page as html
from fastnet.bench.page import Cell
from fastnet.bench.quantities import duration
from fastnet.bench.trace import Trace, Traced, slowest_step

# One colour for whose time it is: the kernel's, the server's, the application's.
OWNERS = {
    "connection accepted": 6,
    "application answers": 1,
    "application is done": 1,
}


def trace_report(found: Trace) -> str:
    """One HTML file."""
    quickest = min(found.models, key=lambda one: one.typical.whole_ns)
    kicker = f"fastnet trace · {found.target} · {found.request} · {found.started_at.replace('T', ' ')[:19]} UTC"
    verdict = f"A request takes {duration(quickest.typical.whole_ns)} under {quickest.model}."
    sections = [html.header(kicker, verdict, slowest_step(found.models))]
    sections.append(html.tiles((one.model, duration(one.typical.whole_ns), _own(one)) for one in found.models))
    sections.append(
        html.heading("One request, step by step", "The one of median time, by the clock of client and server.")
    )
    sections.append(
        '<p><small><i class="key s6"></i> kernel &nbsp; <i class="key s0"></i> server &nbsp; '
        '<i class="key s1"></i> application</small></p>'
    )
    most = max(max(end for _, _, end in one.typical.steps()) for one in found.models)
    sections += [_spans(one, most) for one in found.models]
    sections.append(html.heading("All of them"))
    sections.append(_table(found))
    sections.append(html.heading("How"))
    sections.append(html.facts((one.model, " ".join(one.command)) for one in found.models))
    return html.page(f"fastnet trace: {found.target}", sections, found.to_json(), "fastnet-trace.json")


def _own(one: Traced) -> str:
    app = sum(end - start for name, start, end in one.typical.steps() if OWNERS.get(name) == 1)
    return f"{duration(app)} of it in the application"


def _spans(one: Traced, most: int) -> str:
    rows = []
    for name, start, end in one.typical.steps():
        left, width = max(start, 0) / most * 100, (end - max(start, 0)) / most * 100
        rows.append(
            f'<div class="span"><span class="name">{escape(name)}</span><span class="track"><i class="fill '
            f's{OWNERS.get(name, 0)}" style="left:{left:.2f}%;width:{max(width, 0.3):.2f}%"></i></span>'
            f'<span class="value">{escape(duration(end - start))}</span></div>'
        )
    whole = duration(one.typical.whole_ns)
    return f'<section class="spans"><h3>{escape(one.model)}<small>{escape(whole)}</small></h3>{"".join(rows)}</section>'


def _table(found: Trace) -> str:
    names = list(dict.fromkeys(name for one in found.models for way in one.ways for name, _, _ in way.steps()))
    rows = [[Cell(name), *(cell for one in found.models for cell in _cells(one, name))] for name in names]
    heads = ["Until", *(f"{one.model}, {what}" for one in found.models for what in ("median", "slowest"))]
    caption = f"Time of each step over {len(found.models[0].ways)} requests under each model. Press a head to sort."
    return html.table(caption, heads, rows, "Steps of all requests")


def _cells(one: Traced, name: str) -> Iterator[Cell]:
    times = sorted(end - start for way in one.ways for step, start, end in way.steps() if step == name)
    for ns in (times[len(times) // 2], times[-1]) if times else (None, None):
        yield Cell("") if ns is None else Cell(duration(ns), ns)
