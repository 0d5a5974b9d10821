"""One worker process, as its parent sees it: start it, hear what it reports, learn how it ended.

Mechanism only; when to start, kill or give up is the supervisor's to say. Nothing here but wait() blocks.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from fastnet.errors import StartupError
from fastnet.servers.log import LOGGER
from fastnet.servers.worker import DUMP_SIGNAL, Report, die_with_parent

# More than the stacks of every thread that faulthandler shows (100 threads of 100 frames) take.
_MAX_REPORT_BYTES = 1 << 21


class WorkerProcess:
    """Worker number `index`, in one process after another.

    `pid` is 0 while there is none. Of the present or last process: `started` (monotonic seconds), `ready` (the same, or
    None before it is), `error` (why it could not begin), `stacks` (what it dumped, on request or in a crash).
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.pid = 0
        self.report_fd = -1
        self._forget()

    def _forget(self) -> None:
        self.started = 0.0
        self.ready: float | None = None
        self.error: StartupError | None = None
        self._lines: list[str] = []
        self._unread = b""
        self._size = 0

    @property
    def stacks(self) -> str:
        return "\n".join(self._lines)

    def start(self, body: Callable[[Report], int], close: list[int]) -> None:
        """Fork; the child closes the descriptors `close`, runs `body` and exits with the status that it returns."""
        self._forget()
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        # Signals wait until the child has put aside the handlers that it inherits.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _run_child(body, write_end, [read_end, *close], mask, parent)
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.started = time.monotonic()
        self.report_fd = read_end

    def read_report(self) -> None:
        """Take in what the process has written; to be called when `report_fd` is readable."""
        while self.report_fd >= 0:
            try:
                data = os.read(self.report_fd, 65536)
            except BlockingIOError:
                return
            if not data:
                os.close(self.report_fd)
                self.report_fd = -1
            self._size += len(data)
            if self._size > _MAX_REPORT_BYTES:
                continue  # an application writes into our descriptor; keep reading, so that it does not block
            *lines, self._unread = (self._unread + data).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self._lines.append(line.decode("utf-8", "replace"))
            return
        if message == {"ready": True}:
            self.ready = time.monotonic()
        elif isinstance(message, dict) and "error" in message:
            self.error = StartupError(str(message["error"]), str(message.get("details", "")))

    def dump_stacks(self) -> None:
        """Ask for the stacks of all threads; `stacks` fills as read_report() is called."""
        self._lines.clear()
        self.kill(DUMP_SIGNAL)

    def kill(self, signum: signal.Signals) -> None:
        """Send a signal, if there is a process."""
        if self.pid:
            os.kill(self.pid, signum)  # not yet waited for, so the pid is surely ours

    def wait(self) -> None:
        """Have nothing left of it: block until it has ended, which somebody has seen to, and read no more reports."""
        if self.pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        if self.report_fd >= 0:
            os.close(self.report_fd)

    def exited(self) -> str | None:
        """How the process ended ("killed by SIGKILL"), once, when it has; else None."""
        if not self.pid:
            return None
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # SIGCHLD is ignored, or another part of the program waited for it
            pid, status = self.pid, 0
        if not pid:
            return None
        self.pid = 0
        self.read_report()
        if self.report_fd >= 0:  # a process that the worker started holds the other end
            os.close(self.report_fd)
            self.report_fd = -1
        return describe(status)


def describe(status: int) -> str:
    """A wait status in words."""
    if not os.WIFSIGNALED(status):
        return f"exited with status {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"killed by {name}" + (" (out of memory?)" if number == signal.SIGKILL else "")


def _run_child(
    body: Callable[[Report], int], report_fd: int, close: list[int], mask: set[signal.Signals | int], parent: int
) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for signum in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(signum, signal.SIG_DFL)
        # The terminal sends it to everybody; the supervisor decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for fd in close:
            os.close(fd)
        die_with(parent)
        atexit._clear()  # what the parent registered is the parent's
        status = body(Report(report_fd))
        threading._shutdown()  # type: ignore[attr-defined]  # joins the application's threads, as at any exit
        atexit._run_exitfuncs()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        LOGGER.exception("worker failed")
    finally:
        exit_now(status)


def exit_now(status: int) -> NoReturn:
    """End this process, which was forked off: of what would be done at an exit only the streams are flushed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def die_with(parent: int) -> None:
    """Have this process killed when `parent` dies, however it dies."""
    if sys.platform == "linux":
        die_with_parent()
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # died before we asked
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
