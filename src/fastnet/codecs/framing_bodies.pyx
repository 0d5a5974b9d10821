"""Lines that tell of bytes behind them: a body that is counted, as memcached and NATS have it; IMAP's literals."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Calloc, PyMem_Free

from fastnet.codecs.cframing cimport fn_frame, fn_framing_word, fn_line_end
from fastnet.codecs.framing cimport Framing, check_limit, set_counted, set_literals, split_counted, split_literals
from fastnet.codecs.framing_lines cimport line_end_of

from fastnet.errors import ConfigError

cdef enum:
    LIMIT_BYTES = 1 << 20
    LINE_BYTES = 4096
    LITERAL_LINE_BYTES = 8192    # RFC 7162, section 4
    MOST_WORDS = 64


@cython.final
cdef class CountedBody(Framing):
    """Lines, of which some, told by their first word, have a body whose length is one of their words."""

    _options = ("words", "ending", "ignore_case", "max_line_bytes", "max_frame_bytes")
    cdef readonly tuple words
    cdef readonly str ending
    cdef readonly bint ignore_case
    cdef readonly size_t max_line_bytes
    cdef fn_framing_word *table

    def __cinit__(self, words, *, ending="crlf", ignore_case=False, max_line_bytes=LINE_BYTES,
                  max_frame_bytes=LIMIT_BYTES):
        cdef int end = line_end_of("ending", ending), i
        expected = f"up to {MOST_WORDS} words of 1 to 255 bytes and, for each, an index from -1 to 127, not 0"
        try:
            self.words = tuple(dict(words).items())
        except (TypeError, ValueError):
            raise ConfigError("words", words, expected) from None
        if len(self.words) > MOST_WORDS:
            raise ConfigError("words", words, expected)
        for word, index in self.words:
            if (not isinstance(word, bytes) or not 1 <= len(word) <= 255 or word.split() != [word]
                    or not isinstance(index, int) or not -1 <= index <= 127 or index == 0):
                raise ConfigError("words", words, expected)
        self.ending, self.ignore_case = ending, ignore_case
        self.max_line_bytes = check_limit("max_line_bytes", max_line_bytes)
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        self.table = <fn_framing_word *>PyMem_Calloc(len(self.words) + 1, sizeof(fn_framing_word))
        if self.table == NULL:
            raise MemoryError(f"no memory for {len(self.words)} words")
        for i, (word, index) in enumerate(self.words):
            self.table[i].word = PyBytes_AS_STRING(word)     # kept alive by self.words
            self.table[i].len, self.table[i].index = len(word), index
        set_counted(&self.how, <fn_line_end>end, self.table, len(self.words), self.ignore_case, self.max_line_bytes,
                    self.max_frame_bytes)

    def __dealloc__(self):
        PyMem_Free(self.table)

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef fn_frame line, body
        cdef bint has_body = split_counted(&self.how, p, n, &line, &body)
        return (PyBytes_FromStringAndSize(p, line.end),
                PyBytes_FromStringAndSize(p + body.start, body.end - body.start) if has_body else None)

    def encode(self, frame, /):
        line, body = frame
        end = b"\n" if self.ending == "lf" else b"\r\n"
        return self.proven(line + end if body is None else b"".join([line, end, body, end]), (line, body))

    def encode_many(self, frames, /):
        return b"".join([self.encode(frame) for frame in frames])


@cython.final
cdef class LinesWithLiterals(Framing):
    """Lines in which bytes of any kind stand, behind their number: IMAP's literals."""

    _options = ("non_synchronizing", "max_line_bytes", "max_frame_bytes")
    cdef readonly bint non_synchronizing
    cdef readonly size_t max_line_bytes

    def __cinit__(self, *, non_synchronizing=False, max_line_bytes=LITERAL_LINE_BYTES, max_frame_bytes=LIMIT_BYTES):
        self.non_synchronizing = non_synchronizing
        self.max_line_bytes = check_limit("max_line_bytes", max_line_bytes)
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_literals(&self.how, self.max_line_bytes, self.max_frame_bytes)

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef size_t at = 0
        cdef fn_frame text, literal
        parts = []
        while True:
            found = split_literals(p, n, &at, &text, &literal)
            parts.append(PyBytes_FromStringAndSize(p + text.start, text.end - text.start))
            if not found:
                return tuple(parts)
            parts.append(PyBytes_FromStringAndSize(p + literal.start, literal.end - literal.start))

    def encode_pieces(self, frame, /):
        parts = tuple(frame)
        if len(parts) % 2 == 0:
            raise ValueError(f"text, literal, text and so on expected, text at the end; there are {len(parts)} parts")
        mark = b"%s{%d+}\r\n" if self.non_synchronizing else b"%s{%d}\r\n"
        pieces, before = [], b""
        for i in range(0, len(parts) - 1, 2):
            pieces.append(before + mark % (parts[i], len(parts[i + 1])))
            before = parts[i + 1]
        pieces.append(before + parts[len(parts) - 1] + b"\r\n")
        self.proven(b"".join(pieces), parts)
        return pieces

    def encode(self, frame, /):
        return b"".join(self.encode_pieces(frame))

    def encode_many(self, frames, /):
        return b"".join([self.encode(frame) for frame in frames])
