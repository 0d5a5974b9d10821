"""Signals: as bytes that the supervisor reads, and which thread of a worker takes its own.

Apart from `worker`, so that a driver loads in a subinterpreter too.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from types import FrameType

from fastnet.errors import StartupError


def leave_signals() -> None:
    """For a thread: signals are the main thread's, which must wake to run Python's handlers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@contextlib.contextmanager
def signal_pipe(signals: Iterable[signal.Signals]) -> Iterator[int]:
    """Signals as bytes to read from the yielded descriptor; the handlers from before are put back at the end."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    handlers = {}
    try:
        try:
            old_fd = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        except ValueError:
            raise StartupError("serving must be started in the main thread, which receives the signals") from None
        try:
            for signum in signals:
                handlers[signum] = signal.signal(signum, leave_to_pipe)
            yield read_end
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler if handler is not None else signal.SIG_DFL)
            signal.set_wakeup_fd(old_fd)
    finally:
        os.close(read_end)
        os.close(write_end)


def leave_to_pipe(signum: int, frame: FrameType | None) -> None:
    """A handler that leaves it to the wake-up descriptor; SIG_IGN would not write there."""
