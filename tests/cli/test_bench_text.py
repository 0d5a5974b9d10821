"""Numbers as people read them, and the row of CSV."""

import csv

import pytest

from fastnet.bench import Spec, run
from fastnet.cli import bench_text
from tests.bench.servers import serving


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1000, "1 us"), (123_456, "123 us"), (1_234_567, "1.23 ms"), (5e9, "5 s"),
     (3.6e12, "3,600 s")],
)  # fmt: skip
def test_durations(ns: float, text: str) -> None:
    assert bench_text.duration(ns) == text


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2e6, "2 MB"), (3.21e9, "3.21 GB")]
)
def test_amounts(n: float, text: str) -> None:
    assert bench_text.amount(n) == text


def test_the_row_and_the_summary_say_the_same() -> None:
    with serving() as server:
        result = run(Spec(urls=(server.url,), requests=100, connections=2, pipeline=3))
    row = bench_text.csv_row(result)
    header, line = csv.reader(bench_text.csv_text(row, True).splitlines())
    assert dict(zip(header, line, strict=True)) == row and row["answered"] == "100" and row["pipeline"] == "3"
    assert bench_text.csv_text(row, False).count("\n") == 1
    text = "\n".join(bench_text.summary(result))
    assert "100 answered" in text and "2 connections, 3 pipelined, 1 thread," in text and "ERROR" not in text
    assert round(float(row["p50_ms"]) * 1e6) == result.raw.percentile(50)
