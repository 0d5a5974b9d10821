# A UDP socket under the native driver.
from fastnet.apps.session cimport ServiceApp
from fastnet.protocols.base cimport DatagramProtocol
from fastnet.servers.pump cimport Pump

cdef class Datagrams:
    cdef object sock                     # the socket, which stays open as long as this object is
    cdef int fd
    cdef bint is_unix
    cdef readonly DatagramProtocol protocol
    cdef ServiceApp app
    cdef object answer                   # the handler, or None
    cdef int claimed                     # see fn_claim
    cdef readonly int running            # coroutines that answer
    cdef readonly double deadline        # when the protocol's timeout is due; inf: never
    cdef bint turning
    cdef bint resuming                   # a call of _resume() is due
    cdef char *memory                    # of the batches; NULL before the first
    cdef list peers                      # of the batch that is being answered
    cdef int serve(self, Pump pump) except -1      # what has come; for one thread at a time
    cdef int expire(self, Pump pump) except -1     # the deadline has passed
    cdef int take(self, int n) except -1
    cdef int receive(self, bytes data, object peer) except -1
    cdef int pull(self) except -1
    cdef int flush(self) except -1
    cdef int send_pieces(self, list queued) except -1
    cdef int send_batch(self, int n, list queued, Py_ssize_t first) except -1
    cdef int replied(self, object event, object result, object error) except -1
    cdef int failed(self, object error) except -1
    cdef int set_deadline(self) except -1
