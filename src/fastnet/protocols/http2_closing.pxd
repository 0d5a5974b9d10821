# How streams and connections of HTTP/2 end; the middle of an Http2Connection.
from libc.stdint cimport uint32_t

from fastnet.protocols.http2_sender cimport Multiplexer, Stream

cdef enum:
    CONNECTION_WINDOW = 1 << 20
    MOST_WINDOW = 0x7fffffff

cdef class Closing(Multiplexer):
    cdef readonly dict streams          # open ones, by number
    cdef readonly bint goaway_sent
    cdef list _lost                     # streams whose LOST is
    cdef dict _reset                    # keys: numbers of streams that were reset, the latest last: what comes for
                                        # them is dropped
    cdef uint32_t _last_id
    cdef bint _greeted                  # the preface has come
    cdef bint _last_goaway
    cdef long long _room                # bytes that the peer may send on all streams together
    cdef long long _unread              # of those received, not given back
    cdef double _resets, _control       # how many are still allowed
    cdef double _counted_at
    cdef int shut(self) except -1                          # GOAWAY now: no error, no more requests
    cdef int _break(self, uint32_t code) except -1
    cdef int _break_stream(self, uint32_t id, uint32_t code) except -1
    cdef int _remember_reset(self, uint32_t id) except -1
    cdef int _count_reset(self) except -1
    cdef bint _count_control(self, uint32_t weight) noexcept
    cdef int _say_goaway(self, uint32_t last, uint32_t code) except -1
    cdef int _open_window(self) except -1
    cdef int _refill(self) noexcept
