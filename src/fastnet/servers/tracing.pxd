# What one request went through, moment by moment; and the native driver's connection that tells of it.
from libc.stdint cimport int64_t

from fastnet.protocols.http1 cimport Connection
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport Channel

# One request.
cdef class Way:
    cdef dict at                                  # moment to nanoseconds of CLOCK_MONOTONIC
    cdef str line
    cdef int status
    cdef long long body_bytes

# The requests of one connection. A traced channel calls these from the methods that it overrides.
cdef class Trail:
    cdef Tracer tracer
    cdef object client
    cdef Way way                                  # of the request that is being answered
    cdef list answered_ways                       # of those whose answers are not out yet
    cdef int64_t accepted, woken, first_read, last_read
    cdef int ready(self) noexcept
    cdef int read(self) noexcept
    cdef int parsed(self, Channel channel) except -1
    cdef int answered(self, Connection conn) except -1
    cdef int wrote(self) except -1
    cdef int turned(self, bint all_out) except -1
    cdef int lost(self) except -1
    cdef list under_way(self)

cdef class Tracer:
    cdef dict ways                                # a connection's client to the Way of its request
    cdef int fd
    cdef Trail trail(self)
    cdef int write(self, Way way, object client) except -1

cdef class TracedChannel(NativeChannel):
    cdef Trail trail
