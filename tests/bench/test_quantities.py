import pytest

from fastnet.bench.quantities import amount, duration


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1000, "1 us"), (12345, "12.3 us"), (1e9, "1 s"), (1.5e12, "1,500 s")],
)
def test_durations(ns: float, text: str) -> None:
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 B"), (999, "999 B"), (1e3, "1 kB"), (25e6, "25 MB"), (1.25e9, "1.25 GB")]
)
def test_amounts(n: float, text: str) -> None:
    assert amount(n) == text
