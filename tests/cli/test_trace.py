"""`fastnet trace` as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

APPS = Path(__file__).parents[1] / "servers"


def trace(*arguments: str, cwd: Path = APPS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastnet", "trace", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd)


def test_text_page_and_json(tmp_path: Path) -> None:
    files = ("--html", str(tmp_path / "a.html"), "--json", str(tmp_path / "a.json"))
    done = trace("wire_apps:wsgi", "--model", "threaded", "-n", "3", "--body", "hi", "--path", "/echo", *files)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "wire_apps:wsgi  POST /echo" and lines[3].startswith("threaded ")
    assert "application answers" in done.stdout and "median of 3" in done.stdout
    assert json.loads((tmp_path / "a.json").read_text())["models"][0]["ways"][0]["body_bytes"] == 2
    assert "A request takes" in (tmp_path / "a.html").read_text()


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments, status, said in (
        (("wire_apps:wsgi", "--model", "fork"), 2, "--model: 'fork' given, expected one of prefork, threaded, async"),
        (("wire_apps:wsgi", "-n", "x"), 2, "--requests: 'x' given, expected an integer"),
        (("wire_apps:wsgi", "--html", str(tmp_path / "no" / "a")), 2, "a file that can be written"),
        (("no_such:app", "--model", "prefork"), 1, "prefork ended with 1"),
    ):
        done = trace(*arguments)
        assert done.returncode == status and said in done.stderr.splitlines()[-1], done.stderr
        assert done.stderr.splitlines()[-1].startswith("fastnet: ")
