"""Frames whose end is marked: by a delimiter, by the end of a line."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr, memcpy

from fastnet.codecs.cframing cimport FN_DELIMITER_MAX, FN_LINE_CRLF, FN_LINE_LENIENT, FN_LINE_LF, fn_line_end
from fastnet.codecs.framing cimport ByteFraming, check_limit, set_delimiter, set_lines

from fastnet.errors import ConfigError

cdef enum:
    LIMIT_BYTES = 65536

cdef extern from * nogil:
    """
    #include <string.h>
    static int fn_contains(const char *p, size_t n, const char *what, size_t size) {
        for (size_t i = 0; i + size <= n; i++) {
            const char *found = memchr(p + i, what[0], n - size + 1 - i);
            if (found == NULL) return 0;
            i = (size_t)(found - p);
            if (memcmp(found, what, size) == 0) return 1;
        }
        return 0;
    }
    """
    bint fn_contains(const char *p, size_t n, const char *what, size_t size)


cdef int line_end_of(str option, object ending) except -1:
    if ending == "crlf":
        return FN_LINE_CRLF
    if ending == "lf":
        return FN_LINE_LF
    if ending == "lenient":
        return FN_LINE_LENIENT
    raise ConfigError(option, ending, "'crlf', 'lf' or 'lenient'")


@cython.final
cdef class Delimited(ByteFraming):
    """Frames that end with a delimiter, which is not part of them."""

    _options = ("delimiter", "max_frame_bytes")
    cdef readonly bytes delimiter

    def __cinit__(self, delimiter, *, max_frame_bytes=LIMIT_BYTES):
        if not isinstance(delimiter, bytes) or not 1 <= len(delimiter) <= FN_DELIMITER_MAX:
            raise ConfigError("delimiter", delimiter, f"1 to {FN_DELIMITER_MAX} bytes")
        self.delimiter = bytes(delimiter)
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_delimiter(&self.how, PyBytes_AS_STRING(self.delimiter), len(self.delimiter), self.max_frame_bytes)

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(self.delimiter)
        if <size_t>n > self.max_frame_bytes:
            raise ValueError(f"a frame of {n} bytes cannot be sent: the limit is {self.max_frame_bytes}")
        if fn_contains(p, n, PyBytes_AS_STRING(self.delimiter), size) or self._ends_early(p, n):
            raise ValueError(f"a frame cannot contain its delimiter, {self.delimiter!r}")
        return n + size

    cdef bint _ends_early(self, const char *p, Py_ssize_t n):
        """The frame's last bytes and the delimiter's first ones are a delimiter, too."""
        cdef char seam[2 * FN_DELIMITER_MAX]
        cdef Py_ssize_t size = PyBytes_GET_SIZE(self.delimiter), tail = min(n, size - 1)
        memcpy(seam, p + n - tail, tail)
        memcpy(seam + tail, PyBytes_AS_STRING(self.delimiter), size - 1)
        return fn_contains(seam, tail + size - 1, PyBytes_AS_STRING(self.delimiter), size)

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(self.delimiter)
        memcpy(out, p, n)
        memcpy(out + n, PyBytes_AS_STRING(self.delimiter), size)
        return out + n + size


@cython.final
cdef class Lines(ByteFraming):
    """Lines, without their ends."""

    _options = ("ending", "max_frame_bytes")
    cdef readonly str ending

    def __cinit__(self, ending="crlf", *, max_frame_bytes=LIMIT_BYTES):
        cdef int end = line_end_of("ending", ending)
        self.ending = ending
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_lines(&self.how, <fn_line_end>end, self.max_frame_bytes)

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        if <size_t>n > self.max_frame_bytes:
            raise ValueError(f"a line of {n} bytes cannot be sent: the limit is {self.max_frame_bytes}")
        if memchr(p, c'\n', n) != NULL or self.ending != "lf" and memchr(p, c'\r', n) != NULL:
            raise ValueError("a line cannot contain the end of a line")
        return n + (1 if self.ending == "lf" else 2)

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        memcpy(out, p, n)
        if self.ending != "lf":
            out[n] = c'\r'
            n += 1
        out[n] = c'\n'
        return out + n + 1
