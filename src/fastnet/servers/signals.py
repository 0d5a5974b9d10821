"""Which thread of a worker takes its signals. Apart from `worker`, so that a driver loads in a subinterpreter too."""

from __future__ import annotations

import signal


def leave_signals() -> None:
    """For a thread: signals are the main thread's, which must wake to run Python's handlers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
