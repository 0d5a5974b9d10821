# MessagePack from a stream.
cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport uint64_t

from fastnet.codecs.cmsgpack cimport fn_msgpack_walk
from fastnet.codecs.msgpack_decode cimport Decoder

# fn_msgpack_skip() and fn_msgpack_utf8(), reached through this module, which owns them: see fastnet/msgpack.h.
cdef Py_ssize_t skip(fn_msgpack_walk *walk, const void *buf, size_t n) noexcept nogil
cdef bint is_utf8(const void *buf, size_t n) noexcept nogil

cdef class Unpacker:
    cdef Decoder _decoder
    cdef object _held, _file, _read, _failure
    cdef PyObject *_store                  # a bytes object; bytes from _head to _tail wait
    cdef Py_ssize_t _head, _tail, _size
    cdef bint _own                         # whether _store is our own, and bytes after _tail are free
    cdef Py_ssize_t _max_buffer, _read_size
    cdef Py_ssize_t _offset                # of _head in the stream
    cdef Py_ssize_t _peeked                # bytes after _head that tell() counts already
    cdef int _doing
    cdef bint _busy, _failed, _ended
    cdef fn_msgpack_walk _walk
    cdef uint64_t *_left
    cdef uint64_t _number
    @cython.final
    cdef int _enter(self) except -1
    @cython.final
    cdef int _check(self) except -1
    @cython.final
    cdef void _drop_store(self) noexcept
    @cython.final
    cdef int _add(self, object whole, const void *data, Py_ssize_t n) except -1
    @cython.final
    cdef int _fetch(self) except -1
    @cython.final
    cdef int _feed(self, object data) except -1
    @cython.final
    cdef int _step(self, int doing, PyObject **result) except -1
    @cython.final
    cdef object _next(self, int doing)
    @cython.final
    cdef object _expect(self, int doing)
    @cython.final
    cdef int _begin_skip(self) except -1
    @cython.final
    cdef object _truncated(self)
