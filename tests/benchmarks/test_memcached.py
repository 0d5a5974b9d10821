"""The benchmarks of memcached: every case measures every contender, whose answers are the same, and has its bars."""

import pytest

from benchmarks import report
from benchmarks.memcached import CASES, CLIENT_BARS, CLIENT_CASE, SERVERS, run_case


@pytest.mark.parametrize("name", ["memcached-multiget", CLIENT_CASE])
def test_a_case_gives_a_table_with_its_bars(name: str) -> None:
    result = run_case(name, rounds=1, seconds=0.05)
    text = report.table(result)
    assert f"python -m benchmarks.memcached {name}" in text
    bars = len(CLIENT_BARS) if name == CLIENT_CASE else len(SERVERS) - 1
    assert len(result["bars"]) == bars and all(bar["bar"] in text for bar in result["bars"])


def test_cases_answer_what_they_ask() -> None:
    assert all(case.answer.endswith(b"\r\n") and case.request.endswith(b"\r\n") for case in CASES.values())
