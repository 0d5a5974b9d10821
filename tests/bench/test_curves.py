"""Percentile curves say what the histogram says."""

from fastnet.bench import charts
from fastnet.bench.curves import percentile_chart, percentile_curve
from fastnet.bench.histogram import Histogram


def test_curves_agree_with_percentiles_and_end_where_few_requests_are_left() -> None:
    histogram = Histogram()
    for i in range(1, 10001):
        histogram.record(i * 1000)
    points = percentile_curve(histogram)
    assert all(p.y == histogram.percentile(charts.percentile_at(p.x)) for p in points)
    assert points[0].x == 0 and abs(points[-1].x - charts.nines(99.9)) < 1e-9  # ten of ten thousand lie above
    assert [p.y for p in points] == sorted(p.y for p in points)
    text = percentile_chart("T", [charts.Line("a", 0, points)])
    assert ">99.9%<" in text and ">99.99%<" not in text


def test_few_or_no_requests() -> None:
    histogram = Histogram()
    assert percentile_curve(histogram) == []
    histogram.record(5)
    assert {p.y for p in percentile_curve(histogram)} == {5}
