"""Serving: a contender serves and is loaded; interrupts wait while a process starts or stops; nothing is left."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from fastnet.bench.comparison import Contender
from fastnet.bench.contenders import own
from fastnet.bench.processes import ServerFailed
from fastnet.bench.serving import Interrupts, Serving, command_line
from tests.servers.serving import until

APP = """
def app(environ, start_response):
    found = environ["PATH_INFO"] == "/"
    start_response("200 OK" if found else "404 Not Found", [("Content-Length", "5")])
    return [b"hello"]
"""


@pytest.fixture
def contender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contender:
    (tmp_path / "serving_app.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    return own("serving_app:app", "wsgi", ["prefork"], [1], [], "")[0]


def serving(interrupts: Interrupts) -> Serving:
    return Serving(interrupts, (), (), {})


def descendants() -> list[int]:
    return [p.pid for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_a_contender_serves_and_is_loaded(contender: Contender) -> None:
    with Interrupts() as interrupts, serving(interrupts).served(contender, "/") as served:
        assert served.startup_s > 0 and served.answers("/", 10)
        result, cpu_s, _switches, wall_s = served.load("/", connections=4, requests=200)
        assert result.requests.answered == 200 and cpu_s > 0 and wall_s >= result.window_s
        worker = served.server.worker()
        os.kill(worker, signal.SIGSTOP)
        assert not served.answers("/", 0.2)
        os.kill(worker, signal.SIGCONT)
    assert not descendants()


def test_a_wrong_answer_is_no_server(contender: Contender) -> None:
    with pytest.raises(ServerFailed, match="it answered 404 to GET /else; say --path"), Interrupts() as interrupts:
        with serving(interrupts).served(contender, "/else"):
            pytest.fail("not reached")
    assert not descendants()


def test_an_interrupt_leaves_no_process(contender: Contender) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        with serving(interrupts).served(contender, "/") as served:
            pid = served.server.pid
            os.kill(os.getpid(), signal.SIGTERM)
    assert not psutil.pid_exists(pid) and not descendants()


def test_interrupts_wait_while_they_are_held() -> None:
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        with interrupts.held():
            with interrupts.held():
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGHUP)
            done.append("both")
        done.append("too far")
    assert done == ["both"] and signal.getsignal(signal.SIGINT) is before


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_stop_all_finds_what_nobody_stopped(contender: Contender) -> None:
    with Interrupts() as interrupts:
        place = serving(interrupts)
        lost = place.served(contender, "/")
        lost.__enter__()
        assert descendants()
        place.stop_all()
    until(lambda: not descendants(), "the server to be gone")


def test_command_lines_get_their_port_and_target() -> None:
    command = ("python", "-m", "x", "wsgi:a.b:PORT", "--bind", "127.0.0.1:PORT", "--port", "PORT", "--PORT=1")
    one = Contender("x", "a.b:PORT", "wsgi", "x", "", 1, 1, command)
    assert command_line(one, 80, "t:wsgi")[3:8] == ["wsgi:t:wsgi", "--bind", "127.0.0.1:80", "--port", "80"]
    assert command_line(one, 80)[-1] == "--PORT=1"
    assert sys.executable == own("m:app", "asgi", ["async"], [1], [], "")[0].command[0]
