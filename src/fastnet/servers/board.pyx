"""What workers tell the supervisor, in anonymous memory that they share: one slot a thread, no locks.

Each slot has one writer, the thread it belongs to, and one reader, the supervisor, which looks at it when a request may
have run too long. Numbers are aligned and so never torn; a line read while it changes may be garbled, which a log can
bear. A compiled driver writes through `slot()`; the methods here are for the supervisor and for drivers in Python.

The counters in the slots are what metrics are made of. When a worker has ended, the supervisor moves them to a slot of
the past, so that no total ever goes back. It also writes here what it alone knows: the state of each worker, and why
workers were replaced. A process that shows metrics reads all that, and asks nobody.
"""

import mmap
import time
from dataclasses import dataclass

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy, memset


# Upper bounds of the buckets of durations, in seconds.
BOUNDS = tuple([fn_bounds[i] for i in range(N_BUCKETS - 1)])
ERRORS = ("refused", "late", "left", "handshake", "no_files")
REASONS = ("reload", "max_requests", "max_memory", "lifetime", "died", "stuck")
STATES = ("down", "starting", "ready", "retiring")

cdef extern from *:
    """
    #define fn_next_edition(p) __atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST)
    #define fn_look(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
    """
    uint64_t barrier "fn_next_edition"(uint64_t *edition) noexcept nogil
    uint64_t look "fn_look"(uint64_t *edition) noexcept nogil


@dataclass(frozen=True)
class SlotFacts:
    """One slot, read: times are seconds of CLOCK_MONOTONIC, 0 when there is nothing to tell."""

    since: float
    beat: float
    requests: int
    line: str


@dataclass(frozen=True)
class Totals:
    """What all workers of a server, those that have ended among them, have counted; and what is at this moment.

    `answers` are by the first digit of the status, `errors` by kind, `latency` by bucket (not cumulated), `replaced` by
    reason; `busy` is the number of threads that run a request, `oldest_s` the age of the oldest of these.
    """

    requests: int
    accepted: int
    received: int
    sent: int
    seconds: float
    answers: tuple[int, ...]
    errors: dict[str, int]
    latency: tuple[int, ...]
    replaced: dict[str, int]
    connections: int
    busy: int
    oldest_s: float


cdef void add(Slot *to, Slot *what) noexcept:
    cdef int i
    to.requests += what.requests
    to.accepted += what.accepted
    to.closed += what.closed
    to.received += what.received
    to.sent += what.sent
    to.seconds += what.seconds
    for i in range(N_CLASSES):
        to.answers[i] += what.answers[i]
    for i in range(N_ERRORS):
        to.errors[i] += what.errors[i]
    for i in range(N_BUCKETS):
        to.latency[i] += what.latency[i]


@cython.final
cdef class Board:
    """Slots for `workers` processes of `threads` threads each. Make it before the fork."""

    def __cinit__(self, int workers, int threads):
        if workers < 1 or threads < 1:
            raise ValueError("workers and threads must be 1 or more")
        self.workers = workers
        self.threads = threads
        cdef Py_buffer view
        cdef Py_ssize_t n_slots = <Py_ssize_t>workers * threads + 1
        self._memory = mmap.mmap(-1, n_slots * sizeof(Slot) + sizeof(Header) + workers * sizeof(Place))
        PyObject_GetBuffer(self._memory, &view, PyBUF_WRITABLE)
        self.slots = <Slot *>view.buf   # stays mapped for as long as _memory, which nobody closes
        self.past = self.slots + n_slots - 1
        self.header = <Header *>(self.slots + n_slots)
        self.places = <Place *>(self.header + 1)
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
        self.checked(worker, thread).accepted += 1

    def disconnected(self, int worker, int thread):
        """One is closed."""
        self.checked(worker, thread).closed += 1

    def rest(self, int worker, int thread):
        """What began is over, but its answer is counted elsewhere."""
        self.checked(worker, thread).since = 0

    def beat(self, int worker, int thread, double now):
        """A sign of life of an event loop; 0: none is to be expected from now on."""
        self.checked(worker, thread).beat = now

    def clear(self, int worker):
        """Forget all that a worker wrote, but for its counters; for the supervisor, when its process has ended."""
        cdef Slot *slots = self.checked(worker, 0)
        cdef int i
        barrier(&self.header.edition)
        for i in range(self.threads):
            slots[i].closed = slots[i].accepted        # by the end of the process
            add(self.past, &slots[i])
        memset(slots, 0, self.threads * sizeof(Slot))
        barrier(&self.header.edition)

    def requests(self):
        """Requests answered by all workers that there have been."""
        return self.totals().requests

    def connections(self):
        """Connections accepted by all workers that there have been."""
        return self.totals().accepted

    def totals(self):
        """The Totals of this moment; for any process."""
        cdef Slot sum
        cdef Slot *slot
        cdef uint64_t edition
        cdef Py_ssize_t i
        cdef int busy
        cdef double oldest, now
        while True:
            edition = look(&self.header.edition)
            sum, busy, oldest = self.past[0], 0, 0.0
            now = time.monotonic()
            for i in range(self.workers * self.threads):
                slot = self.slots + i
                add(&sum, slot)
                if slot.since > 0:
                    busy += 1
                    oldest = max(oldest, now - slot.since)
            if edition % 2 == 0 and look(&self.header.edition) == edition:
                break
            time.sleep(0)
        return Totals(
            sum.requests, sum.accepted, sum.received, sum.sent, sum.seconds,
            tuple([sum.answers[i] for i in range(N_CLASSES)]),
            {name: sum.errors[i] for i, name in enumerate(ERRORS)},
            tuple([sum.latency[i] for i in range(N_BUCKETS)]),
            {name: self.header.replaced[i] for i, name in enumerate(REASONS)},
            max(0, <long long>(sum.accepted - sum.closed)), busy, oldest,
        )

    # --- the supervisor's own ----------------------------------------------------------------------------------------

    def set_state(self, int worker, str state, int pid):
        """What the supervisor knows of a worker: its state, of STATES, and its process, 0 if there is none."""
        self.checked(worker, 0)
        self.places[worker].state, self.places[worker].pid = STATES.index(state), pid

    def state(self, int worker):
        """(state, pid) of a worker, as the supervisor wrote them."""
        self.checked(worker, 0)
        return STATES[self.places[worker].state], self.places[worker].pid

    def count_replaced(self, str reason):
        """A worker is replaced, for one of REASONS."""
        self.header.replaced[REASONS.index(reason)] += 1

    def set_draining(self):
        """The whole server is about to end."""
        self.header.draining = 1

    def draining(self):
        """Whether it is."""
        return self.header.draining != 0
