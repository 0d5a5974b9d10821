"""Who is compared: a target under fastnet's models, and under peers, with the command line of each.

Peers run with their defaults but for what would make the comparison unfair to them or to others: access logs are off,
and workers and threads are those that were asked for.
"""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastnet.bench.comparison import Absent, Contender
from fastnet.errors import ConfigError, FastnetError
from fastnet.servers.architectures import ARCHITECTURES

MODELS = ("prefork", "threaded", "async")
INTERFACES = ("wsgi", "asgi")
PORT = "PORT"  # in a command line: where the port goes
LOAD_TIMEOUT_S = 60.0

# Architectures that cannot be measured beside others.
_UNFIT = {
    "iterative": "it serves one connection until that ends, and others wait",
    "socket activation": "it is prefork, with a socket that somebody else has made",
}

Command = Callable[[str, str, int, int], list[str]]


@dataclass(frozen=True)
class Peer:
    """`command(target, interface, workers, threads)` is what follows `python -m module`."""

    module: str
    interfaces: tuple[str, ...]
    model: str  # in its own words
    command: Command
    threads: int = 0  # its default; 0: it has none to set
    has_workers: bool = True
    needs: tuple[str, ...] = ()  # distributions; none: the one named as the module


def _gunicorn(worker: str, *options: str) -> Command:
    def command(target: str, interface: str, workers: int, threads: int) -> list[str]:
        given = [target, "--bind", f"127.0.0.1:{PORT}", "--workers", str(workers), "--worker-class", worker]
        return [*given, *(["--threads", str(threads)] if threads else []), "--log-level", "warning", *options]

    return command


def _uvicorn(target: str, interface: str, workers: int, threads: int) -> list[str]:
    return [target, "--port", PORT, "--workers", str(workers), "--no-access-log", "--log-level", "warning"]


def _granian(target: str, interface: str, workers: int, threads: int) -> list[str]:
    serve = [target, "--interface", interface, "--port", PORT, "--workers", str(workers), "--log-level", "warning"]
    return [*serve, *(["--blocking-threads", str(threads)] if threads and interface == "wsgi" else [])]


def _hypercorn(target: str, interface: str, workers: int, threads: int) -> list[str]:
    named = f"wsgi:{target}" if interface == "wsgi" else target
    return [named, "--bind", f"127.0.0.1:{PORT}", "--workers", str(workers), "--log-level", "warning"]


def _waitress(target: str, interface: str, workers: int, threads: int) -> list[str]:
    return [f"--listen=127.0.0.1:{PORT}", f"--threads={threads}", target]


def _daphne(target: str, interface: str, workers: int, threads: int) -> list[str]:
    return ["-b", "127.0.0.1", "-p", PORT, "-v", "0", target]


PEERS = {
    "gunicorn": Peer("gunicorn", ("wsgi",), "sync", _gunicorn("sync")),
    "gunicorn-gthread": Peer("gunicorn", ("wsgi",), "gthread", _gunicorn("gthread"), threads=8),
    "gunicorn-gevent": Peer("gunicorn", ("wsgi",), "gevent", _gunicorn("gevent"), needs=("gunicorn", "gevent")),
    "uvicorn": Peer("uvicorn", ("asgi",), "asyncio", _uvicorn),
    "granian": Peer("granian", ("wsgi", "asgi"), "rust + threads", _granian),
    "hypercorn": Peer("hypercorn", ("wsgi", "asgi"), "asyncio", _hypercorn),
    "waitress": Peer("waitress", ("wsgi",), "threads", _waitress, threads=4, has_workers=False),
    "daphne": Peer("daphne", ("asgi",), "twisted", _daphne, has_workers=False),
}


def check_names(against: Sequence[str], models: Sequence[str], named: Sequence[str]) -> None:
    """ConfigError for a peer, a model or an architecture that is not known."""
    for name in named:
        if name not in ARCHITECTURES:
            raise ConfigError("architectures", name, "some of " + ", ".join(ARCHITECTURES))
    for name in against:
        if name not in PEERS:
            raise ConfigError("against", name, "some of " + ", ".join(PEERS))
    for name in models:
        if name not in MODELS:
            raise ConfigError("models", name, "some of " + ", ".join(MODELS))


def interface_of(target: str, app_dir: str) -> str:
    """ "wsgi" or "asgi", found by loading the target in a process of its own. FastnetError when it does not load."""
    module, colon, attribute = target.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), *attribute.split(".")]):
        raise ConfigError("target", target, "MODULE:ATTRIBUTE, such as mysite.wsgi:application")
    code = (
        "import sys\n"
        "from fastnet.errors import FastnetError\n"
        "from fastnet.servers.config import Config\n"
        "from fastnet.servers.loading import load\n"
        "try:\n"
        "    print('\\ninterface', load(Config(target=sys.argv[1], app_dir=sys.argv[2]))[1])\n"
        "except FastnetError as error:\n"
        "    print('\\nerror', error)\n"
    )
    command = [sys.executable, "-c", code, target, app_dir]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_TIMEOUT_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise FastnetError(f"loading {target!r} took over {LOAD_TIMEOUT_S:g} s") from None
    last = (ran.stdout.strip().splitlines() or [""])[-1]
    kind, _, said = last.partition(" ")
    if kind == "interface" and not ran.returncode:
        return said
    said = said if kind == "error" else " ".join(ran.stderr.split())[-200:]
    raise FastnetError(f"cannot load {target!r}: {said}")


def own(
    target: str, interface: str, models: Sequence[str], workers: Sequence[int], threads: Sequence[int], app_dir: str,
    python: str = "",
) -> list[Contender]:  # fmt: skip
    """fastnet's contenders for one target. `threads` are for models that have them; none: the model's own number.

    `python`: another interpreter to run them, one that interpreter_name() knows; it is part of their names.
    """
    found = []
    suffix = f" ({interpreter_name(python)})" if python else ""
    for model in models:
        for n in workers:
            for t in (threads or (8 if model == "threaded" else 16,)) if model != "prefork" else (1,):
                options = {"model": model, "workers": n, **({"threads": t} if model != "prefork" else {})}
                name = model + (f" {n}w" if len(workers) > 1 or n > 1 else "")
                name += f" {t}t" if len(threads) > 1 and model != "prefork" else ""
                command = _serve(python or sys.executable, target, interface, options, app_dir)
                found.append(Contender(name + suffix, target, interface, "fastnet", model, n, t, command))
    return found


def architectures(
    target: str, interface: str, names: Sequence[str], app_dir: str
) -> tuple[list[Contender], list[Absent]]:
    """Contenders of the architectures so named in fastnet.servers.architectures, and those that cannot take part."""
    found, absent = [], []
    for name in names:
        options = ARCHITECTURES[name]
        unfit = "it serves WSGI only" if interface != "wsgi" and "per_connection" in options else ""
        if reason := _UNFIT.get(name, unfit):
            absent.append(Absent(name, target, reason, ""))
            continue
        command = _serve(sys.executable, target, interface, options, app_dir)
        threads = options.get("threads", options.get("per_connection", 1))
        model, workers = options["model"], options["workers"]
        found.append(Contender(name, target, interface, "fastnet", model, workers, threads, command))
    return found, absent


@functools.cache  # it is asked for at the check of the options, and for each target
def interpreter_name(python: str) -> str:
    """As "python3.13t", of an interpreter that has fastnet. ConfigError for one that has not."""
    code = "import fastnet, sys; print(f'python{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}')"
    try:
        ran = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=LOAD_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        ran = None
    if ran is None or ran.returncode:
        raise ConfigError("python", python, "a Python that has fastnet installed")
    return ran.stdout.strip()


def _serve(python: str, target: str, interface: str, options: Mapping[str, object], app_dir: str) -> tuple[str, ...]:
    command = [python, "-m", "fastnet", "serve", target, "--interface", interface]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    command += ["--bind", f"127.0.0.1:{PORT}", "--log-level", "warning"]
    return (*command, *(["--app-dir", app_dir] if app_dir else []))


def peers(
    target: str, interface: str, names: Sequence[str], workers: Sequence[int], threads: Sequence[int]
) -> tuple[list[Contender], list[Absent]]:
    """Contenders of the peers, and those that cannot take part, with the reason."""
    found, absent = [], []
    for name in names:
        peer = PEERS[name]
        if interface not in peer.interfaces:
            speaks = " and ".join(i.upper() for i in peer.interfaces)
            absent.append(Absent(name, target, f"it serves {speaks} only, and this is {interface.upper()}", ""))
            continue
        needs = peer.needs or (peer.module,)
        if missing := [needed for needed in needs if importlib.util.find_spec(needed) is None]:
            reason = f"{' and '.join(missing)} is not installed"
            absent.append(Absent(name, target, reason, f"pip install {' '.join(missing)}"))
            continue
        for n in workers if peer.has_workers else (1,):
            for t in (threads or (peer.threads,)) if peer.threads else (0,):
                command = [sys.executable, "-m", peer.module, *peer.command(target, interface, n, t)]
                shown = name + (f" {n}w" if peer.has_workers and (len(workers) > 1 or n > 1) else "")
                shown += f" {t}t" if peer.threads and len(threads) > 1 else ""
                found.append(Contender(shown, target, interface, name, peer.model, n, t or 1, tuple(command)))
    return found, absent
