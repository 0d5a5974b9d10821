"""COBS: frames of any bytes that end with a zero, of which no other is sent. The shape of serial lines."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from fastnet.codecs.framing cimport Framing, check_limit, set_delimiter

from fastnet.errors import LimitExceeded, ProtocolError

cdef extern from "fastnet/cobs.h" nogil:
    size_t FN_COBS_ROOM(size_t n)
    size_t fn_cobs_encode(char *out, const char *buf, size_t n)
    Py_ssize_t fn_cobs_decode(char *out, const char *buf, size_t n)

cdef enum:
    LIMIT_BYTES = 65536


@cython.final
cdef class COBS(Framing):
    """Frames of any bytes, stuffed so that a zero ends each."""

    _options = ("max_frame_bytes",)

    def __cinit__(self, *, max_frame_bytes=LIMIT_BYTES):
        self.is_bytes = True
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_delimiter(&self.how, b"\0", 1, FN_COBS_ROOM(self.max_frame_bytes))

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef bytes out
        cdef Py_ssize_t size
        if n == 0:
            return None
        out = PyBytes_FromStringAndSize(NULL, n)
        size = fn_cobs_decode(PyBytes_AS_STRING(out), p, n)
        if size < 0:
            raise ProtocolError("a frame is not stuffed as COBS has it")
        if <size_t>size > self.max_frame_bytes:
            raise LimitExceeded(f"a frame has {size} bytes; the limit is {self.max_frame_bytes}", 413)
        return out[:size]

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        if <size_t>n > self.max_frame_bytes:
            raise ValueError(f"a frame of {n} bytes cannot be sent: the limit is {self.max_frame_bytes}")
        return FN_COBS_ROOM(n) + 1

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        out += fn_cobs_encode(out, p, n)
        out[0] = 0
        return out + 1
