"""When a worker that is well is to be replaced all the same: it answered enough, grew too large, lived long enough.

For applications that leak, and to have no process older than what its operator allows. Replacing loses no request, so
the limits need not be exact: requests and memory are looked at now and then.
"""

from __future__ import annotations

import math
import os
import random
import time

from fastnet.servers.board import Board
from fastnet.servers.config import Config

# Between looks at what workers have answered, and how large they are.
_LOOK_EVERY_S = 0.5
# Of a lifetime, at random, by which it may be shorter: workers that began together should not end together.
_LIFETIME_JITTER = 0.1


class Recycling:
    """The limits of one Config. A worker is known by its place on the board."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._most_requests: dict[int, int] = {}
        self._lifetimes_s: dict[int, float] = {}
        self._looks = bool(config.max_requests or config.max_memory)
        self._next_look = 0.0

    def begun(self, place: int) -> None:
        """A new worker serves in this place."""
        self._most_requests[place] = self._config.max_requests + random.randint(0, self._config.max_requests_jitter)
        self._lifetimes_s[place] = self._config.lifetime * random.uniform(1 - _LIFETIME_JITTER, 1)

    def look_at(self, place: int, ready: float) -> float:
        """When reason() may have another answer for a worker that has been ready since `ready`; monotonic seconds."""
        due = self._next_look if self._looks else math.inf
        return min(due, ready + self._lifetimes_s[place]) if self._config.lifetime else due

    def looked(self) -> None:
        """All workers have been asked about."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_EVERY_S

    def reason(self, pid: int, place: int, ready: float, board: Board) -> str:
        """Why a worker is to be replaced, in words for the log; "" if it is not."""
        now = time.monotonic()
        if self._config.lifetime and now >= ready + self._lifetimes_s[place]:
            return f"it has lived for {now - ready:.0f} s (--lifetime)"
        if not self._looks or now < self._next_look:
            return ""
        if self._config.max_requests:
            requests = sum(board.read(place, thread).requests for thread in range(board.threads))
            if requests >= self._most_requests[place]:
                return f"it has answered {requests} requests (--max-requests)"
        if self._config.max_memory:
            resident = resident_bytes(pid)
            if resident > self._config.max_memory:
                return f"it has {resident / 2**20:.0f} MiB of memory (--max-memory)"
        return ""


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
