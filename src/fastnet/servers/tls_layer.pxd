# TLS between a socket and what it carries, without I/O of its own.

cdef class TLSLayer:
    cdef object incoming, outgoing       # ssl.MemoryBIO
    cdef object session                  # ssl.SSLObject
    cdef object engine                   # what that calls with the same arguments, where it can be had
    cdef readonly bint fed               # there may be something to read
    cdef bint tasted                     # since it came, something was read
    cdef bint full                       # that filled all room, so that its record may go on
    cdef bint written                    # there may be something in `outgoing`
    cdef bytes waiting                   # sealed bytes that the socket is being given; None: none
    cdef Py_ssize_t sent                 # of them
    cdef double due                      # when the handshake is to be over
    cdef readonly bint established       # the handshake is over
    cdef readonly bint began             # it had begun
    cdef bint dry                        # the kernel's last answer was short: there is no more to be had
    cdef bint ended                      # close_notify was sent
    cdef int feed(self, bytes data) except -1
    cdef int agree(self) except -1
    cdef Py_ssize_t read(self, object window, Py_ssize_t room) except -2   # 0: the peer's end; -1: nothing yet
    cdef int seal(self, list pieces) except -1
    cdef int seal_one(self, object piece) except -1
    cdef int end(self) except -1
    cdef bytes sealed(self)              # what is to be sent from `sent` on, or None
    cdef Py_ssize_t left(self) except -1  # bytes that are sealed and not sent
    cdef bytes next(self)                # all of that is gone: what comes then
