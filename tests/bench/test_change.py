"""Changes between runs: found where there is one, within noise where there is none."""

import dataclasses
import random

import pytest

from fastnet.bench import Histogram, Result, Spec, run
from fastnet.bench.change import changes
from fastnet.bench.result import Moment
from tests.bench.servers import serving


@pytest.fixture(scope="module")
def template() -> Result:
    with serving() as server:
        return run(Spec(urls=(server.url,), requests=10))


def made(template: Result, seed: int, rate: float, latency_ms: float, moments: int = 100) -> Result:
    draw = random.Random(seed)
    histogram = Histogram()
    for _ in range(5000):
        histogram.record(int(draw.lognormvariate(0, 0.5) * latency_ms * 1e6))
    looks = tuple(Moment(i / 10, 0.1, int(draw.gauss(rate / 10, rate / 100)), 0) for i in range(moments))
    return dataclasses.replace(template, rate=rate, raw=histogram, moments=looks)


def test_the_same_server_twice_is_within_noise(template: Result) -> None:
    noisy = 0
    for seed in range(20):
        found = changes(made(template, seed, 1000, 5), made(template, seed + 100, 1000, 5))
        assert [change.name for change in found] == ["requests/s", "p50", "p90", "p99", "p99.9"]
        noisy += sum(not change.is_noise for change in found)
    assert noisy <= 10, "of 100; five are to be expected"


def test_a_real_change_is_found_with_its_size(template: Result) -> None:
    found = {c.name: c for c in changes(made(template, 1, 1000, 5), made(template, 2, 1200, 4))}
    assert found["requests/s"].low < 0.2 < found["requests/s"].high and found["requests/s"].low > 0.1
    assert found["p50"].low < -0.2 < found["p50"].high < -0.1
    assert not found["p50"].is_noise and found["p50"].old > found["p50"].new


def test_runs_that_measured_nothing_or_were_short(template: Result) -> None:
    empty = dataclasses.replace(template, rate=0.0, raw=Histogram(), moments=())
    assert changes(empty, template) == []
    short = made(template, 1, 1000, 5, moments=0)
    assert changes(short, short)[0].share == 0
