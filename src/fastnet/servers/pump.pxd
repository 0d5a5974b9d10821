# The one pump: bytes -> Connection -> app -> bytes, whatever the driver.
from fastnet.apps.base cimport App, Carrier
from fastnet.codecs.http1 cimport Request
from fastnet.protocols.workspace cimport Workspace
from fastnet.servers.board cimport Slot

cdef extern from "<time.h>" nogil:
    const int CLOCK_MONOTONIC, CLOCK_REALTIME
    struct timespec:
        long long tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec *to)

cdef enum:
    SHARE_OVER = 100        # beside the events of a Connection: more is to be done, but others come first

cdef double clock(int which) noexcept nogil     # seconds

cdef inline bint is_client_hello(const char *data, Py_ssize_t n) noexcept nogil:
    """Whether the first bytes of a client (n > 0) look like TLS: a record of its handshake (RFC 8446, section 5.1)."""
    return data[0] == 0x16 and n > 1 and data[1] == 3

# What the channels of one thread or loop share.
cdef class Pump:
    cdef Workspace ws
    cdef App app
    cdef Slot *slot                    # this thread's place on the board; NULL: none
    cdef readonly object access        # an AccessLog, or None
    cdef readonly object multiplex     # what makes the Streams of a channel whose client speaks HTTP/2; None: nothing does
    cdef readonly object tracer        # a Tracer, or None: who accepts looks here, and makes the channel accordingly
    cdef bytes landing                 # what is read into: see native_channel.landing_place()
    cdef object window                 # a memoryview of the memory at window_at, or None
    cdef char *window_at
    cdef int copies, copies_next       # reads that are not to use it, from now on and after it was kept again
    cdef double _date_due              # when the date line is to be looked at again
    cdef int opened(self) noexcept     # a connection; the board is told, as by the next two
    cdef int closed(self) noexcept
    cdef int count(self, int error) noexcept
    cdef double tick(self) noexcept    # read the clock: sets ws.now, renews the date; returns now

# What takes the place of a channel's exchange when there may be several at once.
cdef class Streams:
    cdef int pull(self) except -1      # events into exchanges, until there are none; returns the last one
    cdef int lost(self) except -1      # the socket is gone: tell the exchanges

# A connection as the pump sees it. A driver subclasses it and overrides flush() and finish().
cdef class Channel(Carrier):
    cdef Pump pump
    cdef Streams streams               # of HTTP/2; None: the connection is HTTP/1.1's
    cdef tuple record                  # of the request being answered, if there is an access log: see _begin_record
    cdef double began                  # of the request being answered: when its head had come
    cdef int late(self) noexcept       # a deadline has passed: count it, unless the connection was idle
    cdef bint turning                  # turn() is on the stack
    cdef bint again                    # proceed() was called meanwhile
    cdef bint blocked                  # set by flush(): output waits for the peer to read
    cdef bint busy                     # set by flush(): there is more to send, but others come first
    cdef bint finished                 # finish() was called
    cdef object client_name(self)      # for the log
    cdef int enter(self, Pump pump) except -1                       # this thread serves the channel now
    cdef int feed(self, const char *data, Py_ssize_t n) except -1   # bytes were read
    cdef int feed_end(self) except -1                               # EOF was read
    cdef int turn(self) except -1      # turn the crank until nothing moves: events, app, output
    cdef int expire(self) except -1                                 # conn.deadline has passed
    cdef int lost(self) except -1                                   # the socket is gone: tell the exchange
    cdef bint idle(self) noexcept      # nothing of a request has come, and nothing of an answer is to go
    cdef int finish(self) except -1    # driver: the conversation is over; conn.aborted, conn.linger say how to close
    cdef int _pull(self) except -1
    cdef int _open(self) except -1
    cdef bint _tunnel(self) except -1
    cdef int time_is_up(self) except -1
    cdef int _answered(self) except -1
    cdef int _running(self) noexcept
    cdef int _idle(self) noexcept
    cdef tuple _begin_record(self, Request request)
    cdef int _log(self) except -1
    cdef int _show(self, Request request) noexcept                  # on the board: this is what runs
    cdef int _write_record(self, tuple record, int status, long long answer_bytes) except -1
