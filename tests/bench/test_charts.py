"""Scales, ticks, labels that do not cover each other; what a browser makes of it: test_report.py."""

from __future__ import annotations

import itertools
import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.bench import charts
from fastnet.bench.charts import Axis, Bar, Line, Point


@given(st.floats(1e-6, 1e12))
def test_linear_axes_hold_the_greatest_value_with_few_round_ticks(most: float) -> None:
    axis = charts.linear_axis("", most, str)
    assert axis.low == 0 and axis.high >= most * (1 - 1e-9) and axis.high <= most * 2.0001
    assert 3 <= len(axis.ticks) <= 11
    assert axis.at(0) == 0 and axis.at(axis.high) == 100


@given(st.lists(st.floats(1.0, 1e12), min_size=1, max_size=20))
def test_log_axes_hold_all_values(values: list[float]) -> None:
    axis = charts.log_axis("", values, str)
    assert axis.low <= min(values) * 1.0001 and axis.high >= max(values) * 0.9999
    assert 2 <= len(axis.ticks) <= 14
    places = [axis.at(v) for v in sorted(values)]
    assert places == sorted(places) and places[0] >= 0 and places[-1] <= 100


def test_each_nine_takes_the_same_room() -> None:
    assert [round(charts.nines(p), 6) for p in (0, 90, 99, 99.9, 99.99)] == [0, 1, 2, 3, 4]
    assert charts.percentile_at(charts.nines(99.5)) == pytest.approx(99.5)
    assert [said for _, said in charts.nines_axis(3.2).ticks] == ["0%", "50%", "90%", "99%", "99.9%"]
    assert [said for _, said in charts.nines_axis(3.0).ticks][-1] == "99.9%"


@given(st.lists(st.floats(0, 100), max_size=15))
def test_labels_keep_their_distance(places: list[float]) -> None:
    placed = charts.spread(sorted(places))
    assert all(b - a >= charts.LABEL_GAP - 1e-6 for a, b in itertools.pairwise(placed))
    assert all(at <= 100 for at in placed)
    assert charts.spread([10.0, 50.0, 90.0]) == [10.0, 50.0, 90.0]


def test_a_line_s_points_and_intervals() -> None:
    axis = Axis("x", 0, 10, [(0, "0"), (10, "ten")])
    line = Line("a <b>", 9, [Point(0, 0), Point(10, 5, 4, 6, open=True, note="late")], is_dashed=True)
    text = charts.line_chart("T", axis, axis, [line], lambda v: f"{v:g}", lambda v: f"at {v:g}")
    assert 'class="line s1 dashed" d="M0.00 100.00L100.00 50.00"' in text
    assert 'class="interval s1" d="M100.00 60.00V40.00"' in text and 'dot s1 open" d="M100.00 50.00h0"' in text
    data = re.search("data-chart='(.*?)'", text)
    assert data and json.loads(unescape(data[1])) == [
        {"name": "a <b>", "colour": 1, "points": [[0, 100, "0", "at 0"], [100, 50, "5 (4 to 6) late", "at 10"]]}
    ]
    assert "a <b>" not in text and "a &lt;b&gt;" in text


def test_bars_are_to_scale() -> None:
    bars = [Bar("a", 5, 4, 10), Bar("b", 0), Bar("c", 2.5)]
    text = charts.bar_chart("T", "S", bars, lambda v: f"{v:g}")
    assert re.findall(r'fill s0" style="width:([\d.]+)%', text) == ["50.00", "0.00", "25.00"]
    assert 'whisker" style="left:40.00%;width:60.00%"' in text and text.count("whisker") == 1
    assert 'title="a: 5 (4 to 10)"' in text
    assert "<div" not in charts.bar_chart("T", "S", [], str)
