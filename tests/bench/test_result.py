"""Results go to the documented JSON and come back."""

import dataclasses
import json

import pytest

from fastnet.bench import Result, Spec, run
from fastnet.errors import ProtocolError
from tests.bench.servers import serving


@pytest.fixture(scope="module")
def measured() -> Result:
    with serving() as server:
        return run(Spec(urls=(server.url,), duration_s=0.5, rate=500, connections=8))


def test_there_and_back(measured: Result) -> None:
    back = Result.from_json(measured.to_json())
    assert dataclasses.replace(back, answers_by_connection=measured.answers_by_connection, spec={}) == (
        dataclasses.replace(measured, spec={})
    )
    assert back.spec["rate"] == 500 and back.latency == measured.corrected


def test_what_the_json_says(measured: Result) -> None:
    values = json.loads(measured.to_json())
    assert (values["schema"], values["version"], values["failed"]) == ("fastnet-bench", 1, False)
    assert values["requests"]["answered"] == values["raw"]["count"] == values["corrected"]["count"] == 250
    assert values["raw"]["percentiles_ns"]["100"] == measured.raw.max
    assert sum(moment["answered"] for moment in values["moments"]) <= 250
    assert values["answers_by_connection"]["least"] <= values["answers_by_connection"]["most"]


def test_failing(measured: Result) -> None:
    assert not measured.failed
    assert dataclasses.replace(measured, errors={"status": 1}).failed
    assert dataclasses.replace(measured, ended_early="gone").failed
    assert not dataclasses.replace(measured, ended_early="interrupted").failed
    assert dataclasses.replace(measured, mode="closed").latency == measured.raw


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a report"),
        ("[]", "not a report"),
        ('{"schema": "other"}', "not a report"),
        ('{"schema": "fastnet-bench", "version": 2}', "version 2, where 1 is known"),
        ('{"schema": "fastnet-bench", "version": 1}', "not a report"),
    ],
)
def test_other_texts(text: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        Result.from_json(text)


def test_a_damaged_report(measured: Result) -> None:
    values = json.loads(measured.to_json())
    for name in ("raw", "requests", "generator", "moments"):
        with pytest.raises(ProtocolError):
            Result.from_json(json.dumps({**values, name: {"hdr": "AAAA"}}))
