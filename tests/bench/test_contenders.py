"""Contenders: which interface a target has, who can serve it, and with which commands."""

import sys
from pathlib import Path

import pytest

from fastnet.bench.contenders import (
    PEERS,
    architectures,
    check_names,
    interface_of,
    interpreter_name,
    own,
    peers,
)
from fastnet.errors import ConfigError, FastnetError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("target", "interface"), [("wsgi_app:app", "wsgi"), ("asgi_app:app", "asgi")])
def test_interfaces_are_found(target: str, interface: str) -> None:
    assert interface_of(target, str(EXAMPLES)) == interface


@pytest.mark.parametrize("target", ["", "app", "a:", ":a", "a b:c", "a:b:c", "../a:b"])
def test_targets_that_are_none(target: str) -> None:
    with pytest.raises(ConfigError, match="MODULE:ATTRIBUTE"):
        interface_of(target, "")


def test_targets_that_do_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raises.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "exits.py").write_text("import os\nprint('interface wsgi')\nos._exit(3)\n")
    (tmp_path / "sleeps.py").write_text("import time\ntime.sleep(1000)\n")
    for target, said in (
        ("missing:app", "no module named 'missing'"),
        ("raises:app", "nothing_of_this_name"),
        ("exits:app", "cannot load 'exits:app'"),
    ):
        with pytest.raises(FastnetError, match=said):
            interface_of(target, str(tmp_path))
    monkeypatch.setattr("fastnet.bench.contenders.LOAD_TIMEOUT_S", 0.5)
    with pytest.raises(FastnetError, match=r"took over 0\.5 s"):
        interface_of("sleeps:app", str(tmp_path))


def test_models_workers_and_threads_multiply() -> None:
    found = own("m:app", "wsgi", ["prefork", "threaded", "async"], [1, 2], [4, 8], "dir")
    assert [c.name for c in found] == [
        *("prefork 1w", "prefork 2w", "threaded 1w 4t", "threaded 1w 8t", "threaded 2w 4t", "threaded 2w 8t"),
        *("async 1w 4t", "async 1w 8t", "async 2w 4t", "async 2w 8t"),
    ]
    assert " ".join(found[5].command).endswith(
        "--model threaded --workers 2 --threads 8 --bind 127.0.0.1:PORT --log-level warning --app-dir dir"
    )
    assert (found[5].workers, found[5].threads, found[0].threads) == (2, 8, 1)
    assert [c.name for c in own("m:app", "asgi", ["prefork", "threaded"], [1], [], "")] == ["prefork", "threaded"]


def test_architectures_are_settings_by_name() -> None:
    found, absent = architectures("m:app", "wsgi", ["poll", "thread per connection", "iterative"], "")
    assert [(c.name, c.model) for c in found] == [("poll", "async"), ("thread per connection", "threaded")]
    assert "--loop poll" in " ".join(found[0].command) and "--per-connection 512" in " ".join(found[1].command)
    assert [(a.name, a.reason) for a in absent] == [
        ("iterative", "it serves one connection until that ends, and others wait")
    ]
    found, absent = architectures("m:app", "asgi", ["fork per connection"], "")
    assert not found and absent[0].reason == "it serves WSGI only"


def test_another_interpreter_is_part_of_the_name(tmp_path: Path) -> None:
    [one] = own("m:app", "wsgi", ["prefork"], [1], [], "", sys.executable)
    assert (one.name, one.command[0]) == (f"prefork ({interpreter_name(sys.executable)})", sys.executable)
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    for python in ("/nowhere", str(tmp_path / "python")):
        with pytest.raises(ConfigError, match="a Python that has fastnet installed"):
            interpreter_name(python)


def test_peers_that_cannot_take_part_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found, absent = peers("m:app", "wsgi", ["uvicorn", "gunicorn-gthread", "waitress"], [1, 2], [])
    assert [c.name for c in found] == ["gunicorn-gthread 1w", "gunicorn-gthread 2w", "waitress"]
    assert [(a.name, a.reason, a.remedy) for a in absent] == [("uvicorn", "it serves ASGI only, and this is WSGI", "")]
    assert found[0].threads == 8 and found[0].model == "gthread" and found[0].is_peer
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found, absent = peers("m:app", "asgi", ["uvicorn"], [1], [])
    assert not found and absent[0].reason == "uvicorn is not installed" and absent[0].remedy == "pip install uvicorn"


def test_every_peer_is_told_its_port_and_target() -> None:
    for name, peer in PEERS.items():
        for interface in peer.interfaces:
            command = peer.command("m:app", interface, 3, 5)
            assert any(word.endswith("PORT") for word in command), name
            assert any(word.endswith("m:app") for word in command), name
            assert not peer.has_workers or "3" in command, name
            assert not peer.threads or any(word in ("5", "--threads=5") for word in command), name


def test_unknown_names_are_refused() -> None:
    check_names(["granian"], ["async"], ["thread pool"])
    with pytest.raises(ConfigError, match=r"gunicorn, .*waitress"):
        check_names(["apache"], [], [])
    with pytest.raises(ConfigError, match="prefork, threaded, async"):
        check_names([], ["fork"], [])
    with pytest.raises(ConfigError, match="thread pool"):
        check_names([], [], ["fork"])
