"""Findings: from figures that are made for it, the sentence that should be said, and none that should not."""

import dataclasses
from collections.abc import Sequence

import pytest

from fastnet.bench.comparison import Contender, Estimate, Finding, Latency, Measured, Noise, Scenario, Throughput, Trial
from fastnet.bench.findings import find, ratio, within_noise

QUIET = Noise("quiet", 0.01, 0.0, {}, "The machine was quiet.")
ROUNDS = (0.99, 1.0, 1.01)


def estimate(median: float) -> Estimate:
    return Estimate.of([median * share for share in ROUNDS])


def measured(
    name: str, rate: float, mb: float = 30.0, p99_ms: float = 5.0, limits: tuple[str, ...] = (), **more: object
) -> Measured:
    at = Throughput(16, estimate(rate), estimate(2 * rate), estimate(0.5), {}, "", {}, limits)
    latency = Latency(100.0, estimate(100), True, {"99": estimate(p99_ms * 1e6)}, "", 0, {}, ())
    one = Measured(
        contender=name, throughput=(at,), latency=(latency,), peak_connections=16, peak_rate=at.rate,
        rate_per_cpu_s=at.rate_per_cpu_s, startup_s=estimate(0.5), pss_bytes=estimate(mb * 1e6),
        pss_worker_bytes=None, idle_connection_bytes=None, idle_cpu_share=None, context_switches=None, fairness=None,
        worker_skew=None, requests_by_worker=(),
    )  # fmt: skip
    return dataclasses.replace(one, **more)  # type: ignore[arg-type]


def found(
    *results: Measured, noise: Noise = QUIET, scenarios: Sequence[Scenario] = ()
) -> dict[str, list[Finding]]:  # fmt: skip
    contenders = [Contender(m.contender, "m:app", "wsgi", "fastnet", m.contender, 1, 1, ()) for m in results]
    kinds: dict[str, list[Finding]] = {}
    for finding in find(contenders, results, scenarios, noise):
        assert finding.rule and finding.sentence.endswith(".")
        kinds.setdefault(finding.kind, []).append(finding)
    return kinds


def test_the_best_is_named_and_the_others_beside_it() -> None:
    kinds = found(measured("prefork", 1000, mb=20), measured("async", 2000, mb=40))
    assert kinds["best"][0].sentence == (
        "For this handler: async. It does most, 2,000 requests/s, with 16 connections."
    )  # fmt: skip
    assert kinds["best"][0].numbers == {"async": 2000.0, "prefork": 1000.0} and not kinds["best"][0].within_noise
    assert kinds["throughput"][0].sentence == "prefork does 0.5 of that (0.5 to 0.5) with 0.5 x the memory."


def test_what_is_within_noise_is_said_to_be() -> None:
    kinds = found(measured("prefork", 1000, mb=20), measured("async", 1010, mb=40), measured("threaded", 500))
    best = kinds["best"][0]
    assert best.sentence == (
        "For this handler: async or prefork. They do most, 1,010 requests/s and within noise of that, "
        "of which prefork holds the least memory (20 MB)."
    )
    assert best.within_noise and [f.sentence.split()[0] for f in kinds["throughput"]] == ["threaded"]


def test_a_noisy_machine_hides_differences() -> None:
    noisy = dataclasses.replace(QUIET, verdict="unusable", spread=1.5, sentence="It was busy.")
    kinds = found(measured("prefork", 1000), measured("async", 2000), noise=noisy)
    assert kinds["best"][0].within_noise and "throughput" not in kinds
    every = find([Contender("a", "m:app", "wsgi", "fastnet", "a", 1, 1, ())], [measured("a", 1.0)], (), noisy)
    assert every[0].sentence == "It was busy." and every[0].within_noise


def test_a_limited_generator_has_cpu_compared() -> None:
    busy = measured("prefork", 1000, limits=("a generator thread used 99% of its core",))
    kinds = found(busy, measured("async", 600))
    assert "2,000 requests a second of CPU" in kinds["best"][0].sentence
    limit = "may have been the limit at the peak of prefork: a generator thread used 99%"
    assert limit in kinds["generator"][0].sentence


def test_a_longer_p99_comes_with_its_reason() -> None:
    fast = measured("async", 2000, p99_ms=2, context_switches=estimate(0.5))
    near = found(fast, measured("prefork", 110, p99_ms=12))["latency"][0].sentence
    assert near == (
        "At 100 requests/s, which all keep up with, async's p99 is 2 ms; prefork's is 6 x that (12 ms), "
        "because that rate is 91% of all it can do, and 5% of what async can."
    )
    switching = measured("threaded", 2000, p99_ms=12, context_switches=estimate(5.0))
    assert "with 5.0 context switches a request, where async has 0.5" in found(fast, switching)["latency"][0].sentence
    uneven = measured("threaded", 2000, p99_ms=12, fairness=estimate(0.5))
    assert "serves connections unevenly (fairness 0.50)" in found(fast, uneven)["latency"][0].sentence
    strange = found(fast, measured("threaded", 2000, p99_ms=12))["latency"][0].sentence
    assert "for a reason that these figures do not show" in strange
    alike = found(fast, measured("threaded", 2000, p99_ms=2.1))["latency"][0]
    assert alike.within_noise and "nobody's is beyond noise" in alike.sentence


def test_rates_that_one_alone_keeps_up_with_compare_nobody() -> None:
    other = measured("prefork", 50)
    saturated = dataclasses.replace(other.latency[0], kept_up=False)
    assert "latency" not in found(measured("async", 2000), dataclasses.replace(other, latency=(saturated,)))


def test_memory_start_and_sharing() -> None:
    slim = measured("prefork", 1000, mb=20, idle_connection_bytes=estimate(512))
    fat = measured("async", 1000, mb=60, idle_connection_bytes=estimate(20480), startup_s=estimate(2.0),
                   fairness=estimate(0.4), worker_skew=estimate(1.9))  # fmt: skip
    kinds = found(slim, fat)
    assert [f.sentence for f in kinds["memory"]] == [
        "prefork holds the least memory, 20 MB; async the most, 60 MB (3 x).",
        "An idle connection costs async 20.0 KiB, and prefork 0.5 KiB.",
    ]
    assert kinds["start-up"][0].sentence == "prefork answers 0.50 s after its start, async after 2.00 s."
    assert [f.numbers for f in kinds["fairness"]] == [{"fairness": 0.4}, {"skew": 1.9}]
    same = found(measured("prefork", 1000, mb=20), measured("async", 500, mb=21))
    assert same["memory"][0].within_noise and "start-up" not in same and "fairness" not in same


def test_scenarios_in_which_somebody_suffers_are_told() -> None:
    trials = (Trial("prefork", {"rate": estimate(90)}, True, "it waits", {}),
              Trial("async", {"rate": estimate(5000)}, False, "", {}))  # fmt: skip
    one = Scenario("sleep", "The handler sleeps", "It sleeps.", "rate", "/s", "high", trials, "")
    two = dataclasses.replace(one, trials=(dataclasses.replace(trials[0], suffers=False),))
    kinds = found(measured("prefork", 1000), measured("async", 900), scenarios=(one, two))
    assert [f.sentence for f in kinds["scenario"]] == [
        "The handler sleeps. async does most, 5,000/s. Suffering: prefork: it waits."
    ]


@pytest.mark.parametrize(("share", "spread", "chance"), [(0.65, 1.0, True), (0.65, 0.1, False), (0.0, 5.0, False)])
def test_scenarios_know_noise(share: float, spread: float, chance: bool) -> None:
    trials = (Trial("prefork", {"share": Estimate.of([share])}, True, "it lost", {}),)
    one = Scenario("idle-connections", "Idle", "They idle.", "share", "share", "high", trials, "")
    noise = dataclasses.replace(QUIET, spread=spread)
    told = found(measured("prefork", 1000), measured("async", 900), scenarios=(one,), noise=noise)["scenario"][0]
    assert told.within_noise is chance and ("within noise" in told.sentence) is chance


@pytest.mark.parametrize(
    ("samples", "spread", "noise"),
    [
        ([0.5, 0.52, 0.51], 0.01, False),
        ([0.9, 1.1, 0.95], 0.01, True),  # the interval holds 1
        ([0.98, 0.98, 0.98], 0.01, True),  # too small to choose by
        ([0.5, 0.52, 0.51], 1.1, True),  # less than the machine's own unsteadiness
        ([2.0, 2.1, 2.05], 1.2, True),
        ([2.5, 2.6, 2.7], 1.2, False),
        ([0.95], 0.01, True),  # one round says little
        ([0.8], 0.01, False),
    ],
)
def test_noise(samples: list[float], spread: float, noise: bool) -> None:
    assert within_noise(Estimate.of(samples), dataclasses.replace(QUIET, spread=spread)) is noise


def test_ratios_are_taken_round_by_round() -> None:
    ratios = ratio(Estimate.of([10.0, 200.0, 3000.0]), Estimate.of([20.0, 400.0, 6000.0]))
    assert ratios and ratios.samples == (0.5, 0.5, 0.5) and (ratios.low, ratios.high) == (0.5, 0.5)
    assert ratio(Estimate.of([1.0]), Estimate.of([0.0])) is None
