# Connections of memcached's protocol. The C face of fastnet.protocols.memcache: a server that answers by itself is a
# subclass of ServerConnection that overrides answer().
from fastnet.codecs.cmemcache cimport fn_memcache_request
from fastnet.codecs.memcache cimport ReplyDecoder, RequestDecoder
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.base cimport Protocol

cdef class ServerConnection(Protocol):
    cdef RequestDecoder decoder
    cdef OutBuffer out
    cdef bytes lent
    cdef double due, request_timeout_s, idle_timeout_s
    cdef readonly Py_ssize_t max_output_bytes
    # Offsets of `request` are from `message`. True: answered into self.out; False: it becomes an event.
    cdef bint answer(self, const char *message, const fn_memcache_request *request) except -1
    cdef int _flush(self) except -1

cdef class Values:
    cdef readonly dict values, flags, cas

cdef class ClientConnection(Protocol):
    cdef ReplyDecoder decoder
    cdef bytes lent
    cdef object shapes                # deque of what the replies that are due look like
    cdef Values values
    cdef dict stats
    cdef Py_ssize_t asked_at          # keys of the reply that is being read which lie before this one were looked at
    cdef dict asked
    cdef readonly size_t max_reply_bytes
    cdef size_t reply_bytes
    cdef object _read(self)
    cdef object _name(self, list asked, const char *key, size_t n)
    cdef int _done(self) except -1
