"""The page that a report is: one HTML file that needs no other, with its data inside.

Sections are HTML that charts.py and the functions here make. Whatever comes from outside is escaped here.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from fastnet._version import __version__


def page(title: str, sections: Iterable[str], data: str, file_name: str) -> str:
    """`data`: JSON, which the page carries and offers as a file of that name."""
    files = importlib.resources.files("fastnet.bench")
    css, script = ((files / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    # In a script element only these could end it, or begin a comment; in JSON they stand in strings only.
    carried = data.replace("<", "\\u003c").replace(">", "\\u003e")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="fastnet {__version__}"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>\n{css}</style></head><body><main>\n"
        + "\n".join(sections)
        + "\n<h2>Raw data</h2><p>Everything that was measured, every sample and histogram among it.</p>"
        f'<a class="button" href="#data" download="{escape(file_name)}">Save {escape(file_name)}</a>'
        f'</main>\n<script type="application/json" id="data">{carried}</script>\n<script>\n{script}</script>'
        "</body></html>\n"
    )


def header(kicker: str, verdict: str, lead: str = "", warnings: Sequence[str] = ()) -> str:
    """What stands at the top: the answer."""
    said = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    warned = "".join(f"<p>{escape(warning)}</p>" for warning in warnings)
    return f'<header><p class="kicker">{escape(kicker)}</p><h1>{escape(verdict)}</h1>{said}</header>' + (
        f'<div class="warning" role="note">{warned}</div>' if warned else ""
    )


def heading(title: str, text: str = "") -> str:
    return f"<h2>{escape(title)}</h2>" + (f"<p>{escape(text)}</p>" if text else "")


def tiles(facts: Iterable[tuple[str, str, str]]) -> str:
    """Name, figure, and what is to be said of it."""
    return (
        '<dl class="tiles">'
        + "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}<small>{escape(more)}</small></dd></div>"
            for name, figure, more in facts
        )
        + "</dl>"
    )


def findings(found: Iterable[tuple[str, str, str]]) -> str:
    """Kind, sentence, and the rule that led there."""
    return (
        '<ul class="findings">'
        + "".join(
            f"<li><b>{escape(kind)}</b><span>{escape(sentence)}<small>{escape(rule)}</small></span></li>"
            for kind, sentence, rule in found
        )
        + "</ul>"
    )


def choice(name: str, legend: str, panels: Sequence[tuple[str, str]], chosen: int) -> str:
    """One of several panels, picked by its label. Without a script, and in print, all of them or the picked one."""
    if len(panels) < 2:
        return "".join(body for _, body in panels)
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{i}"{" checked" if i == chosen else ""}>'
        f"<span>{escape(label)}</span></label>"
        for i, (label, _) in enumerate(panels)
    )
    return (
        f'<fieldset class="choose" data-choose="{name}" hidden><legend>{escape(legend)}</legend>{buttons}</fieldset>'
        + "".join(f'<div data-panel="{name}" data-value="{i}">{body}</div>' for i, (_, body) in enumerate(panels))
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """`value`: what to sort by, where that is not the text."""

    text: str
    value: float | None = None
    small: str = ""
    css: str = ""


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], label: str) -> str:
    """Sorted by a press on a column's head. The first cell of a row is its head."""
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            tag, scope = ("th", ' scope="row"') if i == 0 else ("td", "")
            css = f' class="{cell.css}"' if cell.css else ""
            # No value: sorted behind all that have one.
            value = f' data-value="{cell.value!r}"' if cell.value is not None else "" if cell.text else ' data-value=""'
            small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
            cells.append(f"<{tag}{scope}{css}{value}>{escape(cell.text)}{small}</{tag}>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    titles = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table class="sortable">'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    return (
        '<dl class="facts">'
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in pairs if said)
        + "</dl>"
    )


def folded(summary: str, lines: Iterable[str]) -> str:
    """Text that is there for who wants it."""
    return (
        f"<details><summary>{escape(summary)}</summary>{''.join(f'<code>{escape(s)}</code>' for s in lines)}</details>"
    )
