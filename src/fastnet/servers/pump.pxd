# The one pump: bytes -> Connection -> app -> bytes, whatever the driver.
from fastnet.apps.base cimport App, Carrier

cdef class Channel(Carrier):
    cdef App app
    cdef bint turning                  # turn() is on the stack
    cdef int feed(self, const char *data, Py_ssize_t n) except -1   # bytes were read: receive, turn, settle, flush
    cdef int feed_end(self) except -1                               # EOF was read
    cdef int turn(self) except -1                                   # events until none, into the exchange
    cdef int expire(self) except -1                                 # conn.deadline has passed
    cdef int after_write(self, Py_ssize_t n) except -1              # the driver sent n bytes of conn.out
    cdef int close_lost(self) except -1                             # the socket is gone: tell the exchange
    # a driver overrides flush(), abort() of Carrier, and:
    cdef int finish(self) except -1    # conn is CLOSED and conn.out is empty: close the socket (lingering as needed)
    cdef int reading(self, bint on) except -1                       # conn wants (no) more input
