"""Packer, with the options and methods of msgpack-python 1.x.

Packing changes nothing in the Packer but, with autoreset=False, its buffer, to which whole results are added. So
threads may share one, and `default` may use it again.
"""

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from fastnet.codecs.cmsgpack cimport FN_MSGPACK_HEAD_MAX, fn_msgpack_put_array, fn_msgpack_put_map
from fastnet.codecs.msgpack_pack cimport (
    Options, Writer, read_options, write_ext, write_head, write_map, write_object, writer_drop, writer_init,
    writer_take,
)

cdef enum:
    FIRST_BYTES = 2048
    LENGTH_MOST = 0xffffffff


cdef class Packer:
    """Packs objects one by one, with options that hold for all of them."""

    def __init__(self, *, default=None, bint use_single_float=False, bint autoreset=True, bint use_bin_type=True,
                 bint strict_types=False, bint datetime=False, unicode_errors=None, buf_size=None):
        cdef Options options
        cdef Py_ssize_t bytes_at_first = 0 if buf_size is None else buf_size
        if bytes_at_first < 0:
            raise ValueError(f"buf_size must not be negative, as {bytes_at_first} is")
        read_options(&options, default, unicode_errors, use_single_float, use_bin_type, strict_types, datetime)
        with cython.critical_section(self):
            self._default = default
            self._errors = unicode_errors
            self._options = options
            self._autoreset = autoreset

    def __dealloc__(self):
        PyMem_Free(self._buf)

    cdef object _begin(self, Options *options):
        """The options, and what the caller must hold while it uses them: __init__ may be called once more."""
        with cython.critical_section(self):
            if self._exports:
                raise BufferError("Existing exports of data: Packer cannot be changed")
            options[0] = self._options
            if options.default == NULL and options.errors == NULL:
                return None
            return self._default, self._errors

    cdef object _end(self, Writer *w):
        if self._autoreset:
            return writer_take(w)
        try:
            with cython.critical_section(self):
                self._append(w.begin, w.at - w.begin)
        finally:
            writer_drop(w)
        return None

    cdef int _append(self, const void *data, Py_ssize_t n) except -1:
        cdef Py_ssize_t capacity
        cdef char *buf
        if self._exports:
            raise BufferError("Existing exports of data: Packer cannot be changed")
        if self._capacity - self._length < n:
            capacity = 2 * self._length + n + 256
            buf = <char *>PyMem_Realloc(self._buf, capacity)
            if buf == NULL:
                raise MemoryError()
            self._buf = buf
            self._capacity = capacity
        if n:                              # there may be no buffer yet
            memcpy(self._buf + self._length, data, n)
            self._length += n
        return 0

    cdef int _clear(self) except -1:
        with cython.critical_section(self):
            if self._exports:
                raise BufferError("Existing exports of data: Packer cannot be changed")
            self._length = 0
        return 0

    def pack(self, obj):
        cdef uint8_t first[FIRST_BYTES]
        cdef Options options
        cdef Writer w
        held = self._begin(&options)
        writer_init(&w, &options, first, FIRST_BYTES, False)
        if self._autoreset:
            write_object(&w, obj)
            return writer_take(&w)
        try:
            write_object(&w, obj)
        except:
            self._clear()
            raise
        return self._end(&w)

    def pack_into(self, obj, buffer, Py_ssize_t offset=0):
        cdef Options options
        cdef Writer w
        cdef Py_buffer view
        held = self._begin(&options)
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        try:
            if offset < 0 or offset > view.len:
                raise ValueError(f"offset {offset} is outside of a buffer of {view.len} bytes")
            writer_init(&w, &options, <char *>view.buf + offset, view.len - offset, True)
            write_object(&w, obj)
            return w.at - w.begin
        finally:
            PyBuffer_Release(&view)

    def pack_array_header(self, long long size):
        cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
        if size < 0:
            raise ValueError("array size must be non-negative")
        if size > LENGTH_MOST:
            raise ValueError("array too large")
        return self._head(head, fn_msgpack_put_array(head, <uint32_t>size))

    def pack_map_header(self, long long size):
        cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
        if size < 0:
            raise ValueError("map size must be non-negative")
        if size > LENGTH_MOST:
            raise ValueError("map too large")
        return self._head(head, fn_msgpack_put_map(head, <uint32_t>size))

    cdef object _head(self, const uint8_t *head, size_t n):
        cdef uint8_t first[FN_MSGPACK_HEAD_MAX]
        cdef Options options
        cdef Writer w
        self._begin(&options)
        writer_init(&w, &options, first, FN_MSGPACK_HEAD_MAX, False)
        write_head(&w, head, n)
        return self._end(&w)

    def pack_ext_type(self, typecode, data):
        cdef uint8_t first[FIRST_BYTES]
        cdef Options options
        cdef Writer w
        self._begin(&options)
        writer_init(&w, &options, first, FIRST_BYTES, False)
        write_ext(&w, typecode, data)
        return self._end(&w)

    def pack_map_pairs(self, pairs):
        cdef uint8_t first[FIRST_BYTES]
        cdef Options options
        cdef Writer w
        held = self._begin(&options)
        writer_init(&w, &options, first, FIRST_BYTES, False)
        write_map(&w, pairs)
        return self._end(&w)

    def bytes(self):
        with cython.critical_section(self):
            return self._buf[:self._length]

    def reset(self):
        self._clear()

    def getbuffer(self):
        return memoryview(self)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        with cython.critical_section(self):
            # An empty buffer has memory, too: a NULL is not for everybody.
            if self._buf == NULL:
                self._append(b"", 0)
            PyBuffer_FillInfo(buffer, self, self._buf, self._length, 1, flags)
            self._exports += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        with cython.critical_section(self):
            self._exports -= 1
