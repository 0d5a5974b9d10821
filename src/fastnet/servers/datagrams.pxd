# A UDP socket under the native driver.
from libc.stdint cimport uint32_t, uint64_t

from fastnet.apps.session cimport ServiceApp
from fastnet.protocols.base cimport DatagramProtocol
from fastnet.servers.pump cimport Pump

cdef class Datagrams:
    cdef object sock                     # the socket, which stays open as long as this object is
    cdef int fd
    cdef bint is_unix
    cdef bint python_input, plain_events # the protocol's receive_datagram() is Python's; it has no events
    cdef readonly DatagramProtocol protocol
    cdef ServiceApp app
    cdef object answer                   # the handler, or None
    cdef int claimed                     # see fn_claim
    cdef readonly int running            # coroutines that answer
    cdef readonly double deadline        # when the protocol's timeout is due; inf: never
    cdef bint turning
    cdef bint resuming                   # a call of _resume() is due
    cdef char *memory                    # of the batches; NULL before the first
    # Addresses of IPv4 met before, each at a place that follows from it; and where an address's object stands.
    cdef uint64_t known[256]             # address and port as the network has them; 0: nobody
    cdef list known_peers                # the same as objects
    cdef unsigned char places[256]       # by the object's own address
    cdef int serve(self, Pump pump) except -1      # what has come; for one thread at a time
    cdef int expire(self, Pump pump) except -1     # the deadline has passed
    cdef int take(self, int n) except -1
    cdef object peer_at(self, const void *name, uint32_t size)
    cdef uint32_t name_at(self, object peer, void *name) except? 0
    cdef int receive(self, bytes data, object peer) except -1
    cdef int pull(self) except -1
    cdef int flush(self) except -1
    cdef int send_pieces(self, list queued) except -1
    cdef int send_batch(self, int n, list queued, Py_ssize_t first) except -1
    cdef int replied(self, object event, object result, object error) except -1
    cdef int failed(self, object error) except -1
    cdef int set_deadline(self) except -1
