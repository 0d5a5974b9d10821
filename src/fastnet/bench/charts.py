"""Charts for reports: lines, bars, spans, as HTML and SVG that needs no script to be seen.

Only shapes are SVG, stretched over the plot; all text is HTML beside and above it, so that it has the page's size on a
telephone, too. What is drawn is also in `data-chart`, from which page.js shows values under the pointer or the arrow
keys. Colours are the classes s0 to s7 (page.css); series beyond those have other dashes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = 8
# Two labels at the ends of lines are at least so far apart, in percent of the height.
LABEL_GAP = 6.2


@dataclass(frozen=True, slots=True)
class Point:
    """`low` and `high`: between them the value lies with 95% probability. `open`: drawn pale, as `note` says."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    open: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    colour: int
    points: Sequence[Point]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """`ticks`: places and what is written there. `is_log`: of the values, which are above 0."""

    title: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    is_log: bool = False

    def at(self, value: float) -> float:
        """In percent of the axis."""
        low, high = (math.log(self.low), math.log(self.high)) if self.is_log else (self.low, self.high)
        value = math.log(max(value, 1e-300)) if self.is_log else value
        return min(max((value - low) / (high - low), 0.0), 1.0) * 100


def linear_axis(title: str, most: float, text: Callable[[float], str]) -> Axis:
    """From 0 to a round number above `most`, with four to eight ticks."""
    size = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    step = next(s * size for s in (0.2, 0.25, 0.5, 1.0) if s * size * 5 >= most or s == 1.0)
    high = math.ceil(most / step) * step if most > 0 else 1.0
    return Axis(title, 0.0, high, [(i * step, text(i * step)) for i in range(round(high / step) + 1)])


def log_axis(title: str, values: Sequence[float], text: Callable[[float], str]) -> Axis:
    """Around values above 0, with ticks at 1, 2 and 5, or at 1 only if these are too many."""
    low, high = min(values, default=1.0), max(values, default=10.0)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [m * 10.0**d for d in decades for m in (1, 2, 5)]
    first = max((m for m in marks if m <= low), default=marks[0])
    last = min((m for m in marks if m >= high and m > first), default=marks[-1] * 2)
    shown = [m for m in marks if first <= m <= last]
    if len(shown) > 7:
        shown = [m for m in shown if round(math.log10(m), 6).is_integer()]
    return Axis(title, first, last, [(m, text(m)) for m in shown], is_log=True)


def line_chart(
    title: str, x: Axis, y: Axis, lines: Sequence[Line], text: Callable[[float], str], x_text: Callable[[float], str]
) -> str:
    """A figure. `text` and `x_text` write the values that a reader asks for."""
    shapes, data = [], []
    for tick, _ in y.ticks:
        shapes.append(f'<path class="grid" d="M0 {100 - y.at(tick):.2f}H100"/>')
    for line in lines:
        places = [(x.at(p.x), 100 - y.at(p.y), p) for p in line.points]
        css = f"line s{line.colour % COLOURS}{' dashed' if line.is_dashed else ''}"
        shapes += [
            f'<path class="interval s{line.colour % COLOURS}" d="M{at:.2f} {100 - y.at(p.low):.2f}'
            f'V{100 - y.at(p.high):.2f}"/>'
            for at, _, p in places
            if p.low is not None and p.high is not None
        ]
        path = "L".join(f"{at:.2f} {up:.2f}" for at, up, _ in places)
        shapes.append(f'<path class="{css}" d="M{path}"/>')
        if len(places) <= 12:
            shapes += [
                f'<path class="dot s{line.colour % COLOURS}{" open" if p.open else ""}" d="M{at:.2f} {up:.2f}h0"/>'
                for at, up, p in places
            ]
        data.append(
            {
                "name": line.name,
                "colour": line.colour % COLOURS,
                "points": [[round(at, 2), round(up, 2), _said(p, text), x_text(p.x)] for at, up, p in places],
            }
        )
    return _figure(title, x, y, shapes, _ends(lines, y), data)


def _said(p: Point, text: Callable[[float], str]) -> str:
    said = text(p.y)
    if p.low is not None and p.high is not None and p.low != p.high:
        said += f" ({text(p.low)} to {text(p.high)})"
    return f"{said} {p.note}".rstrip()


def _ends(lines: Sequence[Line], y: Axis) -> str:
    """The lines' names at their ends, moved apart where they would cover each other."""
    wanted = sorted(((100 - y.at(line.points[-1].y), line) for line in lines if line.points), key=lambda end: end[0])
    placed = spread([at for at, _ in wanted])
    return "".join(
        f'<span class="end" style="top:{at:.2f}%"><i class="key s{line.colour % COLOURS}'
        f'{" dashed" if line.is_dashed else ""}"></i><b>{escape(line.name)}</b></span>'
        for at, (_, line) in zip(placed, wanted, strict=True)
    )


def spread(places: Sequence[float], gap: float = LABEL_GAP, high: float = 100.0) -> list[float]:
    """Rising places, moved as little as keeps them `gap` apart and, where there is room, within 0 and `high`."""
    placed: list[float] = []
    for at in places:
        placed.append(max(at, placed[-1] + gap) if placed else max(at, 0.0))
    limit = high
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - gap
    return placed


def _figure(title: str, x: Axis, y: Axis, shapes: list[str], ends: str, data: object) -> str:
    left = "".join(f'<span style="top:{100 - y.at(at):.2f}%">{escape(said)}</span>' for at, said in y.ticks)
    below = "".join(f'<span style="left:{x.at(at):.2f}%">{escape(said)}</span>' for at, said in x.ticks)
    return (
        f'<figure class="chart"><figcaption>{escape(title)}<small>{escape(y.title)}</small></figcaption>'
        f'<div class="plot" tabindex="0" role="img" aria-label="{escape(title)}. Arrow keys read the values." '
        f'data-chart=\'{_attribute(data)}\'><div class="left" aria-hidden="true">{left}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{"".join(shapes)}</svg>'
        f'<div class="ends" aria-hidden="true">{ends}</div></div>'
        f'<div class="below" aria-hidden="true">{below}</div><div class="x-title">{escape(x.title)}</div></figure>'
    )


def _attribute(data: object) -> str:
    return escape(json.dumps(data, separators=(",", ":")), quote=True)


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    colour: int = 0
    note: str = ""


def bar_chart(title: str, subtitle: str, bars: Sequence[Bar], text: Callable[[float], str]) -> str:
    """Horizontal bars from 0, each with its name, its value and, as a thin line, its interval."""
    most = max((max(b.value, b.high or 0.0) for b in bars), default=0.0) or 1.0
    rows = []
    for bar in bars:
        interval = ""
        if bar.low is not None and bar.high is not None and bar.high > bar.low:
            left, width = bar.low / most * 100, (bar.high - bar.low) / most * 100
            interval = f'<i class="whisker" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
        said = _said(Point(0, bar.value, bar.low, bar.high), text)
        rows.append(
            f'<div class="bar" tabindex="0" title="{escape(bar.name)}: {escape(said)}"><span class="name">'
            f'{escape(bar.name)}</span><span class="track"><i class="fill s{bar.colour % COLOURS}" '
            f'style="width:{bar.value / most * 100:.2f}%"></i>{interval}</span>'
            f'<span class="value">{escape(text(bar.value))}<small>{escape(bar.note)}</small></span></div>'
        )
    return (
        f'<figure class="bars"><figcaption>{escape(title)}<small>{escape(subtitle)}</small></figcaption>'
        f"{''.join(rows)}</figure>"
    )


def nines_axis(most: float) -> Axis:
    """Of percentiles up to `most` nines: each nine takes the same room."""
    marks = [(0.0, "0%"), (0.90, "90%"), (0.99, "99%"), (0.999, "99.9%"), (0.9999, "99.99%"), (0.99999, "99.999%")]
    shown = [(nines(p * 100), said) for p, said in marks if nines(p * 100) <= most * 1.001]
    shown.insert(1, (nines(50), "50%"))
    return Axis("share of requests that took no longer", 0.0, most, shown)


def nines(percentile: float) -> float:
    """0 to 0, 90 to 1, 99 to 2, 99.9 to 3 ..."""
    return -math.log10(max(1 - percentile / 100, 1e-12))


def percentile_at(nines: float) -> float:
    """The reverse."""
    return float((1 - 10.0**-nines) * 100)
