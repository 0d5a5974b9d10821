"""The body of a message in the chunked transfer coding (RFC 9112, section 7.1), by itself: bytes in, bytes out."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, _PyBytes_Resize
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from libc.string cimport memcpy, memset

from fastnet.codecs.chttp1 cimport fn_http1_chunked
from fastnet.codecs.framing_memory cimport fn_give, fn_take
from fastnet.codecs.http1 cimport decode_chunked, make_error

cdef extern from "Python.h":
    PyObject *new_bytes "PyBytes_FromStringAndSize" (const char *p, Py_ssize_t n) except NULL

cdef enum:
    EXTENSIONS_BYTES = 4096


@cython.final
cdef class ChunkedBody:
    """One body being decoded."""
    cdef fn_http1_chunked state
    cdef unsigned int max_extensions_bytes
    cdef int busy
    cdef readonly Py_ssize_t consumed

    def __cinit__(self, *, max_extensions_bytes=EXTENSIONS_BYTES):
        memset(&self.state, 0, sizeof(self.state))
        self.max_extensions_bytes = max_extensions_bytes

    def feed(self, data, /):
        cdef Py_buffer view
        if fn_take(&self.busy):
            raise RuntimeError("this decoder is in use already; let each thread have its own")
        try:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                return self._decode(<const char *>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        finally:
            fn_give(&self.busy)

    cdef object _decode(self, const char *p, Py_ssize_t n):
        # Data never outgrow their chunks and nearly fill them as a rule; what is too much is cut off without a copy.
        cdef PyObject *out = new_bytes(NULL, n)
        cdef char *to = PyBytes_AS_STRING(<object>out)
        cdef Py_ssize_t at = 0, used = 0, step
        cdef size_t start, size
        try:
            while at < n and not self.state.done:
                step = decode_chunked(&self.state, p + at, n - at, self.max_extensions_bytes, &start, &size)
                if step < 0:
                    raise make_error(self.state.error)
                memcpy(to + used, p + at + start, size)
                used += size
                at += step
            self.consumed = at
            _PyBytes_Resize(&out, used)
            return <object>out
        finally:
            Py_XDECREF(out)

    @property
    def done(self):
        return self.state.done != 0
