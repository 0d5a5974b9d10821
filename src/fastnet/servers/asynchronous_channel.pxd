# Connections of one asyncio loop.
from cpython.object cimport PyObject

from fastnet.servers.pump cimport Channel, Pump

# What the connections of one loop share, and all of them in a list.
cdef class Hub:
    cdef readonly object loop
    cdef Pump pump
    cdef PyObject *first              # AsynchronousChannel: head of the list of open ones
    cdef readonly long count
    cdef readonly bint draining
    cdef long most                    # connections at once
    cdef int last_fd                  # a socket numbered higher means that descriptors run out
    cdef double next_sweep
    cdef object timer                 # of the next sweep
    cdef object on_full, on_room      # called when accepting must pause, and may go on
    cdef bint full
    cdef double idle_until            # draining: idle connections are closed from then on
    cdef object empty                 # draining: a future, done when no connection is left
    cdef bint flushing                # of the access log is due at the end of this turn
    cdef int flush_log(self) except -1
    cdef int arm(self, double deadline) except -1
    cdef int add(self, AsynchronousChannel channel) except -1
    cdef int remove(self, AsynchronousChannel channel) except -1

cdef class AsynchronousChannel(Channel):
    cdef Hub hub
    cdef object transport
    cdef PyObject *before
    cdef PyObject *after
    cdef double close_at              # when a close that the peer holds up becomes an abort
    cdef Py_ssize_t unsent            # bytes the transport holds, as far as the connection was told
    cdef int dropped                  # bytes, while lingering
    cdef bint lingering, stopped, scheduled
    cdef bint fed                     # it has just read, and nothing was written since: the transport is surely open
    cdef bint tunnels(self) noexcept         # it has switched protocols
    cdef double due(self) noexcept
    cdef int settle_turn(self) except -1
    cdef int schedule(self) except -1
    cdef int drop(self, Py_ssize_t n) except -1
    cdef int take_stock(self) except -1
    cdef int expire_now(self) except -1
    cdef int stop(self) except -1
