# What workers tell the supervisor, in memory shared between them: one slot a thread.
from libc.stdint cimport uint64_t

cdef enum:
    LINE_SIZE = 168         # makes a slot seven cache lines, so that no two threads write to the same one
    N_CLASSES = 6           # of status codes, by their first digit; 0: none was sent
    N_ERRORS = 5            # see ERRORS
    N_BUCKETS = 16          # of durations: those of BOUNDS, and one for what is longer
    N_REASONS = 6           # see REASONS

# By kind, the index into `errors`.
cdef enum:
    REFUSED = 0             # no request that could be read, or one over a limit: answered without the application
    LATE = 1                # a deadline passed in the middle of a request or answer
    LEFT = 2                # the client left before its answer was complete
    HANDSHAKE = 3           # TLS was not agreed on
    NO_FILES = 4            # a connection could not be accepted for want of file descriptors or memory

cdef extern from *:
    """
    static const double fn_bounds[15] = {.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10};
    """
    const double fn_bounds[15]

cdef struct Slot:
    double since            # CLOCK_MONOTONIC seconds when the request being run began; 0: none is run
    double beat             # an event loop's last sign of life; 0: this thread gives none (native driver)
    uint64_t requests       # answered so far
    uint64_t accepted       # connections
    uint64_t closed
    uint64_t received       # bytes
    uint64_t sent           # bytes of the bodies of answers
    uint64_t answers[N_CLASSES]
    uint64_t errors[N_ERRORS]
    double seconds          # that all answers took together
    uint64_t latency[N_BUCKETS]
    char line[LINE_SIZE]    # "GET /path" of the request being run, cut, NUL-terminated; write it before `since`

# Written by the supervisor alone.
cdef struct Header:
    uint64_t edition        # odd while counters move from a slot to `past`
    uint64_t replaced[N_REASONS]
    uint64_t draining
    uint64_t unused[8 - 2]  # to the next cache line

cdef struct Place:
    int state               # index into STATES
    int pid

cdef inline void count_answer(Slot *slot, int status, double seconds, long long sent) noexcept nogil:
    """An HTTP request has been answered; seconds: since its head had come; sent: bytes of the body."""
    cdef int i = 0
    slot.requests += 1
    slot.answers[status // 100 if 0 < status < 600 else 0] += 1
    slot.seconds += seconds
    slot.sent += <uint64_t>sent
    while i < N_BUCKETS - 1 and seconds > fn_bounds[i]:
        i += 1
    slot.latency[i] += 1

cdef class Board:
    cdef Slot *slots
    cdef Slot *past         # what workers that have ended had counted
    cdef Header *header
    cdef Place *places
    cdef readonly int workers, threads
    cdef object _memory
    cdef Slot *slot(self, int worker, int thread) noexcept
    cdef Slot *checked(self, int worker, int thread) except NULL
