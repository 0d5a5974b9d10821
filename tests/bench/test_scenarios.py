"""Scenarios: real servers in those that tell models apart, and the rules by which they are judged."""

import os
from pathlib import Path

import psutil
import pytest

from fastnet.bench.comparison import Contender, Scenario
from fastnet.bench.contenders import own, peers
from fastnet.bench.scenarios import KINDS, Scenarios
from fastnet.bench.serving import Interrupts, Serving

EXAMPLES = str(Path(__file__).parents[2] / "examples")
PATHS = os.pathsep.join([EXAMPLES, os.environ.get("PYTHONPATH", "")])
RULES = {kind.name: kind.judge for kind in KINDS}
ONE = Contender("x", "m:app", "wsgi", "fastnet", "prefork", 1, 1, ())


def play(
    contenders: list[Contender], monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], step_s: float = 0.3
) -> dict[str, Scenario]:
    monkeypatch.setattr("fastnet.bench.scenarios.RECOVERY_S", 20.0)
    said: list[str] = []
    with Interrupts() as interrupts:
        one = Scenarios(Serving(interrupts, (), (), {"PYTHONPATH": PATHS}), contenders, "/", {}, quick=True,
                        step_s=step_s, rounds=1, kinds=[k for k in KINDS if k.name in names])  # fmt: skip
        assert one.found() == ()
        one.play(said.append, lambda: None, lambda: 1.0)
    assert not one.left_out and len(said) == len(names) * len(contenders)
    assert not [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    return {scenario.name: scenario for scenario in one.found()}


def test_handlers_tell_models_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    contenders = own("asgi_app:app", "asgi", ["async"], [1], [], EXAMPLES)
    contenders += own("wsgi_app:app", "wsgi", ["prefork"], [1], [], EXAMPLES)
    contenders += own("wsgi_app:app", "wsgi", ["threaded"], [1], [16], EXAMPLES)
    found = play(contenders, monkeypatch, ("sleep", "stream"))
    sleep = {t.contender: t for t in found["sleep"].trials}
    assert sleep["prefork"].suffers and not sleep["threaded"].suffers and not sleep["async"].suffers
    assert "for it has 1 worker of one thread" in sleep["prefork"].why and "prefork: " in found["sleep"].verdict
    assert 0 < sleep["prefork"].figures["rate"].median <= 100  # of 10 ms, one after the other
    assert sleep["async"].figures["rate"].median > 100
    assert all(t.figures["rate"].median > 0 for t in found["stream"].trials)


def test_what_breaks_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    contenders = own("wsgi_app:app", "wsgi", ["prefork"], [1], [], EXAMPLES)
    contenders += peers("wsgi_app:app", "wsgi", ["gunicorn", "waitress"], [1], [])[0]
    found = play(contenders, monkeypatch, ("slow-client", "reload", "worker-killed"))
    trials = {(s.name, t.contender): t for s in found.values() for t in s.trials}
    # A sync worker reads one request at a time, and waits for the slow ones; the others' requests are given up.
    assert trials["slow-client", "gunicorn"].suffers and "timeout" in trials["slow-client", "gunicorn"].errors
    assert not trials["slow-client", "prefork"].errors
    assert trials["reload", "waitress"].why == "it has no reload: SIGHUP would end it"
    assert not trials["reload", "prefork"].errors and trials["reload", "prefork"].figures["failed"].median == 0
    assert trials["reload", "gunicorn"].figures["outage_s"].median > 0
    assert trials["worker-killed", "waitress"].why == "nothing starts another: it was gone for good"
    assert trials["worker-killed", "prefork"].figures["gone"].median == 0


def test_without_time_nothing_is_played() -> None:
    with Interrupts() as interrupts:
        contenders = own("wsgi_app:app", "wsgi", ["prefork"], [1], [], EXAMPLES)
        one = Scenarios(Serving(interrupts, (), (), {}), contenders, "/", {}, quick=False, step_s=0.1, rounds=1)
        one.play(lambda text: None, lambda: None, lambda: -1.0)
    assert one.found() == () and one.left_out == [f"scenario {kind.name}" for kind in KINDS]


def test_servers_that_fail_say_so() -> None:
    with Interrupts() as interrupts:
        contenders = own("no_such_app:app", "wsgi", ["prefork"], [1], [], EXAMPLES)
        one = Scenarios(Serving(interrupts, (), (), {}), contenders, "/", {}, quick=True, step_s=0.1, rounds=1)
        one.play(lambda text: None, lambda: None, lambda: 1.0)
    found = {s.name: s for s in one.found()}
    assert found["slow-client"].trials[0].suffers and "it failed: prefork ended" in found["slow-client"].verdict


@pytest.mark.parametrize(
    ("name", "own_figures", "best", "said"),
    [
        ("sleep", {"rate": 90.0}, {"rate": 6000.0}, "90/s, 0.01 of the best: that is 0.9 handlers"),
        ("sleep", {"rate": 3000.0}, {"rate": 6000.0}, ""),
        ("burn", {"rate": 500.0, "cpu_s_per_request": 0.002}, {"rate": 1000.0}, "2.0 ms of CPU a request"),
        ("burn", {"rate": 990.0, "p50_ns": 1e7, "p99_ns": 1e8}, {"rate": 1000.0}, "unfair: its p99 (100 ms) is 10.0 x"),
        ("burn", {"rate": 990.0, "p50_ns": 1e7, "p99_ns": 3e7}, {"rate": 1000.0}, ""),
        ("stream", {"rate": 400.0, "cpu_s_per_request": 2e-4}, {"rate": 1000.0, "cpu_s_per_request": 1e-4},
         "costs it 200 us of CPU, where 100 are possible"),
        ("slow-client", {"share": 0.0}, {}, "others were not answered: slow clients hold 1 worker of one thread"),
        ("idle-connections", {"share": 0.5}, {}, "answered at 0.50 of the rate without idle connections"),
        ("idle-connections", {"share": 0.7}, {}, ""),
        ("worker-killed", {"gone": 1.0}, {}, "it was gone for good"),
        ("worker-killed", {"gone": 0.0, "failed": 17.0, "outage_s": 0.1}, {}, "17 requests failed"),
        ("worker-killed", {"gone": 0.0, "failed": 16.0, "outage_s": 0.5}, {}, ""),
        ("worker-killed", {"gone": 0.0, "failed": 0.0, "outage_s": 0.6}, {}, "waited up to 0.60 s"),
        ("reload", {"gone": 1.0}, {}, "it was gone after SIGHUP"),
        ("reload", {"gone": 0.0, "failed": 1.0, "outage_s": 0.1}, {}, "1 requests failed while workers were replaced"),
        ("reload", {"gone": 0.0, "failed": 0.0, "outage_s": 0.1}, {}, ""),
    ],
)  # fmt: skip
def test_rules(name: str, own_figures: dict[str, float], best: dict[str, float], said: str) -> None:
    why = RULES[name](ONE, own_figures, {"x": own_figures, "best": {**own_figures, **best}})
    assert said in why and bool(why) == bool(said)
