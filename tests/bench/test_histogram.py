"""Histogram against HdrHistogram's own Python port, against sorted lists, and against damaged input."""

import base64
import math
import pickle
import random
import zlib

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from fastnet.bench.histogram import Histogram
from fastnet.errors import ProtocolError

RANGES = [(1, 3_600_000_000, 3), (1, 100_000, 1), (1000, 10**9, 2), (1, 2, 1), (7, 123_456_789, 4)]
values_in = st.lists(st.integers(0, 10**9), max_size=50)


def both(limits: tuple[int, int, int], values: list[int]) -> tuple[Histogram, HdrHistogram]:
    ours, theirs = Histogram(*limits), HdrHistogram(*limits)
    for value in values:
        ours.record(min(value, limits[1]))
        theirs.record_value(min(value, limits[1]))
    return ours, theirs


@given(st.sampled_from(RANGES), values_in)
def test_the_port_and_ours_read_each_other(limits: tuple[int, int, int], values: list[int]) -> None:
    ours, theirs = both(limits, values)
    mine = Histogram.decode(theirs.encode())
    assert (mine.lowest, mine.highest, mine.digits, mine.total) == (*limits, len(values))
    assert mine.buckets() == ours.buckets()
    back = HdrHistogram.decode(ours.encode())
    assert back.get_total_count() == len(values)
    assert [back.get_count_at_value(lower) for lower, _, _ in ours.buckets()] == [n for _, _, n in ours.buckets()]


@given(st.sampled_from(RANGES), values_in, st.floats(0, 100))
def test_percentiles_are_of_the_sorted_values(
    limits: tuple[int, int, int], values: list[int], percentile: float
) -> None:
    ours, theirs = both(limits, values)
    if not values:
        assert (ours.percentile(percentile), ours.mean, ours.max) == (0, 0, 0)
        return
    ranked = sorted(min(value, limits[1]) for value in values)
    for at in (percentile, 50, 99, 100):
        exact = ranked[max(math.ceil(at / 100 * len(ranked) * (1 - 1e-15)), 1) - 1]
        upper = theirs.get_highest_equivalent_value(exact)
        assert ours.percentile(at) == min(upper, ranked[-1])
        assert ours.count_to(exact) == sum(v <= upper for v in ranked)
    assert ours.min == ranked[0] and ours.max == ranked[-1]


@given(st.integers(1, 10**6), st.integers(0, 10**5))
def test_corrected_is_the_values_that_were_held_up(value: int, interval: int) -> None:
    corrected, by_hand = Histogram(1, 10**7, 3), Histogram(1, 10**7, 3)
    interval = interval and max(interval, value // 500)
    corrected.record_corrected(value, interval)
    by_hand.record(value)
    for missing in range(value - interval, interval - 1, -interval) if interval else ():
        by_hand.record(missing)
    assert corrected == by_hand


def test_merge_is_recording_everything_in_one() -> None:
    generator = random.Random(5)
    parts, whole = [Histogram() for _ in range(3)], Histogram()
    for _ in range(3000):
        value = int(generator.lognormvariate(15, 2))
        generator.choice(parts).record(value, 2)
        whole.record(value, 2)
    merged = Histogram()
    for part in parts:
        merged.merge(part)
    assert merged == whole and merged.max == whole.max and merged.min == whole.min
    merged.merge(merged)
    assert merged.total == 2 * whole.total and merged.percentile(99) == whole.percentile(99)
    same = whole.copy()
    whole.clear()
    assert (whole.total, same.total) == (0, 6000) and whole != same


def test_three_digits_over_an_hour_in_nanoseconds() -> None:
    histogram = Histogram()
    for value in (1, 999, 1_234_567, 3_599_999_999_999):
        histogram.record(value)
        assert all((upper - lower) * 1000 <= lower for lower, upper, _ in histogram.buckets() if upper > lower)
    histogram.record(3_600_000_000_001)
    assert histogram.over == 1 and histogram.max == histogram.highest


def test_mean_and_stddev_as_in_the_port() -> None:
    generator = random.Random(3)
    ours, theirs = both((1, 10**9, 3), [int(generator.lognormvariate(10, 2)) for _ in range(2000)])
    assert ours.mean == pytest.approx(theirs.get_mean_value())
    assert ours.stddev == pytest.approx(theirs.get_stddev())


def test_pickle_and_text() -> None:
    histogram = Histogram(1, 1000, 2)
    histogram.record(5, 10)
    assert pickle.loads(pickle.dumps(histogram)) == histogram
    assert histogram != 5 and "10 values, p50 5" in repr(histogram)


@pytest.mark.parametrize("limits", [(0, 10, 3), (1, 1, 3), (1, 10, 0), (1, 10, 6), (1, 2**63, 3)])
def test_impossible_ranges(limits: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected 1 <= lowest"):
        Histogram(*limits)


@pytest.mark.parametrize("value", [-1, 2**64])
def test_numbers_that_are_no_values(value: int) -> None:
    with pytest.raises(OverflowError):
        Histogram().record(value)
    with pytest.raises(OverflowError, match="encoded form"):
        full = Histogram()
        full.record(5, 2**63)
        full.encode()


def packed(raw: bytes, cookie: int = 0x1C849314) -> bytes:
    data = zlib.compress(raw)
    return base64.b64encode(cookie.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data)


def encoded(values: list[int]) -> bytes:
    histogram = Histogram(1, 10**6, 3)
    for value in values:
        histogram.record(value)
    return zlib.decompress(base64.b64decode(histogram.encode())[8:])


GOOD = encoded([3, 70, 900_000])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no base64!",
        base64.b64encode(b"short"),
        packed(GOOD, 0x1C849303),
        packed(GOOD)[:-8],
        base64.b64encode(bytes.fromhex("1c849314 00000004 01020304")),
        packed(GOOD[:39]),
        packed(GOOD[:-1]),
        packed(GOOD + b"\0"),
        packed(GOOD[:12] + b"\0\0\0\7" + GOOD[16:]),
        packed(GOOD[:40] + b"\xff" * (len(GOOD) - 40)),
        packed(GOOD + bytes(50_000_000)),
    ],
    ids=["empty", "text", "short", "cookie", "cut", "no zlib", "header", "counts", "more", "digits", "run", "bomb"],
)
def test_damaged_text(text: bytes) -> None:
    with pytest.raises(ProtocolError, match="HDR histogram"):
        Histogram.decode(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_decoded(noise: bytes) -> None:
    try:
        Histogram.decode(packed(GOOD[:40] + noise))
    except ProtocolError:
        pass
