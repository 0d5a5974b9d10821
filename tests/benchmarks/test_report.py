"""Ratios are paired by round, bars are judged by the median, tables go between their marks in the page."""

import pytest

from benchmarks import report
from benchmarks.bars import Bar
from benchmarks.kernels.http1 import CASES
from benchmarks.servers.rows import ROWS

RESULT = {
    "name": "r", "title": "Row", "command": "python -m x", "rounds": 3, "seconds": 1, "metrics": ["requests_per_s"],
    "rank": "requests_per_s", "notes": ["A note."],
    "contenders": {"a": {"requests_per_s": [100.0, 200.0, 300.0]}, "b": {"requests_per_s": [50.0, 400.0, 300.0]}},
}  # fmt: skip


def test_ratios_are_taken_within_a_round():
    assert report.paired(RESULT, "a", "requests_per_s", "b") == [2.0, 0.5, 1.0]
    judged = report.judge(RESULT, Bar("a", "requests_per_s", 1.0, "b"))
    assert judged == {"bar": "a: requests/s >= 1 x b", "value": 1.0, "least": 0.5, "most": 2.0, "met": True}


@pytest.mark.parametrize("bar, met", [(Bar("a", "requests_per_s", 201), False), (Bar("a", "requests_per_s", 200), True),
                                      (Bar("a", "requests_per_s", 200, at_least=False), True),
                                      (Bar("a", "requests_per_s", 199, at_least=False), False)])  # fmt: skip
def test_a_bar_is_judged_by_the_median(bar, met):
    assert report.judge(RESULT, bar)["met"] is met


def test_a_bar_against_what_was_not_measured_is_left_out():
    assert report.judge(RESULT, Bar("a", "requests_per_s", 1, "absent")) is None


def test_the_table_says_met_or_missed_and_how_to_repeat_it():
    bars = [report.judge(RESULT, Bar("a", "requests_per_s", bound)) for bound in (200, 201)]
    text = report.table(RESULT | {"bars": bars})
    assert "`python -m x`: 3 rounds of 1 s" in text
    assert "| a | 0.2 | 1.00 (1.00-1.00) |" in text
    assert "| met |" in text and "| **missed** |" in text
    assert "A note." in text


def test_tables_are_written_between_their_marks(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- facts p -->\nold\n<!-- end -->\n<!-- r -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)
    report.write_page([RESULT | {"bars": []}], {"cpu": "c"}, "p")
    text = page.read_text()
    assert text.startswith("before\n<!-- facts p -->\n- cpu: c\n<!-- end -->\n<!-- r -->\n### Row")
    assert text.endswith("<!-- end -->\nafter\n") and "old" not in text
    with pytest.raises(SystemExit, match="no place"):
        report.write_page([RESULT | {"name": "other", "bars": []}], {}, "p")


def test_every_row_has_its_place_in_the_page():
    page = report.PAGE.read_text()
    for name in [row.name for row in ROWS] + list(CASES) + ["facts servers", "facts kernels"]:
        assert f"<!-- {name} -->" in page
