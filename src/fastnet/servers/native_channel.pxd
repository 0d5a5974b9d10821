# A connection of the native driver: a non-blocking socket under the pump.
from libc.stdint cimport uint32_t

from fastnet.servers.pump cimport Channel

cdef class NativeChannel(Channel):
    cdef int fd
    cdef bint closed                 # the driver is to take it out of its tables and close the socket
    cdef bint readable               # the kernel may have input: what an edge said, until recv() says otherwise
    cdef bint hung_up                # the peer is done, or the socket broke: read on to the end
    cdef bint yielded                # it stopped for the sake of others
    cdef bint lingering              # all is said; input is read and dropped until the peer is done
    cdef long long _dropped
    cdef int _file
    cdef long long _file_at, _file_left
    # Returns 1 when it stopped for the sake of others: call it again after them; the mask may be 0 then.
    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1
    cdef int _serve(self, char *buf, Py_ssize_t room) except -1
    cdef int _drop_input(self, char *buf, Py_ssize_t room) except -1
    cdef int _failed(self) except -1
    cdef int _flush_file(self) except -1
