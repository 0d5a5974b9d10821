"""`fastnet compare` as people run it: with real frameworks and peers, interrupted, and with what it cannot do."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fastnet.bench.comparison import Comparison
from tests.servers.serving import PATIENCE_S, until

EXAMPLES = str(Path(__file__).parents[2] / "examples")
COMMAND = [sys.executable, "-m", "fastnet", "compare"]
MANY = ("--models", "prefork", "--workers", "1", "--quick", "--rounds", "100", "--step", "0.05")
SHORT = ("--quick", "--rounds", "1", "--step", "0.05", "--workers", "1")


def compared(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, *arguments, "--app-dir", EXAMPLES]
    return subprocess.run(command, capture_output=True, text=True, timeout=3 * PATIENCE_S, cwd=cwd)


@pytest.mark.parametrize(
    ("target", "models", "peers"),
    [
        ("flask_app:app", "prefork", "gunicorn-gthread,granian,waitress"),
        ("fastapi_app:app", "async", "uvicorn,granian,hypercorn"),
        ("django_app:wsgi", "threaded", "gunicorn,granian,waitress"),
    ],
)
def test_frameworks_beside_peers(target: str, models: str, peers: str, tmp_path: Path) -> None:
    arguments = ("--models", models, "--against", peers, *SHORT, "--no-scenarios", "--json", "a.json", "--csv", "a.csv")
    done = compared(target, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = Comparison.from_json((tmp_path / "a.json").read_text())
    everybody = [*models.split(","), *peers.split(",")]
    assert [m.contender for m in found.results] == everybody and not found.absent
    assert all(m.peak_rate and m.peak_rate.median > 0 for m in found.results)
    assert not any(t.errors for m in found.results for t in m.throughput)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"fastnet compare {target} --models") and "written    a.json" in lines
    assert any(line.startswith("* For this handler: ") for line in lines)
    assert {name for name in everybody for line in lines if line.startswith(f"{name} ")} == set(everybody)
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert {row["contender"] for row in rows} == set(everybody) and all(float(row["median"]) >= 0 for row in rows
                                                                        if row["kind"] == "throughput")  # fmt: skip


def test_ctrl_c_leaves_no_process_and_keeps_what_was_measured(tmp_path: Path) -> None:
    command = [*COMMAND, "wsgi_app:app", "--app-dir", EXAMPLES, *MANY, "--json", "a"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        own = psutil.Process(process.pid)
        until(lambda: served(own), "a server")
        first = served(own)
        # The second server is there, so the first has been measured.
        until(lambda: (now := served(own)) and not set(now) & set(first), "another server")
        children = own.children(recursive=True)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130 and err == "" and "ENDED EARLY: interrupted" in out
    until(lambda: not any(child.is_running() for child in children), "its processes to be gone")
    found = json.loads((tmp_path / "a").read_text())
    assert found["ended_early"] == "interrupted" and found["results"][0]["throughput"]


def served(process: psutil.Process) -> list[int]:
    return [p.pid for p in process.children() if p.status() != psutil.STATUS_ZOMBIE and "serve" in p.cmdline()]


@pytest.mark.parametrize("delay_s", [0.0, 0.15, 0.4, 0.7])
def test_an_interrupt_at_any_moment_leaves_no_process(delay_s: float, tmp_path: Path) -> None:
    command = [*COMMAND, "wsgi_app:app", "--app-dir", EXAMPLES, *SHORT, "--json", "a"]
    marked = {**os.environ, "FASTNET_TEST_MARK": str(tmp_path)}
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=marked, stderr=subprocess.DEVNULL)
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) in (130, -signal.SIGINT)
    until(lambda: not marked_processes(str(tmp_path)), "everything to be gone")


def marked_processes(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("FASTNET_TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("app",), "TARGET: 'app' given, expected MODULE:ATTRIBUTE"),
        (("wsgi_app:app", "--against", "apache"), "--against: 'apache' given, expected some of gunicorn, "),
        (("wsgi_app:app", "--models", "fork"), "--models: 'fork' given, expected some of prefork, threaded, async"),
        (("wsgi_app:app", "--models", ""), "--models: '' given, expected some of prefork"),
        (("wsgi_app:app", "--workers", "2,x"), "--workers: 'x' given, expected whole numbers"),
        (("wsgi_app:app", "--threads", "0"), "--threads: 0 given, expected numbers from 1 to 256"),
        (("wsgi_app:app", "--rounds", "0"), "--rounds: 0 given, expected 1 to 100"),
        (("wsgi_app:app", "--rounds", "few"), "--rounds: 'few' given, expected a whole number"),
        (("wsgi_app:app", "--step", "0"), "--step: 0.0 given, expected 0.05 to 3600 s"),
        (("wsgi_app:app", "--path", "x"), "--path: 'x' given, expected the path of a URL"),
        (("wsgi_app:app", "--json", "no/such"), "--json: 'no/such' given, expected a file that can be written (No"),
        (("wsgi_app:app", "--csv", "."), "--csv: '.' given, expected a file that can be written (Is a directory)"),
        ((), "Missing argument 'TARGET...'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = compared(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith(f"fastnet: {said}") and not list(tmp_path.iterdir())


def test_targets_and_servers_that_fail_are_one_line_each(tmp_path: Path) -> None:
    done = compared("no_such_app:app", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("fastnet: cannot load 'no_such_app:app': cannot import")
    assert done.stderr.count("\n") == 1
    done = compared("wsgi_app:app", "--models", "prefork", "--path", "/", "--quiet", *SHORT, "--no-scenarios",
                    cwd=tmp_path)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = compared("flask_app:app", "--models", "prefork", "--path", "/no", *SHORT, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr == "fastnet: prefork failed: it answered 404 to GET /no; say --path\n"


def test_peers_are_listed(tmp_path: Path) -> None:
    done = compared("wsgi_app:app", "--against", "list", cwd=tmp_path)
    assert done.returncode == 0 and "uvicorn           ASGI\n" in done.stdout and "WSGI and ASGI" in done.stdout
