"""The supervisor: binds, forks workers, replaces dead, stuck and old ones, drains. It never sees a byte of traffic.

One thread, one wait: poll() on the pipe that signals write to and on one report pipe a worker, until the next thing is
due: a restart, a deadline, the moment at which a request now running would have run too long. An idle server wakes it
once in `request_timeout`.

A worker is a process in one of these states:

    down --start--> starting --"ready"--> ready --dies--> down (restarted at once; a crash loop backs off)
                       |                    |
                       +---- too long ------+---> doomed: it writes its stacks, then is killed

When no worker has ever been ready, the first failure ends the server: there is no point in retrying a typing error.

A worker that is well is replaced too: all at SIGHUP, which is a reload since the application is imported in the workers
only, and one that has reached a limit (`recycling`). Then a successor is started beside it. Once that is ready the old
one retires: it drains, and is killed if that takes too long. A successor that fails leaves the old one serving. While
both live each has a place of its own on the board, which is therefore twice as large as the number of workers; for want
of a place a replacement waits.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import select
import signal
import socket
import time
from collections.abc import Callable

from fastnet.errors import StartupError
from fastnet.servers import log
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.listeners import Address, Listeners
from fastnet.servers.log import LOGGER
from fastnet.servers.monitor import Monitor
from fastnet.servers.privileges import umask
from fastnet.servers.process import WorkerProcess
from fastnet.servers.recycling import Recycling
from fastnet.servers.signals import signal_pipe
from fastnet.servers.systemd import Notifier
from fastnet.servers.udp_options import UdpOptions
from fastnet.servers.worker import Report, preload, run_worker

Work = Callable[[Config, list[socket.socket | Address], Board, int, Report], int]

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RELOAD_SIGNAL = signal.SIGHUP
# At a time, of the workers: one in this many is being replaced, and at least one.
_REPLACED_AT_ONCE = 4
# A worker that was ready for this long was no part of a crash loop.
_STABLE_S = 10.0
# Delay before the second restart in a row, doubled for each further one; the first is at once.
_BACKOFF_S = 0.25
_MAX_BACKOFF_S = 30.0
# Between attempts when the system refuses another process.
_FORK_RETRY_S = 1.0
# A retired worker ends by itself at the drain's timeout; this long after, by force.
_RETIRE_GRACE_S = 2.0
# After a failure, before it is tried again to replace a worker that has reached a limit.
_RETRY_REPLACING_S = 10.0
_RELOAD = "a reload"
# For a stuck worker to write its stacks. It needs no GIL for that, only to leave an uninterruptible system call.
_DUMP_S = 0.5


class _Worker(WorkerProcess):
    """A worker process and what the supervisor means to do with it. Times are monotonic seconds."""

    def __init__(self, number: int, place: int) -> None:
        super().__init__(place)
        self.number = number  # for people; a successor has the same
        self.deaths = 0  # in a row, none of them after a stable life
        self.start_at = 0.0  # when down
        self.kill_at = math.inf  # when doomed, or retired
        self.doom = ""  # why
        self.retired = False
        self.abandoned = False  # as a successor: another is to be started in its stead
        self.outdated = ""  # why it is to be replaced
        self.replace_at = 0.0  # not before this
        self.successor: _Worker | None = None

    def __str__(self) -> str:
        return f"worker {self.number}"


class Supervisor:
    """Runs the workers of one Config. `work` is what each does; another than run_worker is for tests and embedders."""

    def __init__(self, config: Config, work: Work = run_worker) -> None:
        self._config = config
        self._work = work
        self._board = Board(2 * config.workers, config.slots)
        self._free_places = list(range(config.workers, 2 * config.workers))
        self._recycling = Recycling(config)
        self._workers = [_Worker(index + 1, index) for index in range(config.workers)]
        self._retired: list[_Worker] = []
        self._monitor: Monitor | None = None
        self._notifier = Notifier()
        self._reloading = False
        self._serving = False  # a worker has been ready
        self._stopping = False
        self._stop_at = math.inf  # when to use force
        self._status = 0

    def _processes(self) -> list[_Worker]:
        """All that there is, or is to be, a process of."""
        successors = [worker.successor for worker in self._workers if worker.successor is not None]
        return [*self._workers, *successors, *self._retired]

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT. For the main thread. Raises StartupError.

        Returns 0, or 1 if a worker had to be killed at the end of the drain, or, after a second signal, 128 and its
        number.
        """
        log.configure(self._config.log_level)
        with contextlib.ExitStack() as stack:
            self._signal_fd = stack.enter_context(signal_pipe((*_STOP_SIGNALS, _RELOAD_SIGNAL, signal.SIGCHLD)))
            stack.enter_context(umask(self._config.umask))
            self._listeners = Listeners(
                self._config.addresses(),
                self._config.backlog,
                self._config.reuse_port,
                self._config.workers,
                UdpOptions(self._config.broadcast, self._config.multicast_ttl),
            )
            stack.callback(self._listeners.close)
            if self._config.metrics:
                self._monitor = Monitor(self._config, self._board, self._listeners.addresses)
                stack.callback(self._monitor.end)
            stack.callback(self._kill_all)
            preload(self._config)
            self._start_due()
            while not self._stopping or any(worker.pid for worker in self._processes()):
                self._wait()
                self._bury_dead()
                self._start_due()
                self._replace_due()
                self._check_deadlines()
                self._notifier.beat()
            LOGGER.info("stopped after %s", self._summary())
        return self._status

    def _summary(self) -> str:
        """What was done, in words; of a protocol that answers by itself only the connections are known."""
        requests, connections = self._board.requests(), self._board.connections()
        met = f"{connections} connection{'s' * (connections != 1)}"
        if connections and not requests:
            return met
        return f"{requests} request{'s' * (requests != 1)}" + (f" of {met}" if connections else "")

    # Waiting

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._signal_fd, select.POLLIN)
        reporting = {worker.report_fd: worker for worker in self._processes() if worker.report_fd >= 0}
        for fd in reporting:
            poll.register(fd, select.POLLIN)
        if self._monitor is not None and self._monitor.report_fd >= 0:
            poll.register(self._monitor.report_fd, select.POLLIN)
        due = self._next_due()
        # Rounded up, so as not to wake a moment too early and turn round for nothing.
        timeout_ms = None if due == math.inf else max(0, math.ceil((due - time.monotonic()) * 1000))
        for fd, _ in poll.poll(timeout_ms):
            if fd == self._signal_fd:
                for signum in os.read(fd, 4096):
                    if signum in _STOP_SIGNALS:
                        self._stop(signal.Signals(signum))
                    elif signum == _RELOAD_SIGNAL:
                        self._reload()
            elif fd in reporting:
                self._hear(reporting[fd])
            elif self._monitor is not None:
                self._monitor.read_report()

    def _next_due(self) -> float:
        due = min(self._stop_at, self._notifier.due())
        if self._monitor is not None and not self._stopping:
            due = min(due, self._monitor.due())
        for worker in self._processes():
            if not worker.pid:
                if not self._stopping:
                    due = min(due, worker.start_at)
            elif worker.doom or worker.retired:
                due = min(due, worker.kill_at)
            elif worker.ready is None:
                due = min(due, worker.started + self._config.startup_timeout)
            else:
                if self._config.request_timeout:
                    due = min(due, self._oldest(worker)[0] + self._config.request_timeout)
                if not self._stopping and worker.successor is None:
                    # One that only waits for its turn needs no waking: another's end will bring that.
                    later = worker.replace_at if worker.replace_at > time.monotonic() else math.inf
                    look_at = self._recycling.look_at(worker.index, worker.ready)
                    due = min(due, later if worker.outdated else look_at)
        return due

    def _hear(self, worker: _Worker) -> None:
        was_ready = worker.ready is not None
        worker.read_report()
        if worker.ready is not None and not was_ready:
            LOGGER.debug("%s (pid %d) is ready", worker, worker.pid)
            self._board.set_state(worker.index, "ready", worker.pid)
            self._recycling.begun(worker.index)
            for old in self._workers:
                if old.successor is worker and not worker.abandoned:
                    self._succeed(old, worker)
            if not self._serving:
                self._serving = True
                self._notifier.ready()
                count = len(self._workers)
                LOGGER.info(
                    "serving %s (%s, %d worker%s)",
                    " ".join(self._listeners.urls()),
                    self._config.model,
                    count,
                    "s" * (count != 1),
                )
                if self._monitor is not None:
                    LOGGER.info("metrics at %s", self._monitor.url())

    # Starting and restarting

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._processes():
            if not worker.pid and worker.start_at <= now and not self._stopping:
                self._start(worker)
        if self._monitor is not None and not self._stopping:
            self._monitor.start_due([*self._report_fds(), self._signal_fd], self._listeners.sockets)

    def _report_fds(self) -> list[int]:
        fds = [worker.report_fd for worker in self._processes()]
        if self._monitor is not None:
            fds.append(self._monitor.report_fd)
        return [fd for fd in fds if fd >= 0]

    def _start(self, worker: _Worker) -> None:
        worker.doom, worker.kill_at = "", math.inf
        listeners = self._listeners.for_worker(worker.number - 1)
        try:
            worker.start(
                lambda report: self._work(self._config, listeners, self._board, worker.index, report),
                close=[*self._report_fds(), self._signal_fd],
            )
        except OSError as error:  # too many processes, or files
            if not self._serving:
                raise StartupError(f"cannot start {worker}: {error.strerror}") from None
            worker.start_at = time.monotonic() + _FORK_RETRY_S
            LOGGER.error("cannot start %s: %s; trying again in %g s", worker, error.strerror, _FORK_RETRY_S)
            return
        self._board.set_state(worker.index, "starting", worker.pid)
        LOGGER.debug("%s started (pid %d)", worker, worker.pid)

    def _bury_dead(self) -> None:
        if self._monitor is not None:
            self._monitor.bury()
        for worker in self._processes():
            pid = worker.pid
            how = worker.exited()
            if how is not None:
                self._board.clear(worker.index)
                self._board.set_state(worker.index, "down", 0)
                if worker.retired:
                    LOGGER.debug("%s (pid %d), which has retired, %s", worker, pid, how)
                    self._retired.remove(worker)
                    self._free_places.append(worker.index)
                elif worker in self._workers:
                    self._died(worker, pid, how)
                else:
                    self._successor_died(worker, pid, how)

    def _died(self, worker: _Worker, pid: int, how: str) -> None:
        now = time.monotonic()
        if self._stopping:
            LOGGER.debug("%s (pid %d) %s", worker, pid, how)
            return
        if not self._serving:
            why = f"{worker} is {worker.doom}" if worker.doom else f"{worker} {how} before it was ready"
            raise worker.error or StartupError(why, worker.stacks)
        if worker.ready is not None and now - worker.ready >= _STABLE_S:
            worker.deaths = 0
        delay = min(_MAX_BACKOFF_S, _BACKOFF_S * 2 ** (worker.deaths - 1)) if worker.deaths else 0.0
        worker.deaths += 1
        worker.start_at = now + delay
        if worker.error is not None:
            how = str(worker.error)
        then = "starting another"
        if delay:
            then = f"it failed {worker.deaths} times in a row; starting another in {delay:g} s"
        LOGGER.error("%s (pid %d) died: %s; %s", worker, pid, worker.doom or how, then)
        if worker.error is not None:
            log.lines(logging.ERROR, worker.error.details)
        elif not worker.doom:
            log.lines(logging.ERROR, worker.stacks)  # of a crash
        if worker.successor is not None:
            worker.start_at = math.inf  # it is coming already
        worker.outdated = ""  # what comes now is new
        self._board.count_replaced("stuck" if worker.doom else "died")
        self._finish_reload()

    # Replacing those that are well

    def _reload(self) -> None:
        if self._stopping:
            return
        LOGGER.info("SIGHUP: reloading; each worker goes on until its successor is ready")
        self._reloading = True
        self._notifier.reloading()
        for worker in self._workers:
            if not worker.pid and worker.successor is None:
                worker.start_at, worker.deaths = 0.0, 0
                continue
            worker.outdated, worker.replace_at = _RELOAD, 0.0
            if worker.successor is not None:  # it has begun with what was there before
                worker.successor.abandoned = True
                worker.successor.kill(signal.SIGTERM)

    def _replace_due(self) -> None:
        if self._stopping:
            return
        now = time.monotonic()
        for worker in self._workers:
            if worker.pid and worker.ready is not None and not worker.outdated:
                worker.outdated = self._recycling.reason(worker.pid, worker.index, worker.ready, self._board)
        self._recycling.looked()
        room = max(1, len(self._workers) // _REPLACED_AT_ONCE)
        room -= sum(worker.successor is not None for worker in self._workers)
        for worker in self._workers:
            due = worker.outdated and worker.replace_at <= now and worker.successor is None
            if due and worker.pid and worker.ready is not None and not worker.doom and room > 0 and self._free_places:
                room -= 1
                worker.successor = _Worker(worker.number, self._free_places.pop())
                self._start(worker.successor)

    def _succeed(self, old: _Worker, new: _Worker) -> None:
        """`new` is ready: `old`, if it still lives, retires."""
        self._workers[self._workers.index(old)] = new
        old.successor = None
        if not old.pid:
            self._free_places.append(old.index)
        else:
            LOGGER.info("%s (pid %d) has a successor (pid %d): %s", old, old.pid, new.pid, old.outdated)
            old.retired, old.kill_at = True, time.monotonic() + self._config.drain_timeout + _RETIRE_GRACE_S
            self._retired.append(old)
            self._board.set_state(old.index, "retiring", old.pid)
            self._board.count_replaced(_reason(old.outdated))
            old.kill(signal.SIGTERM)
        self._finish_reload()

    def _finish_reload(self) -> None:
        if self._reloading and not any(worker.outdated == _RELOAD for worker in self._workers):
            self._reloading = False
            self._notifier.ready()
            LOGGER.info("reloaded")

    def _successor_died(self, worker: _Worker, pid: int, how: str) -> None:
        old = next(old for old in self._workers if old.successor is worker)
        old.successor = None
        self._free_places.append(worker.index)
        if self._stopping:
            return
        if not old.pid:
            old.start_at = time.monotonic()
        if worker.abandoned:
            return
        what = "the reload" if old.outdated == _RELOAD else f"replacing {old} ({old.outdated})"
        why = worker.error or worker.doom or f"the new worker (pid {pid}) {how} before it was ready"
        LOGGER.error("%s failed, and the workers go on as they are: %s", what, why)
        log.lines(logging.ERROR, worker.error.details if worker.error else "" if worker.doom else worker.stacks)
        if self._reloading:
            self._reloading = False
            self._notifier.ready()
            for other in self._workers:
                if other.outdated == _RELOAD:
                    other.outdated = ""
        old.replace_at = time.monotonic() + _RETRY_REPLACING_S

    # Deadlines

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        if now >= self._stop_at:
            self._force("the drain timeout has passed", 1)
        for worker in self._processes():
            if not worker.pid:
                continue
            if worker.retired:
                if now >= worker.kill_at:
                    LOGGER.warning("%s (pid %d) has not ended in time: killing it", worker, worker.pid)
                    worker.kill(signal.SIGKILL)
                    worker.kill_at = math.inf
            elif worker.doom:
                if now >= worker.kill_at:
                    self._kill_doomed(worker)
            elif worker.ready is None:
                if now >= worker.started + self._config.startup_timeout:
                    self._doom(worker, f"not ready after {self._config.startup_timeout:g} s")
            elif self._config.request_timeout:
                since, line = self._oldest(worker)
                if now >= since + self._config.request_timeout:
                    self._doom(worker, f"stuck for {now - since:.1f} s in {line}")

    def _oldest(self, worker: _Worker) -> tuple[float, str]:
        """When the request that has run longest began, or a loop last showed life (now: neither); and what it is."""
        since = beat = time.monotonic()
        line = ""
        for thread in range(self._board.threads):
            facts = self._board.read(worker.index, thread)
            if facts.since and facts.since < since:
                since, line = facts.since, repr(facts.line) if facts.line else "a request"
            if facts.beat:
                beat = min(beat, facts.beat)
        if beat < since:
            return beat, line or "its event loop"  # what holds a loop up is, most likely, the request that runs
        return since, line

    def _doom(self, worker: _Worker, why: str) -> None:
        worker.doom = why
        worker.kill_at = time.monotonic() + _DUMP_S
        worker.dump_stacks()

    def _kill_doomed(self, worker: _Worker) -> None:
        worker.read_report()
        LOGGER.error("%s (pid %d) is %s; killing it. Its stacks:", worker, worker.pid, worker.doom)
        log.lines(logging.ERROR, worker.stacks or "(it wrote none)")
        worker.kill(signal.SIGKILL)
        worker.kill_at = math.inf

    # Stopping

    def _stop(self, signum: signal.Signals) -> None:
        if self._stopping:
            self._force(f"a second signal ({signum.name})", 128 + signum)
            return
        LOGGER.info("%s: finishing the requests in progress", signum.name)
        self._stopping = True
        self._board.set_draining()
        self._notifier.stopping()
        self._stop_at = time.monotonic() + self._config.drain_timeout
        self._listeners.refuse()
        self._listeners.close()
        for worker in self._workers:
            if worker.successor is not None:
                worker.successor.kill(signal.SIGTERM)
            worker.kill(signal.SIGTERM)

    def _force(self, why: str, status: int) -> None:
        alive = [worker for worker in self._processes() if worker.pid]
        LOGGER.warning("%s: killing %d worker%s", why, len(alive), "s" * (len(alive) != 1))
        self._status = status
        self._stop_at = math.inf
        for worker in alive:
            worker.kill(signal.SIGKILL)

    def _kill_all(self) -> None:
        """Leave no process behind, whatever ended run()."""
        for worker in self._processes():
            worker.kill(signal.SIGKILL)
        for worker in self._processes():
            worker.wait()


def _reason(outdated: str) -> str:
    """The word for metrics, of a reason in words for people."""
    option = outdated.rpartition("(--")[2].rstrip(")").replace("-", "_")
    return option if "(--" in outdated else "reload"
