# The Packer of MessagePack: options, and a buffer for autoreset=False.
from libc.stdint cimport uint8_t

from fastnet.codecs.msgpack_pack cimport Options, Writer

cdef class Packer:
    cdef object _default, _errors
    cdef Options _options
    cdef bint _autoreset
    cdef char *_buf
    cdef Py_ssize_t _length, _capacity, _exports
    cdef object _begin(self, Options *options)
    cdef object _end(self, Writer *w)
    cdef object _head(self, const uint8_t *head, size_t n)
    cdef int _append(self, const void *data, Py_ssize_t n) except -1
    cdef int _clear(self) except -1
