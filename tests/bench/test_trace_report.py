"""The page of a trace, in a real browser."""

from __future__ import annotations

from pathlib import Path

from fastnet.bench.trace import Trace, Traced, Way
from fastnet.bench.trace_report import trace_report
from tests.bench.browser import Browser

AT = {"sent": 0, "accepted": 10_000, "first_byte": 20_000, "app_called": 30_000, "app_answers": 80_000, "done": 100_000}


def test_spans_are_to_one_scale(tmp_path: Path) -> None:
    slow = Way(200, 3, {name: ns * 2 for name, ns in {**AT, "received": 95_000}.items()})
    quick = Way(200, 3, {**AT, "received": 95_000})
    found = Trace(
        "a:<b>",
        "GET /",
        "2030-01-02T03:04:05+00:00",
        (Traced("async", ("x",), (slow,)), Traced("prefork", (), (quick,))),
    )
    (tmp_path / "trace.html").write_text(trace_report(found))
    with Browser() as browser:
        page = browser.open(tmp_path / "trace.html", width=360)
        assert page.errors == [] and page.value("document.documentElement.scrollWidth") == 360
        assert page.value("document.querySelector('h1').innerText") == "A request takes 95 us under prefork."
        fills = "[...s.querySelectorAll('.fill')].map(f => f.style.width)"
        widths = page.value(f"[...document.querySelectorAll('.spans')].map(s => {fills})")
        assert widths == [["10%", "10%", "10%", "50%", "20%"], ["5%", "5%", "5%", "25%", "10%"]]
        assert "a:<b>" in page.value("document.body.innerText")
        assert page.value("document.querySelector('tbody').rows[0].innerText").split("\t")[0] == "connection accepted"
