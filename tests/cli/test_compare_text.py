"""A comparison in words and columns, and as CSV."""

import csv
import dataclasses
import io

from fastnet.cli.compare_text import columns, csv_text, summary
from tests.bench.test_comparison import comparison


def test_the_answer_comes_first_then_the_tables() -> None:
    lines = summary(comparison())
    assert lines[0] == "fastnet compare a:app" and "server on core 0, load generator on 1; 3 rounds" in lines[1]
    assert lines.index("* prefork.") < lines.index("a:app") < lines.index("Scenarios (! suffers)")
    assert lines[lines.index("a:app") + 1].split()[:3] == ["requests/s", "95%", "clients"]
    figures = lines[lines.index("a:app") + 2]
    assert figures.startswith("prefork (errors)") and " 110 " in figures and " 3.00" in figures
    assert "The handler sleeps" not in lines and any(line.startswith("sleeps, requests/s") for line in lines)
    assert any(line.rstrip().endswith("110!") for line in lines)  # it suffers
    assert lines[-2:] == ["not measured: granian: it is not installed: pip install granian", "short"]


def test_an_early_end_is_said() -> None:
    lines = summary(dataclasses.replace(comparison(), ended_early="interrupted", results=(), scenarios=()))
    assert lines[-1] == "ENDED EARLY: interrupted; this is what was measured until then"


def test_columns_are_aligned() -> None:
    assert columns([["", "a"], ["name", "1.00"]]) == ["         a", "name  1.00"]


def test_csv_has_a_row_for_each_estimate() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(comparison()))))
    found = {(row["kind"], row["at"], row["figure"]): row for row in rows}
    assert found["throughput", "1", "rate"]["median"] == "110" and found["throughput", "1", "rate"]["rounds"] == "3"
    assert found["latency", "50.0", "p50_ns"]["low"] == "100"
    assert found["server", "", "startup_s"]["median"] == "3" and ("server", "", "idle_cpu_share") not in found
    assert found["scenario", "sleep", "rate"]["contender"] == "prefork" and found["scenario", "sleep", "rate"]["target"]
