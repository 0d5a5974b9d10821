import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from fastnet.errors import StartupError
from fastnet.servers.process import WorkerProcess, describe
from fastnet.servers.worker import DUMP_SIGNAL, Report
from tests.servers.serving import until


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    process = WorkerProcess(0)
    yield process
    process.kill(signal.SIGKILL)
    until(lambda: process.pid == 0 or process.exited(), "the end of the worker")


def end(worker: WorkerProcess) -> str:
    """How it ended."""
    ways: list[str | None] = []
    until(lambda: ways.append(worker.exited()) or ways[-1], "the end of the worker")
    assert ways[-1] is not None
    return ways[-1]


def hear(worker: WorkerProcess, condition: Callable[[], object]) -> None:
    def heard() -> object:
        if worker.report_fd >= 0 and select.select([worker.report_fd], [], [], 0.01)[0]:
            worker.read_report()
        return condition()

    until(heard, "a report")


def sleep_for_ever(report: Report) -> int:
    report.ready()
    while True:
        time.sleep(60)


def test_it_runs_in_a_child_and_ends_with_the_status_it_returns(worker: WorkerProcess) -> None:
    worker.start(lambda report: 7, close=[])
    assert worker.pid not in (0, os.getpid())
    assert end(worker) == "exited with status 7"
    assert worker.pid == 0 and worker.ready is None and worker.error is None


def test_it_is_ready_when_it_says_so(worker: WorkerProcess) -> None:
    before = time.monotonic()
    worker.start(sleep_for_ever, close=[])
    assert worker.ready is None
    hear(worker, lambda: worker.ready)
    assert worker.ready is not None and before <= worker.started <= worker.ready <= time.monotonic()
    assert worker.exited() is None


def test_it_says_why_it_could_not_begin(worker: WorkerProcess) -> None:
    def fail(report: Report) -> int:
        report.error(StartupError("no database", "line 1\nline 2\n"))
        return 1

    worker.start(fail, close=[])
    assert end(worker) == "exited with status 1"
    assert str(worker.error) == "no database"
    assert worker.error is not None and worker.error.details == "line 1\nline 2\n"


def test_a_report_is_never_longer_than_a_pipe_takes(worker: WorkerProcess) -> None:
    def fail(report: Report) -> int:
        report.error(StartupError("\0" * 100_000, "é" * 100_000 + "the end"))
        return 1

    worker.start(fail, close=[])
    assert end(worker) == "exited with status 1"  # nobody read while it wrote
    assert worker.error is not None and worker.error.details.endswith("the end")


def test_stacks_come_even_while_a_thread_holds_the_interpreter(worker: WorkerProcess) -> None:
    def stuck(report: Report) -> int:
        import faulthandler

        faulthandler.register(DUMP_SIGNAL, report.fd, all_threads=True)
        report.ready()
        return sum(range(10**15))  # one C call that lets nobody else run

    worker.start(stuck, close=[])
    hear(worker, lambda: worker.ready)
    worker.dump_stacks()
    hear(worker, lambda: "in stuck" in worker.stacks)
    assert worker.exited() is None


def test_the_stacks_of_a_crash_are_kept(worker: WorkerProcess) -> None:
    def crash(report: Report) -> int:
        import faulthandler

        faulthandler.enable(report.fd)
        os.kill(os.getpid(), signal.SIGSEGV)
        return 0

    worker.start(crash, close=[])
    assert end(worker) == "killed by SIGSEGV"
    assert "in crash" in worker.stacks


def test_a_worker_that_floods_its_report_does_not_fill_the_supervisor(worker: WorkerProcess) -> None:
    def flood(report: Report) -> int:
        for _ in range(200):
            os.write(report.fd, b"x" * 65536)
        return 0

    worker.start(flood, close=[])
    hear(worker, lambda: worker.report_fd < 0)
    assert end(worker) == "exited with status 0"
    assert len(worker.stacks) < 3 << 20


def test_each_start_begins_anew(worker: WorkerProcess) -> None:
    worker.start(lambda report: report.ready() or 0, close=[])
    end(worker)
    assert worker.ready is not None
    worker.start(lambda report: 3, close=[])
    assert worker.ready is None
    assert end(worker) == "exited with status 3"


def test_it_takes_along_no_descriptor_that_it_should_close(worker: WorkerProcess) -> None:
    read_end, write_end = os.pipe()

    def closed(report: Report) -> int:
        try:
            os.fstat(read_end)
        except OSError:
            return 5
        return 6

    worker.start(closed, close=[read_end])
    assert end(worker) == "exited with status 5"
    os.close(read_end)
    os.close(write_end)


def test_starting_leaks_no_descriptor(worker: WorkerProcess) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        worker.start(lambda report: 0, close=[])
        end(worker)
    assert len(os.listdir("/proc/self/fd")) == before


def test_exit_functions_and_threads_of_the_worker_run_and_those_of_the_parent_do_not(worker: WorkerProcess) -> None:
    code = """
import atexit, sys, threading, time
from fastnet.servers.process import WorkerProcess
atexit.register(print, "parent's")
def body(report):
    atexit.register(print, "worker's")
    threading.Thread(target=lambda: (time.sleep(.1), print("thread's"))).start()
    return 0
worker = WorkerProcess(0)
worker.start(body, close=[])
while worker.exited() is None:
    time.sleep(.01)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["thread's", "worker's", "parent's"]


@pytest.mark.parametrize("way", ["sys.exit(4)", "raise SystemExit(4)"])
def test_an_application_may_exit(worker: WorkerProcess, way: str) -> None:
    worker.start(lambda report: exec(way, {"sys": sys}) or 0, close=[])
    assert end(worker) == "exited with status 4"


def test_an_exception_ends_it_with_status_1_and_shows() -> None:
    code = """
import sys, time
from fastnet.servers.process import WorkerProcess
worker = WorkerProcess(0)
worker.start(lambda report: {}["unexpected"], close=[])
while (how := worker.exited()) is None:
    time.sleep(.01)
print(how)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "exited with status 1\n"
    assert "KeyError: 'unexpected'" in run.stderr


def test_signals_reach_the_worker_as_if_it_were_a_new_program(worker: WorkerProcess) -> None:
    old = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        worker.start(sleep_for_ever, close=[])
    finally:
        signal.signal(signal.SIGTERM, old)
    hear(worker, lambda: worker.ready)
    worker.kill(signal.SIGINT)  # what a terminal sends to all is the supervisor's affair
    worker.kill(signal.SIGTERM)
    assert end(worker) == "killed by SIGTERM"


def test_it_dies_with_its_parent_however_that_dies() -> None:
    code = """
import os, time
from fastnet.servers.process import WorkerProcess
def body(report):
    report.ready()
    while True:
        time.sleep(60)
worker = WorkerProcess(0)
worker.start(body, close=[])
while worker.ready is None:
    worker.read_report()
print(worker.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "the end of the worker")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"),
        (3 << 8, "exited with status 3"),
        (signal.SIGSEGV, "killed by SIGSEGV"),
        (signal.SIGKILL, "killed by SIGKILL (out of memory?)"),
        (signal.SIGABRT | 0x80, "killed by SIGABRT"),
        (40, "killed by signal 40"),
    ],
)
def test_a_wait_status_in_words(status: int, words: str) -> None:
    assert describe(status) == words
