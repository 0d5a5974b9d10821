"""Tracing real servers under every model, both interfaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastnet.bench.processes import ServerFailed
from fastnet.bench.trace import MODELS, Options, Traced, Way, slowest_step, trace
from fastnet.errors import ConfigError

APPS = str(Path(__file__).parents[1] / "servers")


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_every_model(interface: str) -> None:
    found = trace(Options(target=f"wire_apps:{interface}", app_dir=APPS, path="/slow", requests=3))
    assert [one.model for one in found.models] == list(MODELS)
    for one in found.models:
        assert len(one.ways) == 3 and all(way.status == 200 for way in one.ways)
        for way in one.ways:
            steps = way.steps()
            assert [start for _, start, _ in steps] == [way.at["sent"], *(end for _, _, end in steps[:-1])]
            # The application sleeps for 0.2 s, and that is most of it.
            name, start, end = max(steps, key=lambda step: step[2] - step[1])
            assert name == "application answers" and end - start > 190e6
            assert way.whole_ns > end - start and way.at["accepted"] < way.at["first_byte"] <= way.at["head_parsed"]
        times = sorted(way.whole_ns for way in one.ways)
        assert one.typical.whole_ns == times[1]
    assert "application answers" in slowest_step(found.models)
    values = json.loads(found.to_json())
    assert values["schema"] == "fastnet-trace" and len(values["models"][0]["ways"]) == 3


def test_requests_as_asked_for() -> None:
    options = Options(
        target="wire_apps:wsgi", app_dir=APPS, models=("prefork",), path="/echo", method="POST", requests=1
    )
    found = trace(Options(**{**_fields(options), "body": b"hello", "headers": ("X-A: b",)}))
    assert found.request == "POST /echo" and found.models[0].ways[0].body_bytes == 5


def _fields(options: Options) -> dict[str, object]:
    return {name: getattr(options, name) for name in Options.__slots__}


def test_steps_stand_in_the_order_in_which_they_happened() -> None:
    at = {"sent": 0, "accepted": 5, "app_called": 9, "first_byte_out": 11, "last_byte_out": 11, "app_returned": 20}
    way = Way(200, 0, {**at, "received": 15})
    assert way.steps() == [
        ("connection accepted", 0, 5),
        ("application called", 5, 9),
        ("first byte out", 9, 11),
        ("application is done", 11, 20),
    ]
    assert Traced("prefork", (), (way,)).typical is way


@pytest.mark.parametrize(
    ("field", "value"),
    [("models", ("fork",)), ("requests", 0), ("requests", 10001), ("path", "a"), ("path", "/ b"), ("headers", ("x",))],
)
def test_options_that_cannot_be(field: str, value: object) -> None:
    with pytest.raises(ConfigError):
        Options(**{"target": "a:b", field: value})  # type: ignore[arg-type]


def test_a_target_that_does_not_load() -> None:
    with pytest.raises(ServerFailed) as error:
        trace(Options(target="no_such_module:app", app_dir=APPS, models=("prefork",)))
    assert "no_such_module" in error.value.log
