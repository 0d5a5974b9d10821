"""What workers tell the supervisor, in anonymous memory that they share: one slot a thread, no locks.

Each slot has one writer, the thread it belongs to, and one reader, the supervisor, which looks at it when a request may
have run too long. Numbers are aligned and so never torn; a line read while it changes may be garbled, which a log can
bear. A compiled driver writes through `slot()`; the methods here are for the supervisor and for drivers in Python.
"""

import mmap
from dataclasses import dataclass

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy, memset


@dataclass(frozen=True)
class SlotFacts:
    """One slot, read: times are seconds of CLOCK_MONOTONIC, 0 when there is nothing to tell."""

    since: float
    beat: float
    requests: int
    line: str


@cython.final
cdef class Board:
    """Slots for `workers` processes of `threads` threads each. Make it before the fork."""

    def __cinit__(self, int workers, int threads):
        if workers < 1 or threads < 1:
            raise ValueError("workers and threads must be 1 or more")
        self.workers = workers
        self.threads = threads
        cdef Py_buffer view
        self._memory = mmap.mmap(-1, <Py_ssize_t>workers * threads * sizeof(Slot))
        PyObject_GetBuffer(self._memory, &view, PyBUF_WRITABLE)
        self.slots = <Slot *>view.buf   # stays mapped for as long as _memory, which nobody closes
        PyBuffer_Release(&view)

    cdef Slot *slot(self, int worker, int thread) noexcept:
        return self.slots + worker * self.threads + thread

    cdef Slot *checked(self, int worker, int thread) except NULL:
        if not (0 <= worker < self.workers and 0 <= thread < self.threads):
            raise IndexError(f"no slot ({worker}, {thread}) on a board of {self.workers} x {self.threads}")
        return self.slot(worker, thread)

    def read(self, int worker, int thread):
        """The SlotFacts of a thread. IndexError if there is no such slot."""
        cdef Slot *slot = self.checked(worker, thread)
        line = slot.line[:LINE_SIZE].partition(b"\0")[0]
        return SlotFacts(slot.since, slot.beat, slot.requests, line.decode("latin-1"))

    def begin(self, int worker, int thread, double now, bytes line):
        """A request, described by `line`, begins to be run at `now`."""
        cdef Slot *slot = self.checked(worker, thread)
        cdef Py_ssize_t n = min(len(line), LINE_SIZE - 1)
        memcpy(slot.line, <const char *>line, n)
        slot.line[n] = 0
        slot.since = now

    def end(self, int worker, int thread):
        """The request has been answered."""
        cdef Slot *slot = self.checked(worker, thread)
        slot.since = 0
        slot.requests += 1

    def connected(self, int worker, int thread):
        """A connection has been accepted."""
        self.checked(worker, thread).connections += 1

    def beat(self, int worker, int thread, double now):
        """A sign of life of an event loop; 0: none is to be expected from now on."""
        self.checked(worker, thread).beat = now

    def clear(self, int worker):
        """Forget all that a worker wrote; for the supervisor, before it starts another in its place."""
        memset(self.checked(worker, 0), 0, self.threads * sizeof(Slot))

    def requests(self):
        """Requests answered by the workers of now."""
        cdef Py_ssize_t i
        cdef uint64_t total = 0
        for i in range(self.workers * self.threads):
            total += self.slots[i].requests
        return total

    def connections(self):
        """Connections accepted by the workers of now."""
        cdef Py_ssize_t i
        cdef uint64_t total = 0
        for i in range(self.workers * self.threads):
            total += self.slots[i].connections
        return total
