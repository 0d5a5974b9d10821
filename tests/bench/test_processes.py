"""Server processes: real ones, with children, looked at from outside, and gone when they are stopped."""

import os
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from fastnet.bench.processes import ServerFailed, ServerProcess, free_port
from tests.servers.serving import until

# A parent that listens; a child that works; both would rather not end.
FAMILY = textwrap.dedent("""
    import os, signal, socket, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, lambda *_: None)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    if not os.fork():
        while True:
            sum(range(10000))
            time.sleep(0.0001)
    print("up", flush=True)
    time.sleep(1000)
""")


def family(cores: tuple[int, ...] = ()) -> ServerProcess:
    port = free_port()
    return ServerProcess("family", [sys.executable, "-c", FAMILY, str(port)], port, cores)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastnet.bench.processes.STOP_TIMEOUT_S", 0.2)


def test_a_tree_is_seen_whole_and_stopped_whole() -> None:
    core = min(os.sched_getaffinity(0))
    with family((core,)) as server:
        until(lambda: len(server.pids()) == 2, "the child")
        parent, child = server.pids()
        assert parent == server.pid and psutil.Process(child).ppid() == parent
        until(lambda: server.cpu()[child] > 0.1, "the child's work")
        until(lambda: server.workers() == [child], "the child to be the worker")
        assert server.worker() == child
        rss, pss = server.memory_kib(child)
        assert 1000 < pss <= rss and server.pss_kib() >= pss
        switches = server.context_switches()
        until(lambda: server.context_switches() > switches, "a context switch")
        assert psutil.Process(child).cpu_affinity() == [core]
        assert server.catches(signal.SIGHUP) and not server.catches(signal.SIGTERM)
        assert "up" in server.log()
        os.kill(parent, signal.SIGKILL)  # the child loses its parent, and is found all the same
    until(lambda: not any(map(_lives, (parent, child))), "both to be gone")


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_this_process_keeps_its_cores() -> None:
    before = os.sched_getaffinity(0)
    with family((min(before),)):
        assert os.sched_getaffinity(0) == before


def test_one_that_ends_is_said_with_its_log() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    with pytest.raises(ServerFailed, match="it ended with 1") as failed, ServerProcess("it", command, free_port()):
        pass
    assert "no such luck" in failed.value.log


def test_one_that_never_listens_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastnet.bench.processes.START_TIMEOUT_S", 0.2)
    server = ServerProcess("it", [sys.executable, "-c", "import time; time.sleep(1000)"], free_port())
    with pytest.raises(ServerFailed, match=r"it did not listen within 0\.2 s"), server:
        pass


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=r"cannot run .*nothing: No such file"):
        ServerProcess("it", [str(tmp_path / "nothing")], free_port()).start()


def test_stop_may_be_called_at_any_time() -> None:
    server = family()
    server.stop()
    with server:
        pass
    server.stop()
