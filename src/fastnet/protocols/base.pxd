# The contract of protocols without I/O; the C face of fastnet.protocols.base. A compiled protocol is a subclass that
# overrides the cpdef methods; whoever drives it calls them without Python in between.

cdef class Protocol:
    # What write() took and data_to_send() has not given yet: `first` alone, as most answers are, or, when there is more,
    # `pieces`, which has it, too. None: nothing.
    cdef object first
    cdef list pieces
    cdef readonly Py_ssize_t queued_bytes
    cdef public double now
    cdef public object peer, local, tls
    cdef public bint tls_available, tls_wanted
    cdef readonly bint eof_received, eof_queued, closing, aborted
    cdef readonly bint opening           # messages cannot be sent yet
    cpdef connection_made(self)
    cpdef receive_data(self, data)
    cpdef receive_eof(self)
    cpdef next_event(self)
    cpdef send(self, event)
    cpdef fail(self, error)
    cpdef data_to_send(self)
    cpdef next_timeout(self)
    cpdef handle_timeout(self, double now)
    cpdef connection_lost(self, error)
    cpdef write(self, data)
    cpdef write_eof(self)
    cpdef start_tls(self, unread)
    cpdef tls_started(self)
    cpdef close(self)
    cpdef drain(self)
    cpdef abort(self)
    cdef int queue(self, object data) except -1      # write() itself, whatever a subclass makes of it

cdef class Pieces(Protocol):
    cdef object piece                    # that came and was not asked for yet; None: nothing

cdef class DatagramProtocol:
    cdef readonly list queued            # (data, peer) that send_datagram() took
    cdef public double now
    cdef public object local
    cpdef receive_datagram(self, data, peer)
    cpdef receive_error(self, error, peer)
    cpdef next_event(self)
    cpdef send(self, event)
    cpdef data_to_send(self)
    cpdef next_timeout(self)
    cpdef handle_timeout(self, double now)
    cpdef send_datagram(self, data, peer)
    cpdef reply(self, event, result)
    cpdef fail(self, event, error)
    # For a compiled protocol that can answer where the datagram lies: the bytes written to room[0:most], 0 for no
    # answer, or -1: it is for receive_datagram(). `name` is the sender's sockaddr, of name_size bytes.
    cdef Py_ssize_t answer_at_once(self, const char *data, Py_ssize_t n, const void *name, Py_ssize_t name_size,
                                   char *room, Py_ssize_t most) except -2

cdef class Datagrams(DatagramProtocol):
    cdef list events
