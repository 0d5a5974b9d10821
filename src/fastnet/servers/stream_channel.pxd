# A connection of a service under the native driver.
from libc.stdint cimport uint32_t

from fastnet.apps.session cimport ServiceApp, Session
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.servers.hub cimport Hub
from fastnet.servers.native_channel cimport NativeChannel
from fastnet.servers.pump cimport Pump

cdef class StreamChannel(NativeChannel):
    cdef Hub hub
    cdef uint32_t generation         # of this connection's place
    cdef Session session             # None before the first turn
    cdef OutBuffer out               # what the socket would not take yet; None: nothing
    cdef Py_ssize_t unsent           # bytes of it
    cdef double deadline
    cdef double write_since          # when the socket was first full, since it last was not
    cdef long long window            # bytes it took since then
    cdef bint half_closed            # shutdown(SHUT_WR) was called
    cdef bint at_eof
    cdef bint begun                  # the protocol knows of the connection
    cdef int converse(self, char *buf, Py_ssize_t room) except -1
    cdef int crank(self) except -1
    cdef int fail_socket(self) except -1
    cdef int write_one(self, object piece) except -1
    cdef int write(self, list pieces) except -1
    cdef int write_rest(self) except -1
    cdef int write_sealed(self) except -1
    cdef int keep(self, list pieces, Py_ssize_t sent) except -1
    cdef int set_deadline(self) except -1
    cdef bint wants_input(self) noexcept

cdef StreamChannel new_stream_channel(Hub hub, Pump pump)
