"""The machine: whose cores are whose, and what the times of the same work say about it."""

import os

import pytest

from fastnet.bench.machine import Calibration, environment, judge, split_cores


def test_cores_are_divided() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    servers, generators = split_cores()
    assert not set(servers) & set(generators) and set(servers) | set(generators) <= set(allowed)
    assert bool(servers) == bool(generators) == (len(allowed) > 1)
    assert split_cores(allowed[:1]) == ((), ())


def test_a_generator_has_a_quarter_of_the_cores() -> None:
    # Cores that no machine has know no siblings.
    assert split_cores(range(9000, 9002)) == ((9000,), (9001,))
    assert split_cores(range(9000, 9008)) == (tuple(range(9000, 9006)), (9006, 9007))


def test_the_environment_says_what_was_measured_with() -> None:
    found = environment((0,), (1,))
    assert found.cpu and found.kernel == os.uname().release and found.cpus >= 1
    assert "flask" in found.versions and "CPython 3." in found.python
    assert (found.server_cores, found.generator_cores) == ((0,), (1,))


def test_calibration_times_each_core_and_goes_back() -> None:
    before = os.sched_getaffinity(0)
    for cores in (tuple(before)[:2], ()):
        one = Calibration(cores)
        for _ in range(3):
            one.look()
        noise = one.noise()
        assert list(noise.calibrations_s) == [str(c) for c in cores] or ["any"]
        assert all(len(times) == 3 and min(times) > 0 for times in noise.calibrations_s.values())
        assert noise.verdict in ("quiet", "noisy", "unusable") and 0 <= noise.waiting_share < 1
        assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("times", "verdict", "said"),
    [
        ((1.0, 1.01, 1.02, 1.0), "quiet", "differ by 2.0%"),
        ((1.0, 1.1, 1.0, 1.05), "noisy", "smaller than that are not to be trusted"),
        ((1.0, 2.0, 1.0, 1.5), "unusable", "Repeat this on a quiet machine"),
        ((1.0,), "quiet", "timed 4 times"),
        ((*[1.0] * 30, 9.0), "quiet", "differ by 0.0%"),  # one outlier in thirty is not the machine
    ],
)
def test_spread_decides(times: tuple[float, ...], verdict: str, said: str) -> None:
    noise = judge({"0": (1.0, 1.0, 1.0), "1": times}, 0.0)
    assert noise.verdict == verdict and said in noise.sentence


def test_waiting_for_a_core_is_said() -> None:
    assert "waited for its core 20% of the time" in judge({"0": (1.0, 1.0)}, 0.2).sentence
