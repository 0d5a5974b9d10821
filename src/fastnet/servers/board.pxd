# What workers tell the supervisor, in memory shared between them: one slot a thread.
from libc.stdint cimport uint64_t

cdef enum:
    LINE_SIZE = 160         # makes a slot three cache lines, so that no two threads write to the same one

cdef struct Slot:
    double since            # CLOCK_MONOTONIC seconds when the request being run began; 0: none is run
    double beat             # an event loop's last sign of life; 0: this thread gives none (native driver)
    uint64_t requests       # answered so far
    uint64_t connections    # accepted so far
    char line[LINE_SIZE]    # "GET /path" of the request being run, cut, NUL-terminated; write it before `since`

cdef class Board:
    cdef Slot *slots
    cdef readonly int workers, threads
    cdef object _memory
    cdef Slot *slot(self, int worker, int thread) noexcept
    cdef Slot *checked(self, int worker, int thread) except NULL
