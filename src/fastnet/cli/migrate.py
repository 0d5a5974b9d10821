"""The command `fastnet migrate`: a command line of gunicorn or uvicorn, in our words.

What has an equal is printed on standard output, as one command that can be copied. What has none, or another meaning,
is said on standard error.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

_GUNICORN_SHORT = {"-w": "--workers", "-b": "--bind", "-k": "--worker-class", "-t": "--timeout", "-u": "--user",
                   "-g": "--group", "-m": "--umask", "-c": "--config", "-D": "--daemon", "-p": "--pid"}  # fmt: skip
# Our names of theirs, for options whose value means the same here; the others with a value are in _Reader._option().
_GUNICORN = {
    "--workers": "--workers",
    "--threads": "--threads",
    "--backlog": "--backlog",
    "--graceful-timeout": "--drain-timeout",
    "--keep-alive": "--keepalive-timeout",
    "--max-requests": "--max-requests",
    "--max-requests-jitter": "--max-requests-jitter",
    "--worker-connections": "--max-connections",
    "--limit-request-line": "--max-request-line",
    "--limit-request-fields": "--max-headers",
    "--chdir": "--app-dir",
    "--user": "--user",
    "--group": "--group",
    "--umask": "--umask",
    "--log-level": "--log-level",
    "--forwarded-allow-ips": "--trusted-proxies",
    "--certfile": "--tls-cert",
    "--keyfile": "--tls-key",
    "--ca-certs": "--tls-client-ca",
    "--ciphers": "--tls-ciphers",
}
_UVICORN = {
    "--workers": "--workers",
    "--backlog": "--backlog",
    "--loop": "--loop",
    "--root-path": "--root-path",
    "--app-dir": "--app-dir",
    "--log-level": "--log-level",
    "--limit-max-requests": "--max-requests",
    "--limit-concurrency": "--max-connections",
    "--timeout-keep-alive": "--keepalive-timeout",
    "--timeout-graceful-shutdown": "--drain-timeout",
    "--forwarded-allow-ips": "--trusted-proxies",
    "--h11-max-incomplete-event-size": "--max-header-bytes",
    "--ssl-certfile": "--tls-cert",
    "--ssl-keyfile": "--tls-key",
    "--ssl-ca-certs": "--tls-client-ca",
    "--ssl-ciphers": "--tls-ciphers",
}
# Those without a value: a name; "" where nothing is needed, since it is so anyway; a note where there is none.
_FLAGS = {
    "--reuse-port": "--reuse-port",
    "--factory": "--factory",
    "--preload": "",
    "--no-server-header": "",
    "--proxy-headers": "",
    "--no-access-log": "",
    "--access-log": "--access-log=combined",
    "--daemon": "run it under a service manager, such as systemd",
    "--reload": "there is no watching of files; send SIGHUP",
}
# The values of --worker-class.
_MODELS = {"sync": "prefork", "gthread": "threaded", "uvicorn.workers.UvicornWorker": "async", "gevent": "threaded",
           "eventlet": "threaded", "tornado": "async"}  # fmt: skip


@dataclass
class Migrated:
    """`command` is ours, `notes` what a person should know."""

    command: list[str]
    notes: list[str]


def migrate(line: Sequence[str]) -> Migrated:
    """Our command for one of gunicorn or uvicorn. Raises click.UsageError for another program's."""
    words = list(line)
    if words[:2] in (["python", "-m"], ["python3", "-m"]):
        del words[:2]
    program = words.pop(0).rpartition("/")[2] if words else ""
    if program not in ("gunicorn", "uvicorn"):
        raise click.UsageError(f"{program or 'nothing'!r} given, expected a command line of gunicorn or uvicorn")
    reader = _Reader(_GUNICORN if program == "gunicorn" else _UVICORN, program == "gunicorn")
    while words:
        reader.take(words)
    return reader.result()


class _Reader:
    def __init__(self, names: dict[str, str], gunicorn: bool) -> None:
        self._names, self._gunicorn = names, gunicorn
        self._options: list[str] = []
        self._notes: list[str] = []
        self._target = ""
        self._host, self._port = "127.0.0.1", "8000"
        self._moved = self._encrypted = False

    def take(self, words: list[str]) -> None:
        """One option with its value, or the application."""
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            self._target = word if ":" in word else f"{word}:application" if self._gunicorn else word
            return
        if self._gunicorn and not word.startswith("--") and word[:2] in _GUNICORN_SHORT:
            name, value = _GUNICORN_SHORT[word[:2]], word[2:].removeprefix("=")
            equals = value
        if name in _FLAGS:
            self._flag(name)
            return
        if not equals and words and (words[0] == "-" or not words[0].startswith("-")):
            value = words.pop(0)
        self._option(name, value)

    def _flag(self, name: str) -> None:
        ours = _FLAGS[name]
        if ours.startswith("--"):
            self._options.append(ours)
        elif ours:
            self._notes.append(f"{name}: {ours}")

    def _option(self, name: str, value: str) -> None:
        special: dict[str, Callable[[str], None]] = {
            "--bind": self._bind,
            "--worker-class": self._worker_class,
            "--host": self._set_host,
            "--port": self._set_port,
            "--uds": lambda path: self._bind(f"unix:{path}"),
            "--fd": lambda number: self._bind(f"fd://{number}"),
            "--access-logfile": self._access_log,
            "--timeout": self._timeout,
            "--interface": lambda kind: self._options.extend(["--interface", {"asgi3": "asgi"}.get(kind, kind)]),
        }
        if name in special:
            special[name](value)
        elif name in self._names:
            self._encrypted = self._encrypted or self._names[name] == "--tls-cert"
            self._options += [self._names[name], value]
        else:
            self._notes.append(f"{name}{' ' * bool(value)}{value}: nothing here is like it; see docs/operations.md")

    def _bind(self, value: str) -> None:
        self._moved = True
        if ":" not in value:
            value += ":8000"
        self._options += ["--bind", value]

    def _set_host(self, value: str) -> None:
        self._host = f"[{value}]" if ":" in value else value

    def _set_port(self, value: str) -> None:
        self._port = value

    def _worker_class(self, value: str) -> None:
        model = _MODELS.get(value)
        if model is None:
            self._notes.append(f"--worker-class {value}: choose a --model; `fastnet compare` finds out which suits")
        else:
            self._options += ["--model", model]
            if value in ("gevent", "eventlet"):
                self._notes.append(f"--worker-class {value}: threads serve instead of greenlets; see --threads")

    def _access_log(self, value: str) -> None:
        self._options += ["--access-log", "combined", "--access-log-file", value]

    def _timeout(self, value: str) -> None:
        self._options += ["--request-timeout", value]
        self._notes.append("--timeout: here it bounds each request, under every model, rather than a worker's silence")

    def result(self) -> Migrated:
        if not self._gunicorn and not self._moved:
            self._options += ["--bind", f"{self._host}:{self._port}"]
        if self._encrypted:
            at = [i + 1 for i, option in enumerate(self._options) if option == "--bind"]
            for i in at:
                if not self._options[i].startswith(("unix:", "fd:")):
                    self._options[i] = f"tls://{self._options[i]}"
            if not at:
                self._options += ["--bind", "tls://127.0.0.1:8000"]
        if not self._target:
            self._notes.append("no application is named: put it behind `serve`, as MODULE:ATTRIBUTE")
        return Migrated(["fastnet", "serve", *filter(None, [self._target]), *self._options], self._notes)


@click.command("migrate", context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("line", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND LINE")
def migrate_command(line: tuple[str, ...]) -> None:
    """Print what a command line of gunicorn or uvicorn is here.

    fastnet migrate gunicorn -w 4 -b :8000 site.wsgi
    """
    found = migrate(line)
    for note in found.notes:
        click.echo(f"fastnet: {note}", err=True)
    click.echo(shlex.join(found.command))
