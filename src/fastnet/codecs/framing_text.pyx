"""What mail, news and file transfer make of lines: replies with a code, and texts that end with a dot."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memchr, memcpy

from fastnet.codecs.cframing cimport fn_line_end
from fastnet.codecs.framing cimport Framing, check_limit, set_dot, set_reply
from fastnet.codecs.framing_lines cimport line_end_of

from collections import namedtuple

from fastnet.errors import ConfigError

cdef enum:
    LIMIT_BYTES = 65536
    LINE_BYTES = 4096
    TEXT_BYTES = 1 << 20

Reply = namedtuple("Reply", ("code", "lines"))


@cython.final
cdef class Replies(Framing):
    """Replies of one or more lines, each with a code of three digits."""

    _options = ("style", "ending", "max_line_bytes", "max_frame_bytes")
    cdef readonly str style, ending
    cdef readonly size_t max_line_bytes

    def __cinit__(self, style="smtp", *, ending="crlf", max_line_bytes=LINE_BYTES, max_frame_bytes=LIMIT_BYTES):
        cdef int end = line_end_of("ending", ending)
        if style not in ("smtp", "ftp"):
            raise ConfigError("style", style, "'smtp' or 'ftp'")
        self.style, self.ending = style, ending
        self.max_line_bytes = check_limit("max_line_bytes", max_line_bytes, 3)
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes, 5)
        set_reply(&self.how, <fn_line_end>end, style == "ftp", self.max_line_bytes, self.max_frame_bytes)

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef bytes code = PyBytes_FromStringAndSize(p, 3), text = PyBytes_FromStringAndSize(p, n - 1)
        lines = text.split(b"\n")
        if self.ending != "lf":
            lines = [line.removesuffix(b"\r") for line in lines]
        coded = (code + b"-", code + b" ")      # in FTP, lines between the first and the last may not be
        return Reply(int(code), tuple([line[4:] if line.startswith(coded) or line == code else line for line in lines]))

    def encode(self, frame, /):
        code, lines = frame
        lines = tuple(lines)
        head, end = b"%03d" % code, b"\n" if self.ending == "lf" else b"\r\n"
        wire = [head + (b" " if i + 1 == len(lines) else b"-") + line + end for i, line in enumerate(lines)]
        return self.proven(b"".join(wire), (code, lines))

    def encode_many(self, frames, /):
        return b"".join([self.encode(frame) for frame in frames])


@cython.final
cdef class DotStuffed(Framing):
    """Text until a line that holds a dot only; a dot more stands before every other line that begins with one."""

    _options = ("allow_bare", "max_frame_bytes")
    cdef readonly bint allow_bare

    def __cinit__(self, *, allow_bare=False, max_frame_bytes=TEXT_BYTES):
        self.is_bytes = True
        self.allow_bare = allow_bare
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_dot(&self.how, self.allow_bare, self.max_frame_bytes)

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, n)
        cdef char *to = PyBytes_AS_STRING(out)
        cdef Py_ssize_t at = 0, used = 0, size
        while at < n:
            if p[at] == c'.':
                at += 1
            size = line_size(p + at, n - at)
            memcpy(to + used, p + at, size)
            used += size
            at += size
        return out if used == n else out[:used]

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        cdef Py_ssize_t at = 0, size = n
        while at < n:
            size += p[at] == c'.'
            at += line_size(p + at, n - at)
        if n and not ends_line(p, n):
            size += 2
        if <size_t>size > self.max_frame_bytes:
            raise ValueError(f"a text of {size} bytes cannot be sent: the limit is {self.max_frame_bytes}")
        if not self.allow_bare:
            refuse_bare(p, n)
        return size + 3

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        cdef Py_ssize_t at = 0, size
        while at < n:
            if p[at] == c'.':
                out[0] = c'.'
                out += 1
            size = line_size(p + at, n - at)
            memcpy(out, p + at, size)
            out += size
            at += size
        if n and not ends_line(p, n):
            memcpy(out, b"\r\n", 2)
            out += 2
        memcpy(out, b".\r\n", 3)
        return out + 3


cdef bint ends_line(const char *p, Py_ssize_t n) noexcept:
    return n >= 2 and p[n - 2] == c'\r' and p[n - 1] == c'\n'


cdef Py_ssize_t line_size(const char *p, Py_ssize_t n) noexcept:
    """Bytes to the end of the first line, with it; a bare CR or LF ends none."""
    cdef const char *lf
    cdef Py_ssize_t at = 0
    while at < n:
        lf = <const char *>memchr(p + at, c'\n', n - at)
        if lf == NULL:
            return n
        at = lf - p + 1
        if ends_line(p, at):
            return at
    return n


cdef int refuse_bare(const char *p, Py_ssize_t n) except -1:
    cdef Py_ssize_t i
    for i in range(n):
        if (p[i] == c'\n' and (i == 0 or p[i - 1] != c'\r')) or (p[i] == c'\r' and (i + 1 == n or p[i + 1] != c'\n')):
            raise ValueError("a CR or LF stands by itself; lines of a text end with CR LF")
    return 0
