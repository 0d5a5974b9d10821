"""Command lines of others, in our words; each of ours must be one that Config takes."""

import shlex
from pathlib import Path

import click
import pytest

from fastnet.cli.migrate import migrate
from fastnet.cli.serve import values_of
from fastnet.servers.config import Config, options
from tests.servers.serving import run_to_end


@pytest.mark.parametrize(
    "theirs, ours",
    [
        ("gunicorn site.wsgi", "site.wsgi:application"),
        ("gunicorn -w 4 -b :8000 -k gthread --threads 8 a:app",
         "a:app --workers 4 --bind :8000 --model threaded --threads 8"),
        ("gunicorn -w4 -b0.0.0.0 a:app", "a:app --workers 4 --bind 0.0.0.0:8000"),
        ("/usr/bin/gunicorn --bind=unix:/run/a.sock --max-requests 1000 --max-requests-jitter=50 a:app",
         "a:app --bind unix:/run/a.sock --max-requests 1000 --max-requests-jitter 50"),
        ("gunicorn --access-logfile - --forwarded-allow-ips 10.0.0.1 --preload a:app",
         "a:app --access-log combined --access-log-file - --trusted-proxies 10.0.0.1"),
        ("gunicorn -k uvicorn.workers.UvicornWorker a:app", "a:app --model async"),
        ("uvicorn a:app", "a:app --bind 127.0.0.1:8000"),
        ("python -m uvicorn a:app --host :: --port 80 --workers 2 --proxy-headers",
         "a:app --workers 2 --bind '[::]:80'"),
        ("uvicorn --factory a:make --uds /run/a.sock --root-path /x --timeout-keep-alive 5",
         "a:make --factory --bind unix:/run/a.sock --root-path /x --keepalive-timeout 5"),
    ],
)  # fmt: skip
def test_a_command_line_becomes_ours(theirs: str, ours: str) -> None:
    found = migrate(shlex.split(theirs))
    assert shlex.join(found.command) == f"fastnet serve {ours}" and found.notes == []
    target, *rest = found.command[2:]
    known, given = dict(options()), {}
    while rest:
        name = rest.pop(0).removeprefix("--").replace("-", "_")
        given[name] = True if known[name].kind is bool else [rest.pop(0)] if known[name].many else rest.pop(0)
    Config(target=target, **values_of(given))


def test_encrypted_binds() -> None:
    found = migrate(shlex.split("uvicorn a:app --ssl-certfile c.pem --ssl-keyfile k.pem --port 443"))
    ours = "fastnet serve a:app --tls-cert c.pem --tls-key k.pem --bind tls://127.0.0.1:443"
    assert shlex.join(found.command) == ours


@pytest.mark.parametrize(
    "theirs, note",
    [
        ("gunicorn a:app --reload", "--reload: there is no watching of files; send SIGHUP"),
        ("gunicorn -D a:app", "--daemon: run it under a service manager, such as systemd"),
        ("gunicorn -c conf.py a:app", "--config conf.py: nothing here is like it; see docs/operations.md"),
        ("gunicorn -k mine.Worker a:app", "--worker-class mine.Worker: choose a --model"),
        ("gunicorn -k gevent a:app", "--worker-class gevent: threads serve instead of greenlets"),
        ("gunicorn -t 30 a:app", "--timeout: here it bounds each request"),
        ("gunicorn -w 2", "no application is named"),
    ],
)
def test_what_has_no_equal_is_said(theirs: str, note: str) -> None:
    (said,) = migrate(shlex.split(theirs)).notes
    assert said.startswith(note)


@pytest.mark.parametrize("theirs", ["", "apache2 -k start"])
def test_other_programs_are_refused(theirs: str) -> None:
    with pytest.raises(click.UsageError, match="expected a command line of gunicorn or uvicorn"):
        migrate(shlex.split(theirs))


def test_the_command_prints_what_can_be_copied(tmp_path: Path) -> None:
    run = run_to_end("migrate", "gunicorn", "-w", "2", "--reload", "a:app", cwd=tmp_path)
    assert run.stdout == "fastnet serve a:app --workers 2\n"
    assert run.stderr == "fastnet: --reload: there is no watching of files; send SIGHUP\n"
