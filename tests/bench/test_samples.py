"""Samples: runs in, medians and intervals out, at any moment."""

import math

import pytest

from fastnet.bench import Histogram, Result, Spec, run
from fastnet.bench.samples import Samples, Step, jain
from tests.bench.servers import HELLO, serving


def test_fairness_is_one_for_alike_and_one_nth_for_one_alone() -> None:
    assert jain([5, 5, 5]) == 1 and jain([0, 7, 0, 0]) == 0.25 and jain([0, 0]) == 1
    assert jain([1, 3]) == pytest.approx(16 / 20)


@pytest.fixture(scope="module")
def results() -> list[Result]:
    with serving() as server:
        closed = [run(Spec(urls=(server.url,), connections=4, requests=n)) for n in (100, 200)]
        late = run(Spec(urls=(server.url,), connections=2, rate=200.0, requests=50))
    with serving(lambda n: [HELLO if n % 2 else HELLO.replace(b"200", b"500")]) as server:
        return [*closed, late, run(Spec(urls=(server.url,), connections=1, requests=20))]


def test_a_step_gathers_rounds(results: list[Result]) -> None:
    step = Step()
    for result, cpu_s in zip(results[:2], (0.1, 0.2), strict=True):
        step.add(result, cpu_s, 50, 2.0)
    assert step.rate.samples == (results[0].rate, results[1].rate)
    per_cpu, switches = step.rate_per_cpu_s(), step.switches_per_request()
    assert per_cpu and per_cpu.samples == pytest.approx((1000, 1000))
    assert switches and switches.samples == pytest.approx((0.5, 0.25))
    assert step.server_cores().samples == pytest.approx((0.05, 0.1))
    merged = Histogram.decode(step.hdr())
    most = max(r.raw.max for r in results[:2])
    assert merged.total == 300 and most <= merged.max <= most * 1.001  # to a step of the histogram
    assert step.percentiles()["99"].samples == tuple(r.raw.percentile(99) for r in results[:2])
    fairness = step.fairness()
    assert step.errors() == {} and fairness and 0.25 <= fairness.median <= 1


def test_errors_are_summed(results: list[Result]) -> None:
    step = Step()
    step.add(results[3], 0.1, 1, 1.0)
    step.add(results[3], 0.1, 1, 1.0)
    assert step.errors() == {"status": 20}


def test_nothing_is_made_up(results: list[Result]) -> None:
    empty = Samples("x").measured()
    assert empty.throughput == () and empty.peak_rate is None and empty.fairness is None and empty.startup_s is None
    step = Step()
    step.add(results[0], 0.0, 0, 1.0)
    assert step.rate_per_cpu_s() is None


def test_measured_finds_the_peak_and_what_was_kept_up_with(results: list[Result]) -> None:
    samples = Samples("x")
    for at, result in ((4, results[0]), (8, results[1])):
        samples.closed.setdefault(at, Step()).add(result, 0.1, 10, 1.0)
    samples.open.setdefault(results[2].rate, Step()).add(results[2], 0.1, 10, 1.0)
    samples.open.setdefault(10 * results[2].rate, Step()).add(results[2], 0.1, 10, 1.0)
    samples.add("startup_s", 0.5)
    found = samples.measured()
    assert [t.connections for t in found.throughput] == [4, 8]
    assert found.peak_rate and found.peak_rate.median == max(results[0].rate, results[1].rate) == samples.peak_rate
    assert found.peak_connections == (8 if results[1].rate > results[0].rate else 4)
    assert [row.kept_up for row in found.latency] == [True, False]
    assert found.startup_s and math.isclose(found.startup_s.median, 0.5) and found.pss_bytes is None
