"""The page of one run, in a real browser."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from fastnet.bench import Spec, run
from fastnet.bench.result import Result
from fastnet.bench.run_report import run_report
from tests.bench.browser import Browser
from tests.bench.servers import HELLO, serving


@pytest.fixture(scope="module")
def result() -> Result:
    with serving(lambda n: [HELLO if n % 10 else HELLO.replace(b"200", b"503")]) as server:
        return run(Spec(urls=(server.url,), rate=500, duration_s=0.6, connections=4))


def test_verdict_curves_and_errors(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    path.write_text(run_report(result))
    with Browser() as browser:
        page = browser.open(path, width=360)
        assert page.errors == [] and page.value("document.documentElement.scrollWidth") == 360
        assert page.value("document.querySelector('h1').innerText").startswith(f"{result.rate:,.0f} requests a second")
        warnings = page.value("document.querySelector('.warning').innerText")
        assert f"{result.errors['status']} × status: status 503" in warnings
        assert page.value("document.querySelectorAll('figure.chart')[0].querySelectorAll('path.line').length") == 2
        assert page.value("document.querySelectorAll('figure.chart').length") == 2
        median = page.value("document.querySelector('tbody').rows[0].innerText")
        assert median.startswith("50%")
        data = page.value("document.getElementById('data').textContent")
        assert Result.from_json(data).requests == result.requests


def test_a_run_without_answers(result: Result) -> None:
    empty = type(result.raw)()
    nothing = dataclasses.replace(result, raw=empty, corrected=empty, moments=(), ended_early="no connection for 3 s")
    text = run_report(nothing)
    assert "No request was answered." in text and "no connection for 3 s" in text and "<figure" not in text
