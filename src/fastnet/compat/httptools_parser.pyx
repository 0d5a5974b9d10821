"""The parsers of httptools (feed bytes, get callbacks) over fastnet's strict HTTP/1.1 parser (RFC 9112).

A head is parsed in one C call once it is complete, and its callbacks follow each other then; only on_message_begin
comes with the first byte. So on_url and on_status are called once a message, where httptools calls them once a piece,
and a head that is refused has called nothing else. Body callbacks come as the bytes do.

What fastnet.compat.httptools documents as refused is refused with HttpParserError; nothing is let through silently. A
parser that is fed by two threads at once, or from its own callback, raises RuntimeError.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy, memset

from fastnet.codecs cimport chttp1 as c
from fastnet.codecs.chttp1 cimport fn_http1_chunked, fn_http1_field, fn_http1_head, fn_http1_limits
from fastnet.codecs.http1 cimport (decode_chunked, error_text, init_head, parse_request_head, parse_response_head,
                                   parse_trailer_section)
from fastnet.codecs.http1_names cimport NameEntry, NameTable

from fastnet.codecs.http1 import parse_url as split_url
from fastnet.codecs.http1_names import COMMON
from fastnet.errors import ConfigError, FastnetError, ProtocolError

cdef extern from *:
    """
    static inline int fn_door_take(int *flag) { return __atomic_exchange_n(flag, 1, __ATOMIC_ACQUIRE); }
    static inline void fn_door_give(int *flag) { __atomic_store_n(flag, 0, __ATOMIC_RELEASE); }
    static inline PyObject *fn_call_two(PyObject *f, PyObject *a, PyObject *b)
    {
        PyObject *args[3] = {NULL, a, b};
        return PyObject_Vectorcall(f, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    """
    bint take "fn_door_take"(int *flag) noexcept nogil
    void give "fn_door_give"(int *flag) noexcept nogil
    object call_two "fn_call_two"(object f, object a, object b)

cdef extern from "Python.h":
    object PyObject_CallNoArgs(object f)
    object PyObject_CallOneArg(object f, object a)

cdef enum:
    MAX_URL = 65535            # httptools' own limit
    METHOD_ROOM = 32
    MAX_TRAILERS = 64          # field lines in a trailer section
    MAX_TRAILER_BYTES = 8192
    MAX_EXTENSIONS = 4096      # bytes of chunk extensions in one body
    MOST_KEPT = 16384          # bytes copied at a time, since a body may follow that need not be
    KEEP_ROOM = 1024           # the smallest buffer for a head that came in pieces

cdef enum State:
    IN_HEAD, IN_LENGTH, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, IN_TRAILERS, IN_UNTIL_EOF, IN_CLOSED


class HttpParserError(FastnetError):
    """The input is not HTTP as fastnet accepts it."""


class HttpParserCallbackError(HttpParserError):
    """A callback raised: its exception is the __context__ of this one."""


class HttpParserInvalidStatusError(HttpParserError):
    """A response whose status code is none."""


class HttpParserInvalidMethodError(HttpParserError):
    """A request whose method is no token, or longer than 31 bytes."""


class HttpParserInvalidURLError(HttpParserError):
    """A request target or URL that RFC 3986 or RFC 9112 does not allow."""


class HttpParserUpgrade(Exception):
    """What follows is another protocol; the only argument is its offset in the data that was fed."""


for error in (HttpParserError, HttpParserCallbackError, HttpParserInvalidStatusError, HttpParserInvalidMethodError,
              HttpParserInvalidURLError, HttpParserUpgrade):
    error.__module__ = "fastnet.compat.httptools"
del error

REFUSED_LENIENCIES = (
    "lenient_headers", "lenient_chunked_length", "lenient_transfer_encoding", "lenient_version",
    "lenient_optional_lf_after_cr", "lenient_optional_cr_before_lf", "lenient_optional_crlf_after_chunk",
    "lenient_spaces_after_chunk_size",
)


cdef class HttpParser:
    """What both parsers do. Made as HttpRequestParser or HttpResponseParser."""

    cdef object _on_message_begin, _on_url, _on_status, _on_header, _on_headers_complete, _on_body
    cdef object _on_message_complete, _on_chunk_header, _on_chunk_complete
    cdef NameTable _names
    cdef object _failed                # (class, text) of the error after which nothing is parsed any more
    cdef const char *_calling          # the callback that runs, or NULL
    cdef fn_http1_head _head
    cdef fn_http1_field *_fields
    cdef fn_http1_limits _limits, _trailer_limits
    cdef fn_http1_chunked _chunked
    cdef char *_kept                   # the beginning of a head or trailer section that is not complete
    cdef Py_ssize_t _kept_len, _kept_room
    cdef unsigned long long _remaining # bytes of the body, or of what ends a chunk, still to come
    cdef State _state
    cdef int _busy, _status, _minor_version
    cdef uint32_t _flags
    cdef bint _is_request, _begun, _upgrade, _switching, _has_version, _lenient_close
    cdef char _method[METHOD_ROOM]
    cdef int _method_len

    def __init__(self, protocol, *, uint32_t max_line=8190, uint32_t max_head=65536, uint32_t max_fields=100):
        if type(self) is HttpParser:
            raise TypeError("HttpParser is made as HttpRequestParser or HttpResponseParser")
        if self._fields != NULL:
            raise RuntimeError("a parser is initialised once")
        self._limits.max_line, self._limits.max_head, self._limits.max_fields = max_line, max_head, min(max_fields, 65535)
        self._trailer_limits.max_head, self._trailer_limits.max_fields = MAX_TRAILER_BYTES, min(MAX_TRAILERS, max_fields)
        self._fields = <fn_http1_field *>PyMem_Malloc((self._limits.max_fields + 1) * sizeof(fn_http1_field))
        if self._fields == NULL:
            raise MemoryError()
        self._names = COMMON
        self._is_request = isinstance(self, HttpRequestParser)
        self._on_message_begin = getattr(protocol, "on_message_begin", None)
        if self._is_request:
            self._on_url = getattr(protocol, "on_url", None)
        else:
            self._on_status = getattr(protocol, "on_status", None)
        self._on_header = getattr(protocol, "on_header", None)
        self._on_headers_complete = getattr(protocol, "on_headers_complete", None)
        self._on_body = getattr(protocol, "on_body", None)
        self._on_message_complete = getattr(protocol, "on_message_complete", None)
        self._on_chunk_header = getattr(protocol, "on_chunk_header", None)
        self._on_chunk_complete = getattr(protocol, "on_chunk_complete", None)
        init_head(&self._head)

    def __dealloc__(self):
        PyMem_Free(self._fields)
        PyMem_Free(self._kept)

    # --- what a caller asks ------------------------------------------------------------------------------------------

    def set_dangerous_leniencies(self, lenient_headers=None, lenient_chunked_length=None, lenient_keep_alive=None,
                                 lenient_transfer_encoding=None, lenient_version=None, lenient_data_after_close=None,
                                 lenient_optional_lf_after_cr=None, lenient_optional_cr_before_lf=None,
                                 lenient_optional_crlf_after_chunk=None, lenient_spaces_after_chunk_size=None):
        """Accept another message after one that said it was the last (lenient_data_after_close, lenient_keep_alive).

        The other leniencies let two parsers read one message in two ways. They may be None or false; if true, raises
        ConfigError.
        """
        wanted = (lenient_headers, lenient_chunked_length, lenient_transfer_encoding, lenient_version,
                  lenient_optional_lf_after_cr, lenient_optional_cr_before_lf, lenient_optional_crlf_after_chunk,
                  lenient_spaces_after_chunk_size)
        for name, value in zip(REFUSED_LENIENCIES, wanted):
            if value:
                raise ConfigError(name, value, "None or False: fastnet's parser has no such leniency")
        for value in (lenient_keep_alive, lenient_data_after_close):
            if value is not None:
                self._lenient_close = bool(value)

    def get_http_version(self) -> str:
        """"1.1" or "1.0"; "0.0" before the first head."""
        return f"1.{self._minor_version}" if self._has_version else "0.0"

    def should_keep_alive(self) -> bool:
        """The connection may be used again after this message. To be asked before on_message_complete returns."""
        return self._keeps_alive()

    def should_upgrade(self) -> bool:
        """The message asks for, or agrees to, another protocol. True from on_headers_complete on."""
        return self._upgrade

    cdef bint _keeps_alive(self) noexcept:
        if not self._has_version or self._flags & c.FN_HTTP1_CLOSE:
            return False
        if self._minor_version == 0 and not self._flags & c.FN_HTTP1_KEEP_ALIVE:
            return False
        return (self._is_request or self._has_no_body()
                or self._flags & (c.FN_HTTP1_CHUNKED | c.FN_HTTP1_HAS_LENGTH) != 0)

    cdef bint _has_no_body(self) noexcept:
        return not self._is_request and (self._status < 200 or self._status == 204 or self._status == 304)

    # --- input -------------------------------------------------------------------------------------------------------

    def feed_data(self, data):
        """Parse `data` (bytes-like), calling back for what it completes.

        Raises HttpParserError or one of its classes, and the same again for whatever is fed after it; a callback's
        exception is the __context__ of HttpParserCallbackError. Raises HttpParserUpgrade(offset) behind a message that
        switches protocols: data[offset:] is the other protocol's.
        """
        cdef Py_buffer view
        if take(&self._busy):
            raise RuntimeError("feed_data() of this parser is running already, in a callback or another thread")
        self._calling = NULL
        try:
            if self._fields == NULL:
                raise RuntimeError("the parser's __init__ was not called")
            if self._failed is not None:
                raise self._failed[0](self._failed[1])
            if type(data) is bytes:
                self._run(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
                return
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            try:
                self._run(<const char *>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        except BaseException:
            if self._calling == NULL:
                raise
            text = f"`{self._calling.decode()}` callback error"
            self._failed = HttpParserCallbackError, text
            raise HttpParserCallbackError(text)
        finally:
            give(&self._busy)

    cdef int _fail(self, kind, text) except -1:
        self._failed = kind, text
        raise kind(text)

    cdef int _refuse(self, int error) except -1:
        kind = HttpParserError
        if error == c.FN_HTTP1_BAD_METHOD:
            kind = HttpParserInvalidMethodError
        elif error == c.FN_HTTP1_BAD_TARGET:
            kind = HttpParserInvalidURLError
        elif error == c.FN_HTTP1_BAD_STATUS:
            kind = HttpParserInvalidStatusError
        return self._fail(kind, error_text(error).decode("ascii"))

    cdef int _call(self, object callback, const char *name) except -1:
        if callback is not None:
            self._calling = name
            PyObject_CallNoArgs(callback)
            self._calling = NULL
        return 0

    cdef int _call_with(self, object callback, const char *name, const char *buf, Py_ssize_t n) except -1:
        if callback is not None:
            part = PyBytes_FromStringAndSize(buf, n)
            self._calling = name
            PyObject_CallOneArg(callback, part)
            self._calling = NULL
        return 0

    cdef int _run(self, const char *buf, Py_ssize_t n) except -1:
        cdef Py_ssize_t at = 0
        while at < n:
            if self._state == IN_HEAD or self._state == IN_TRAILERS:
                at += self._take_head(buf + at, n - at)
                if self._switching:
                    self._switching = False
                    raise HttpParserUpgrade(at)
            elif self._state == IN_LENGTH or self._state == IN_UNTIL_EOF:
                at += self._take_body(buf + at, n - at)
            elif self._state == IN_CLOSED:
                if buf[at] != 13 and buf[at] != 10:
                    self._fail(HttpParserError, "Data after `Connection: close`")
                at += 1
            else:
                at += self._take_chunk(buf + at, n - at)
        return 0

    cdef Py_ssize_t _take_body(self, const char *buf, Py_ssize_t n) except -1:
        if self._state == IN_LENGTH:
            n = <Py_ssize_t>min(<unsigned long long>n, self._remaining)
            self._remaining -= n
        self._call_with(self._on_body, b"on_body", buf, n)
        if self._state == IN_LENGTH and self._remaining == 0:
            self._complete()
        return n

    cdef Py_ssize_t _take_chunk(self, const char *buf, Py_ssize_t n) except -1:
        cdef size_t data, data_len
        cdef Py_ssize_t used
        if self._state == IN_CHUNK_END:
            n = min(n, <Py_ssize_t>self._remaining)
        used = decode_chunked(&self._chunked, buf, n, MAX_EXTENSIONS, &data, &data_len)
        if used < 0:
            return self._refuse(self._chunked.error)
        if self._state == IN_CHUNK_END:
            self._remaining -= used
            if self._remaining == 0:
                self._state = IN_CHUNK_SIZE
                self._call(self._on_chunk_complete, b"on_chunk_complete")
            return used
        if self._state == IN_CHUNK_SIZE and (data_len or buf[used - 1] == 10):     # a size line has no LF but its own
            self._state = IN_CHUNK
            self._call(self._on_chunk_header, b"on_chunk_header")
        if data_len:
            self._call_with(self._on_body, b"on_body", buf + data, data_len)
            if self._chunked.remaining == 0:
                self._state, self._remaining = IN_CHUNK_END, 2
        elif self._chunked.done:
            self._state = IN_TRAILERS
            init_head(&self._head)
        return used

    # --- heads -------------------------------------------------------------------------------------------------------

    cdef Py_ssize_t _take_head(self, const char *buf, Py_ssize_t n) except -1:
        """Parse a head or a trailer section; returns the bytes taken: of `buf`, whatever was kept before it."""
        cdef Py_ssize_t kept = self._kept_len, size
        cdef const char *start = buf
        if not self._begun:
            self._begin(buf, n)
        if kept:
            self._keep(buf, min(n, <Py_ssize_t>MOST_KEPT))
            start, n = self._kept, self._kept_len
        if self._state == IN_TRAILERS:
            size = parse_trailer_section(&self._head, start, n, self._fields, &self._trailer_limits)
        elif self._is_request:
            size = parse_request_head(&self._head, start, n, self._fields, &self._limits)
        else:
            size = parse_response_head(&self._head, start, n, self._fields, &self._limits)
        if size == c.FN_INVALID:
            return self._refuse(self._head.error)
        if size == c.FN_PARTIAL:
            if not kept:
                self._keep(buf, n)
            return n - kept
        self._kept_len = 0
        if self._state == IN_TRAILERS:
            self._call_fields(start)
            self._call(self._on_chunk_complete, b"on_chunk_complete")
            self._complete()
        else:
            self._call_head(start)
        if self._kept != NULL:
            PyMem_Free(self._kept)
            self._kept, self._kept_room = NULL, 0
        return size - kept

    cdef int _begin(self, const char *buf, Py_ssize_t n) except -1:
        """Call on_message_begin if the first byte of a message is there: one that may follow, or be, its first CRLFs."""
        cdef Py_ssize_t i = 0, before = self._kept_len
        while self._is_request and i < n and buf[i] == (10 if before + i & 1 else 13):
            i += 1
        if i < n and not before + i & 1 and buf[i] != 13 and buf[i] != 10:
            self._begun, self._upgrade = True, False
            self._call(self._on_message_begin, b"on_message_begin")
        return 0

    cdef int _keep(self, const char *buf, Py_ssize_t n) except -1:
        cdef Py_ssize_t need = self._kept_len + n
        cdef char *room
        if need > self._kept_room:
            need = max(need, 2 * self._kept_room, <Py_ssize_t>KEEP_ROOM)
            room = <char *>PyMem_Realloc(self._kept, need)
            if room == NULL:
                raise MemoryError()
            self._kept, self._kept_room = room, need
        memcpy(self._kept + self._kept_len, buf, n)
        self._kept_len += n
        return 0

    cdef int _call_fields(self, const char *buf) except -1:
        cdef fn_http1_field *f = self._fields
        cdef NameEntry *entry
        cdef uint32_t i
        if self._on_header is None:
            return 0
        for i in range(self._head.n_fields):
            entry = self._names._find(buf + f[i].name, f[i].name_len)
            name = <bytes>entry.raw if entry.raw != NULL else PyBytes_FromStringAndSize(buf + f[i].name, f[i].name_len)
            value = PyBytes_FromStringAndSize(buf + f[i].value, f[i].value_len)
            self._calling = b"on_header"
            call_two(self._on_header, name, value)
            self._calling = NULL
        return 0

    cdef int _call_head(self, const char *buf) except -1:
        cdef fn_http1_head *head = &self._head
        if self._is_request:
            if head.method_len >= METHOD_ROOM:
                self._fail(HttpParserInvalidMethodError, "the method is longer than any that is known")
            memcpy(self._method, buf + head.method, head.method_len)
            self._method_len = head.method_len
            self._call_with(self._on_url, b"on_url", buf + head.target, head.target_len)
        else:
            self._status = head.status
            self._call_with(self._on_status, b"on_status", buf + head.reason, head.reason_len)
        self._has_version, self._minor_version, self._flags = True, head.minor_version, head.flags
        self._call_fields(buf)
        self._upgrade = head.flags & c.FN_HTTP1_WANTS_UPGRADE != 0
        if self._is_request:
            self._upgrade = self._upgrade or head.method_len == 7 and memcmp(self._method, b"CONNECT", 7) == 0
        else:
            self._upgrade = self._status == 101
        self._call(self._on_headers_complete, b"on_headers_complete")
        if self._upgrade or self._has_no_body():
            return self._complete()
        if head.flags & c.FN_HTTP1_CHUNKED:
            memset(&self._chunked, 0, sizeof(fn_http1_chunked))
            self._state = IN_CHUNK_SIZE
        elif head.flags & c.FN_HTTP1_HAS_LENGTH:
            self._state, self._remaining = IN_LENGTH, head.content_length
            if head.content_length == 0:
                return self._complete()
        elif self._is_request:
            return self._complete()
        else:
            self._state = IN_UNTIL_EOF
        return 0

    cdef int _complete(self) except -1:
        cdef bint again
        self._call(self._on_message_complete, b"on_message_complete")
        again = self._keeps_alive() or self._lenient_close or self._upgrade
        self._switching = self._upgrade
        self._flags = 0
        self._begun = False
        self._state = IN_HEAD if again else IN_CLOSED
        init_head(&self._head)
        return 0


cdef class HttpRequestParser(HttpParser):
    """Parses what a client sends.

    protocol: an object with any of on_message_begin(), on_url(bytes), on_header(name, value), on_headers_complete(),
    on_body(bytes), on_message_complete(), on_chunk_header(), on_chunk_complete(). max_line, max_head (bytes) and
    max_fields are fastnet's own: what is over them is refused with HttpParserError.
    """

    def get_method(self) -> bytes:
        """The method of the request whose head came last; b"" before the first."""
        return PyBytes_FromStringAndSize(self._method, self._method_len)


cdef class HttpResponseParser(HttpParser):
    """Parses what a server sends. As HttpRequestParser, with on_status(reason) in the place of on_url()."""

    def get_status_code(self) -> int:
        """The status code of the response whose head came last; 0 before the first."""
        return self._status


@cython.final
cdef class URL:
    """Parts of a URL as bytes, port an int; None for what is missing or empty."""

    cdef readonly bytes schema, host, path, query, fragment, userinfo
    cdef readonly object port

    def __cinit__(self, bytes schema, bytes host, port, bytes path, bytes query, bytes fragment, bytes userinfo):
        self.schema, self.host, self.port, self.path = schema, host, port, path
        self.query, self.fragment, self.userinfo = query, fragment, userinfo

    def __repr__(self) -> str:
        return (f"<URL schema: {self.schema!r}, host: {self.host!r}, port: {self.port!r}, path: {self.path!r}, "
                f"query: {self.query!r}, fragment: {self.fragment!r}, userinfo: {self.userinfo!r}>")


def parse_url(url):
    """Split a URL or an origin-form target into a URL. Raises HttpParserInvalidURLError.

    url: bytes-like, at most 65,535 bytes.
    """
    cdef bytes raw = url if type(url) is bytes else bytes(memoryview(url))
    if len(raw) > MAX_URL:
        raise HttpParserInvalidURLError(f"a URL of {len(raw)} bytes: the most is {MAX_URL}")
    try:
        parts = split_url(raw)
    except ProtocolError:
        parts = None
    if parts is None or (parts.scheme is not None and parts.host is None):
        raise HttpParserInvalidURLError(f"invalid url {raw[:200]!r}")
    return URL(parts.scheme, parts.host, parts.port, parts.path or None, parts.query or None, parts.fragment or None,
               parts.userinfo)
