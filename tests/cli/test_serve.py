"""`fastnet serve` with a file, the environment and --check."""

import sys
from pathlib import Path

import pytest

from tests.servers.serving import Server, run_to_end

APP = """
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [environ["SCRIPT_NAME"].encode()]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site_app.py").write_text(APP)
    return tmp_path


def test_a_file_is_enough_and_the_command_line_comes_first(site: Path) -> None:
    (site / "fastnet.toml").write_text('target = "site_app:app"\nworkers = 1\nroot-path = "/file"\n')
    command = [sys.executable, "-m", "fastnet", "serve", "--bind", "127.0.0.1:0", "--root-path", "/line"]
    with Server("", cwd=site, command=command, env={"FASTNET_LOG_LEVEL": "debug"}) as server:
        assert server.get("/line/x") == b"/line"
        server.wait_for_log(" DEBUG ")
        server.wait_for_log("1 worker")


@pytest.mark.parametrize(
    "text, message",
    [
        ("workers = 4\nmodel = 'fork'\n", "line 2: model: 'fork' given, expected one of prefork, threaded, async"),
        ("workers = '4'\n", "line 1: workers: '4' given, expected an integer from 0 to 1024"),
        ("bind = [1]\n", "line 1: bind: (1,) given, expected a string or a list of them"),
        ("root_path = 'x'\n", "line 1: root_path: 'x' given, expected a path that begins, and does not end, with /"),
        ("wokers = 4\n", "line 1: wokers: there is no such option; did you mean workers?"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line_and_status_2(site: Path, text: str, message: str) -> None:
    (site / "fastnet.toml").write_text(text)
    run = run_to_end("serve", "site_app:app", cwd=site)
    assert (run.returncode, run.stderr) == (2, f"fastnet: fastnet.toml, {message}\n")


def test_a_wrong_option_beside_a_file_is_that_of_the_command_line(site: Path) -> None:
    (site / "mine.toml").write_text("workers = 1\n")
    run = run_to_end("serve", "site_app:app", "--config", "mine.toml", "--model", "x", cwd=site)
    assert (run.returncode, run.stderr.startswith("fastnet: --model: 'x' given, expected one of")) == (2, True)


def test_check_loads_everything_and_serves_nothing(site: Path) -> None:
    run = run_to_end("serve", "site_app:app", "--check", "--workers", "3", cwd=site)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "fastnet: all is well: site_app:app (wsgi) at 127.0.0.1:8000, prefork, 3 workers\n"


def test_check_says_what_is_wrong_with_the_application(site: Path) -> None:
    (site / "site_app.py").write_text("import no_such_module\n")
    run = run_to_end("serve", "site_app:app", "--check", cwd=site)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("fastnet: importing 'site_app' failed: ModuleNotFoundError")
