# MessagePack-RPC; the C face of fastnet.protocols.rpc_msgpack.
from libc.stdint cimport uint8_t

from fastnet.codecs.msgpack_pack cimport Options
from fastnet.codecs.msgpack_stream cimport Unpacker
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.base cimport Protocol
from fastnet.protocols.rpc cimport Call

cdef class MessagePackRPC(Protocol):
    cdef Unpacker unpacker
    cdef OutBuffer out
    cdef Options options
    cdef object default                  # for `options`, which borrows
    cdef readonly Py_ssize_t max_message
    cdef Py_ssize_t start                # of the message that has not ended, in the stream
    cdef Py_ssize_t began_at             # of the one that `began` is of
    cdef double began, message_timeout, idle_timeout
    cdef object read(self, list message)
    cdef object read_request(self, list message)
    cdef object read_notice(self, list message)
    cdef int put(self, const uint8_t *head, Py_ssize_t n, object value, object last) except -1
    cdef int put_call(self, Call call) except -1
    cdef int put_answer(self, object id, object result, object fault) except -1
