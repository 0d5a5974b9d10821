"""Comparisons: JSON there and back, what is no comparison, and intervals over rounds."""

import dataclasses
import json

import pytest

from fastnet.bench.comparison import (
    Absent,
    Comparison,
    Contender,
    Environment,
    Estimate,
    Finding,
    Latency,
    Measured,
    Noise,
    Scenario,
    Throughput,
    Trial,
    interval,
)
from fastnet.errors import ProtocolError

EXACT = Estimate.of([3.0])


def comparison() -> Comparison:
    """A small one that has something everywhere."""
    rate = Estimate.of([100.0, 120.0, 110.0])
    percentiles = {"50": rate, "99.9": EXACT}
    return Comparison(
        command="fastnet compare a:app",
        targets=("a:app",),
        path="/",
        quick=True,
        rounds=3,
        started_at="2026-01-01T00:00:00+00:00",
        duration_s=12.5,
        ended_early="",
        environment=Environment("a CPU", 2, "6.1", "Linux", "CPython 3.11", (0,), (1,), 0.5, {"fastnet": "0.1"}),
        contenders=(Contender("prefork", "a:app", "wsgi", "fastnet", "prefork", 1, 1, ("python", "PORT")),),
        absent=(Absent("granian", "a:app", "it is not installed", "pip install granian"),),
        results=(
            Measured(
                contender="prefork",
                throughput=(Throughput(1, rate, None, EXACT, percentiles, "HISTF", {"reset": 1}, ("busy",)),),
                latency=(Latency(50.0, rate, True, percentiles, "HISTF", 0, {}, ()),),
                peak_connections=1,
                peak_rate=rate,
                rate_per_cpu_s=None,
                startup_s=EXACT,
                pss_bytes=EXACT,
                pss_worker_bytes=EXACT,
                idle_connection_bytes=None,
                idle_cpu_share=None,
                context_switches=EXACT,
                fairness=EXACT,
                worker_skew=None,
                requests_by_worker=(3, 2),
            ),
        ),
        scenarios=(
            Scenario("sleep", "sleeps", "It sleeps.", "rate", "/s", "high",
                     (Trial("prefork", {"rate": rate}, True, "It waits.", {}),), "prefork suffers"),
        ),
        noise=Noise("quiet", 0.01, 0.0, {"0": (0.01, 0.011)}, "Quiet."),
        findings=(Finding("best", "a:app", "prefork.", "the most", {"prefork": 110.0}, False),),
        notes=("short",),
    )  # fmt: skip


def test_json_there_and_back() -> None:
    one = comparison()
    text = one.to_json()
    assert Comparison.from_json(text) == one and Comparison.from_json(text.encode()) == one
    values = json.loads(text)
    assert (values["schema"], values["version"]) == ("fastnet-compare", 1)
    assert values["results"][0]["throughput"][0]["rate"]["median"] == 110.0
    assert values["results"][0]["rate_per_cpu_s"] is None


def test_unknown_keys_are_ignored() -> None:
    values = json.loads(comparison().to_json())
    values["later"] = values["noise"]["later"] = 1
    assert Comparison.from_json(json.dumps(values)) == comparison()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "fastnet-bench", "version": 1}', b"\xff"])
def test_what_is_no_comparison_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="not a report of fastnet compare"):
        Comparison.from_json(text)


def test_another_version_is_named() -> None:
    with pytest.raises(ProtocolError, match="a report of version 2, where 1 is known"):
        Comparison.from_json('{"schema": "fastnet-compare", "version": 2}')


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("rounds",), "three", r"report\.rounds is of the wrong type"),
        (("rounds",), True, r"report\.rounds is of the wrong type"),
        (("noise",), None, r"report\.noise is no object"),
        (("results", 0, "peak_rate", "median"), "1", r"report\.results\[0\]\.peak_rate\.median is of the wrong type"),
        (("contenders", 0, "name"), ["a"], r"report\.contenders\[0\]\.name is of the wrong type"),
        (("scenarios",), {}, r"report\.scenarios is of the wrong type"),
        (("environment", "versions"), [], r"report\.environment\.versions is of the wrong type"),
    ],
)
def test_a_wrong_type_is_named_with_its_place(path: tuple[str | int, ...], value: object, said: str) -> None:
    values = json.loads(comparison().to_json())
    place = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ProtocolError, match=said):
        Comparison.from_json(json.dumps(values))


def test_keys_that_came_later_may_be_missing() -> None:
    values = json.loads(comparison().to_json())
    del values["absent"][0]["is_failure"]
    assert Comparison.from_json(json.dumps(values)) == comparison()


def test_a_missing_key_is_named() -> None:
    values = json.loads(comparison().to_json())
    del values["results"][0]["fairness"]
    with pytest.raises(ProtocolError, match=r"report\.results\[0\] has no fairness"):
        Comparison.from_json(json.dumps(values))


def test_intervals_hold_the_median_and_shrink_with_agreement() -> None:
    wide, narrow = interval([80.0, 100.0, 120.0, 90.0, 110.0]), interval([99.0, 100.0, 101.0, 99.5, 100.5])
    assert wide[0] < 100 < wide[1] and narrow[0] < 100 < narrow[1]
    assert wide[1] - wide[0] > 10 * (narrow[1] - narrow[0])
    assert interval([7.0]) == (7.0, 7.0)
    assert interval([80.0, 100.0, 120.0]) == interval([80.0, 100.0, 120.0])


def test_estimates_keep_their_samples() -> None:
    one = Estimate.of([2.0, 1.0, 4.0])
    assert one.samples == (2.0, 1.0, 4.0) and one.median == 2.0 and one.low <= 2.0 <= one.high
    with pytest.raises((ValueError, IndexError)):
        Estimate.of([])


def test_a_contender_is_ours_or_a_peer() -> None:
    ours = comparison().contenders[0]
    assert not ours.is_peer and dataclasses.replace(ours, server="gunicorn").is_peer
