"""compare(): who takes part, what is measured, what is kept when it ends early, and that nothing is left behind."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from fastnet.bench.compare import Options, compare
from fastnet.bench.comparison import Comparison
from fastnet.bench.histogram import Histogram
from fastnet.errors import ConfigError, FastnetError

EXAMPLES = str(Path(__file__).parents[2] / "examples")


def options(*targets: str, **more: object) -> Options:
    given = {"app_dir": EXAMPLES, "quick": True, "rounds": 2, "step_s": 0.1, "scenarios": False, "workers": (1,)} | more
    return Options(targets=targets, **given)  # type: ignore[arg-type]


def nothing_left() -> bool:
    return not [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_two_models_and_two_workers() -> None:
    said: list[str] = []
    found = compare(options("wsgi_app:app", models=("prefork", "async"), workers=(2,)), said.append)
    assert nothing_left() and Comparison.from_json(found.to_json()) == found
    assert [m.contender for m in found.results] == ["prefork 2w", "async 2w"] and not found.absent
    assert said[0] == "loading wsgi_app:app" and "round 2 of 2: prefork 2w" in said
    for one in found.results:
        assert [t.connections for t in one.throughput] == [1, 16, 64] and not any(t.errors for t in one.throughput)
        assert all(len(t.rate.samples) == 2 and t.rate.median > 0 for t in one.throughput)
        assert one.latency and Histogram.decode(one.latency[0].hdr).total > 0
        assert one.latency[0].offered_rate == found.results[0].latency[0].offered_rate
        assert one.peak_rate and one.peak_rate.median == max(t.rate.median for t in one.throughput)
        assert one.startup_s and one.startup_s.median > 0 and one.context_switches and one.rate_per_cpu_s
        assert one.pss_bytes and one.pss_worker_bytes and 1e6 < one.pss_worker_bytes.median < one.pss_bytes.median
        assert one.idle_connection_bytes and one.idle_cpu_share and one.idle_cpu_share.median < 0.5
        assert len(one.requests_by_worker) == 2 and one.worker_skew and 1 <= one.worker_skew.median <= 2
    assert {f.kind for f in found.findings} >= {"best", "memory", "noise"}
    assert len(found.noise.calibrations_s) == min(len(os.sched_getaffinity(0)), 2) and not found.ended_early


def test_targets_are_told_apart() -> None:
    found = compare(options("wsgi_app:app", "asgi_app:app", models=("prefork",), against=("uvicorn",), rounds=1))
    assert [m.contender for m in found.results] == [
        *("wsgi_app:app prefork", "asgi_app:app prefork", "asgi_app:app uvicorn"),
    ]
    assert [(a.name, a.target, a.reason) for a in found.absent] == [
        ("uvicorn", "wsgi_app:app", "it serves ASGI only, and this is WSGI")
    ]
    assert {f.target for f in found.findings if f.kind == "best"} == {"wsgi_app:app", "asgi_app:app"}


def test_a_contender_that_fails_is_out_and_the_others_go_on(tmp_path: Path) -> None:
    code = "import sys\nassert 'gunicorn' not in sys.modules, 'not under gunicorn'\nfrom wsgi_app import app\n"
    (tmp_path / "picky.py").write_text(code + f"import sys; sys.path.insert(0, {EXAMPLES!r})\n")
    (tmp_path / "wsgi_app.py").write_text((Path(EXAMPLES) / "wsgi_app.py").read_text())
    found = compare(options("picky:app", app_dir=str(tmp_path), models=("prefork",), against=("gunicorn",), rounds=1))
    assert [m.contender for m in found.results] == ["prefork"]
    assert [a.name for a in found.absent] == ["gunicorn"] and found.absent[0].is_failure
    assert found.absent[0].reason.startswith("gunicorn ended with ") and nothing_left()


def test_what_a_contender_did_before_it_failed_stays(tmp_path: Path) -> None:
    """It serves once; the second of its servers does not start."""
    code = "import pathlib\npathlib.Path(__file__).with_name('served').open('x')\nfrom wsgi_app import app\n"
    (tmp_path / "once.py").write_text(code)
    (tmp_path / "wsgi_app.py").write_text((Path(EXAMPLES) / "wsgi_app.py").read_text())

    def say(text: str) -> None:
        if text.startswith("round 1"):
            (tmp_path / "served").unlink()  # it was loaded once to find out what it is

    found = compare(options("once:app", app_dir=str(tmp_path), models=("prefork",)), say)
    assert found.results[0].throughput[0].rate.samples and len(found.absent) == 1
    assert found.absent[0].is_failure and "File exists" in found.absent[0].reason


def test_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastnet.bench.compare.QUICK_S", 4.0)
    found = compare(options("wsgi_app:app", rounds=None, step_s=None, scenarios=True))
    assert found.results and found.notes[-1].startswith("Left out for want of time, for some: ")
    assert "scenario worker-killed" in found.notes[-1] and not found.ended_early


def test_architectures_by_name() -> None:
    found = compare(options("wsgi_app:app", models=(), architectures=("thread per connection", "iterative"), rounds=1))
    assert [c.name for c in found.contenders] == ["thread per connection"]
    assert [a.name for a in found.absent if not a.is_failure] == ["iterative"]


def test_a_wrong_path_fails_everybody() -> None:
    found = compare(options("flask_app:app", models=("prefork",), path="/nowhere"))
    assert not found.results and "it answered 404 to GET /nowhere; say --path" in found.absent[0].reason


@pytest.mark.parametrize(
    ("rounds", "at"), [(1, "round 1 of 1: async"), (2, "round 2 of 2: prefork"), (1, "scenario burn: prefork")]
)
def test_an_interrupt_keeps_what_was_measured(rounds: int, at: str) -> None:
    def say(text: str) -> None:
        if text == at:
            os.kill(os.getpid(), signal.SIGINT)

    found = compare(options("wsgi_app:app", models=("prefork", "async"), rounds=rounds, scenarios=True), say)
    assert found.ended_early == "interrupted" and nothing_left()
    assert [m.contender for m in found.results][:1] == ["prefork"]
    assert bool(found.scenarios) == at.startswith("scenario")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_before_anything_was_measured_is_one() -> None:
    with pytest.raises(KeyboardInterrupt):
        compare(options("wsgi_app:app"), lambda text: os.kill(os.getpid(), signal.SIGTERM))


def test_nobody_to_measure() -> None:
    with pytest.raises(FastnetError, match="nobody to measure: uvicorn: it serves ASGI only"):
        compare(options("wsgi_app:app", models=(), against=("uvicorn",)))


@pytest.mark.parametrize(
    ("given", "option", "expected"),
    [
        ({"targets": ()}, "target", "one MODULE:ATTRIBUTE or more"),
        ({"against": ("apache",)}, "against", "some of gunicorn"),
        ({"models": ("fork",)}, "models", "some of prefork"),
        ({"architectures": ("fork",)}, "architectures", "some of iterative, fork per connection"),
        ({"models": ()}, "models", "peers with --against"),
        ({"workers": (0,)}, "workers", "1 to 256"),
        ({"workers": (1, 257)}, "workers", "1 to 256"),
        ({"threads": (-1,)}, "threads", "1 to 256"),
        ({"rounds": 0}, "rounds", "1 to 100"),
        ({"rounds": 101}, "rounds", "1 to 100"),
        ({"step_s": 0.0}, "step", "0.05 to 3600 s"),
        ({"step_s": float("nan")}, "step", "0.05 to 3600 s"),
        ({"step_s": 3601.0}, "step", "0.05 to 3600 s"),
        ({"path": "here"}, "path", "the path of a URL"),
        ({"path": "/a b"}, "path", "the path of a URL"),
        ({"app_dir": "/nowhere"}, "app_dir", "an existing directory"),
    ],
)
def test_impossible_options(given: dict[str, object], option: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as refused:
        Options(**{"targets": ("m:app",), **given})  # type: ignore[arg-type]
    assert refused.value.option == option
    Options(targets=("m:app",), workers=(1, 256), rounds=100, step_s=0.05, path="/a?b=%20")
