"""HTTP/1.1 heads (RFC 9112): parsed in one C call into offsets, read lazily.

`parse_request` and `parse_response` take a buffer that begins with a head and return a `Request` or `Response`, or
None when the head is not complete. `parse_requests` takes a whole read full of pipelined requests. Nothing here does
I/O or keeps a connection's state: that is fastnet.protocols.http1.

Parsing is strict: what RFC 9112 lets two parsers read in two ways is refused with a ProtocolError that carries the
status code to answer with.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy

from fastnet.codecs cimport chttp1 as c
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head, fn_http1_limits
from fastnet.codecs.http1_names cimport NameTable

from fastnet.codecs.http1_names import COMMON
from fastnet.errors import LimitExceeded, ProtocolError

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_1BYTE_DATA(object o)

cdef enum:
    STACK_FIELDS = 128     # heads with more field lines than this cost an allocation while they are parsed


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef Py_ssize_t parse_request_head(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                   const fn_http1_limits *limits) noexcept nogil:
    return c.fn_http1_parse_request(head, buf, n, fields, limits)

cdef Py_ssize_t parse_response_head(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                    const fn_http1_limits *limits) noexcept nogil:
    return c.fn_http1_parse_response(head, buf, n, fields, limits)

cdef Py_ssize_t parse_trailer_section(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                      const fn_http1_limits *limits) noexcept nogil:
    return c.fn_http1_parse_trailers(head, buf, n, fields, limits)

cdef Py_ssize_t decode_chunked(c.fn_http1_chunked *state, const char *buf, size_t n, unsigned int max_extensions,
                               size_t *data, size_t *data_len) noexcept nogil:
    return c.fn_http1_decode_chunked(state, buf, n, max_extensions, data, data_len)

cdef void init_head(fn_http1_head *head) noexcept nogil:
    c.fn_http1_head_init(head)

cdef size_t scan_value(const char *buf, size_t n) noexcept nogil:
    return c.fn_http1_scan_value(buf, n)

cdef size_t scan_token(const char *buf, size_t n) noexcept nogil:
    return c.fn_http1_scan_token(buf, n)

cdef const char *error_text(int error) noexcept nogil:
    return c.fn_http1_error_text(error)


cdef object make_error(int error):
    cdef int status = c.fn_http1_error_status(error)
    text = c.fn_http1_error_text(error).decode("ascii")
    return (LimitExceeded if status in (413, 414, 431) else ProtocolError)(text, status)


def cpu() -> dict[str, bool]:
    """Instruction sets the kernels know, those this machine can run among them, the one in use.

    Returns {"available": [names], "used": name}.
    """
    names = [c.fn_cpu_name(<c.fn_cpu_level>i).decode() for i in range(c.FN_CPU_COUNT) if c.fn_cpu_supported(<c.fn_cpu_level>i)]
    return {"available": names, "used": c.fn_cpu_name(c.fn_cpu()).decode()}


# --- heads -----------------------------------------------------------------------------------------------------------

cdef list field_list(const char *buf, const fn_http1_field *fields, int n):
    cdef list out = PyList_New(n)
    cdef NameTable names = COMMON
    cdef int i
    cdef tuple pair
    for i in range(n):
        pair = names.pair(names._find(buf + fields[i].name, fields[i].name_len), buf + fields[i].name,
                          fields[i].name_len, buf + fields[i].value, fields[i].value_len)
        Py_INCREF(pair)
        PyList_SET_ITEM(out, i, pair)
    return out


@cython.no_gc        # holds bytes and the name table only: no cycle can pass through
@cython.freelist(64)
cdef class Head:
    """What requests and responses share: the version and the fields."""

    cdef int lend(self, const char *buf, Py_ssize_t size, const fn_http1_head *head, fn_http1_field *fields) noexcept:
        self.owner = None
        self.owns_fields = False
        self.buf, self.size, self.fields = buf, size, fields
        self.head = head[0]
        return 0

    cdef int keep(self) except -1:
        """Copy what is lent, so that the object outlives the buffer."""
        cdef fn_http1_field *fields
        if self.owner is None:
            self.owner = PyBytes_FromStringAndSize(self.buf, self.size)
            self.buf = PyBytes_AS_STRING(self.owner)
        if not self.owns_fields:
            fields = self.own_fields
            if self.head.n_fields > OWN_FIELDS:
                self.more_fields = PyBytes_FromStringAndSize(NULL, self.head.n_fields * sizeof(fn_http1_field))
                fields = <fn_http1_field *>PyBytes_AS_STRING(self.more_fields)
            memcpy(fields, self.fields, self.head.n_fields * sizeof(fn_http1_field))
            self.fields, self.owns_fields = fields, True
        return 0

    cdef bytes slice(self, Py_ssize_t start, Py_ssize_t n):
        return PyBytes_FromStringAndSize(self.buf + start, n)

    cdef fn_http1_field *find(self, const char *lower, Py_ssize_t n) noexcept:
        """The first field of this lower-cased name, or NULL."""
        cdef uint32_t i
        for i in range(self.head.n_fields):
            if self.fields[i].name_len == n and same_name(self.buf + self.fields[i].name, lower, n):
                return &self.fields[i]
        return NULL

    @property
    def version(self) -> str:
        """"1.1" or "1.0"; of a request that came by HTTP/2 "2"."""
        return ("1.0", "1.1", "2")[self.head.minor_version]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """All fields in their order: (lower-cased name, value). A new list each time."""
        return field_list(self.buf, self.fields, self.head.n_fields)

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """All fields in their order, names as they were sent. A new list each time."""
        cdef fn_http1_field *f
        cdef uint32_t i
        out = []
        for i in range(self.head.n_fields):
            f = &self.fields[i]
            out.append((self.slice(f.name, f.name_len), self.slice(f.value, f.value_len)))
        return out

    def get(self, str name not None, default=None):
        """Value of the first field of that name (any case) as bytes, or `default`."""
        cdef bytes lower = name.lower().encode("latin-1")
        cdef fn_http1_field *f = self.find(PyBytes_AS_STRING(lower), len(lower))
        return default if f == NULL else self.slice(f.value, f.value_len)

    def get_all(self, str name not None) -> list[bytes]:
        """Values of every field of that name (any case), in their order."""
        cdef bytes lower = name.lower().encode("latin-1")
        cdef fn_http1_field *f
        cdef uint32_t i
        out = []
        for i in range(self.head.n_fields):
            f = &self.fields[i]
            if f.name_len == len(lower) and same_name(self.buf + f.name, PyBytes_AS_STRING(lower), len(lower)):
                out.append(self.slice(f.value, f.value_len))
        return out

    def __len__(self) -> int:
        """Number of field lines."""
        return self.head.n_fields

    @property
    def content_length(self):
        """Value of Content-Length, or None."""
        return self.head.content_length if self.head.flags & c.FN_HTTP1_HAS_LENGTH else None

    @property
    def chunked(self) -> bool:
        """The body is sent with Transfer-Encoding: chunked."""
        return bool(self.head.flags & c.FN_HTTP1_CHUNKED)

    @property
    def keep_alive(self) -> bool:
        """The sender lets the connection be used again (RFC 9112, section 9.3)."""
        if self.head.flags & c.FN_HTTP1_CLOSE:
            return False
        return bool(self.head.minor_version or self.head.flags & c.FN_HTTP1_KEEP_ALIVE)

    @property
    def upgrade(self) -> bool:
        """The sender asks to switch protocols: Connection has "upgrade" and there is an Upgrade field."""
        return bool(self.head.flags & c.FN_HTTP1_WANTS_UPGRADE)


cdef inline bint same_name(const char *name, const char *lower, Py_ssize_t n) noexcept nogil:
    # Names are tokens: of their characters only letters differ from the lower-cased one in bit 0x20 alone, and the
    # other pairs that do (^ ~, and NUL-based ones) would need an equal lower-cased byte to collide.
    cdef Py_ssize_t i
    cdef unsigned char ch
    for i in range(n):
        ch = <unsigned char>name[i]
        if 65 <= ch <= 90:
            ch |= 32
        if ch != <unsigned char>lower[i]:
            return False
    return True


@cython.no_gc
@cython.final
cdef class Request(Head):
    """A request head. Made by parse_request(), parse_requests() and server connections."""

    cdef str method_str(self):
        cdef const char *m = self.buf + self.head.method
        cdef Py_ssize_t n = self.head.method_len
        if n == 3 and memcmp(m, b"GET", 3) == 0:
            return "GET"
        if n == 4 and memcmp(m, b"POST", 4) == 0:
            return "POST"
        return PyUnicode_DecodeASCII(m, n, NULL)

    @property
    def method(self) -> str:
        """The method, case kept: any token."""
        return self.method_str()

    @property
    def target(self) -> str:
        """The request target as it was sent: "/path?query", "http://host/path", "host:443" or "*"."""
        cdef str out = PyUnicode_New(self.head.target_len, 127)    # the parser takes ASCII only
        memcpy(PyUnicode_1BYTE_DATA(out), self.buf + self.head.target, self.head.target_len)
        return out

    @property
    def path(self) -> bytes:
        """The target up to the first "?", still percent-encoded."""
        return self.slice(self.head.target, self.head.query - self.head.target)

    @property
    def query(self) -> bytes:
        """What follows the first "?" of the target; b"" when there is none."""
        cdef Py_ssize_t end = self.head.target + self.head.target_len
        return self.slice(self.head.query + 1, end - self.head.query - 1) if self.head.query < end else b""

    @property
    def host(self):
        """Value of the Host field, or None (HTTP/1.0)."""
        if not self.head.flags & c.FN_HTTP1_HAS_HOST:
            return None
        return self.slice(self.fields[self.head.host].value, self.fields[self.head.host].value_len)

    cdef uint32_t target_authority(self, uint32_t *n) noexcept:
        cdef uint32_t start = self.head.target, end
        n[0] = 0
        if self.head.target_form != c.FN_HTTP1_ABSOLUTE:
            return start
        while self.buf[start] != c":":
            start += 1
        start += 3                                                 # "://", and a host behind it: the parser saw to that
        end = start
        while end < self.head.query and self.buf[end] != c"/":
            end += 1
        n[0] = end - start
        return start

    @property
    def authority(self):
        """host[:port] that the request is for: of an absolute-form target that of the target, whatever Host says."""
        cdef uint32_t n, start = self.target_authority(&n)
        return self.slice(start, n) if n else self.host

    @property
    def expect_continue(self) -> bool:
        """The client waits for 100 (Continue) before it sends the body."""
        return bool(self.head.flags & c.FN_HTTP1_EXPECT_CONTINUE)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target} HTTP/{self.version}, {self.head.n_fields} fields>"


@cython.no_gc
@cython.final
cdef class Response(Head):
    """A response head. Made by parse_response() and client connections."""

    @property
    def status(self) -> int:
        """The status code, 100 to 599."""
        return self.head.status

    @property
    def reason(self) -> bytes:
        """The reason phrase; may be empty."""
        return self.slice(self.head.reason, self.head.reason_len)

    def __repr__(self) -> str:
        return f"<Response {self.head.status} HTTP/{self.version}, {self.head.n_fields} fields>"


# --- parsing ---------------------------------------------------------------------------------------------------------

@cython.final
cdef class Limits:
    """What a head may have at most; one byte or field more is refused.

    max_line: bytes of the request or status line; max_head: bytes of the field lines; max_fields: their number.
    """
    cdef fn_http1_limits limits

    def __init__(self, uint32_t max_line=8190, uint32_t max_head=65536, uint32_t max_fields=100):
        self.limits.max_line, self.limits.max_head, self.limits.max_fields = max_line, max_head, max_fields


# A C value, so that nothing made by one interpreter is seen by another.
cdef fn_http1_limits DEFAULT_LIMITS
DEFAULT_LIMITS.max_line, DEFAULT_LIMITS.max_head, DEFAULT_LIMITS.max_fields = 8190, 65536, 100


cdef inline const fn_http1_limits *limits_of(Limits limits) noexcept:
    return &DEFAULT_LIMITS if limits is None else &limits.limits


ctypedef Py_ssize_t (*parse_fn)(fn_http1_head *, const char *, size_t, fn_http1_field *, const fn_http1_limits *) noexcept nogil


cdef Py_ssize_t parse_head(parse_fn parse, Head out, bytes owner, const char *buf, Py_ssize_t n,
                           const fn_http1_limits *limits) except -2:
    """Parse one head into `out`; returns its size, or -1 when it is not complete."""
    cdef fn_http1_field stack[STACK_FIELDS]
    cdef fn_http1_field *fields = stack
    cdef Py_ssize_t size
    if limits.max_fields > STACK_FIELDS:
        fields = <fn_http1_field *>PyMem_Malloc(limits.max_fields * sizeof(fn_http1_field))
        if fields == NULL:
            raise MemoryError()
    try:
        c.fn_http1_head_init(&out.head)
        size = parse(&out.head, buf, n, fields, limits)
        if size == c.FN_INVALID:
            raise make_error(out.head.error)
        if size == c.FN_PARTIAL:
            return -1
        out.buf, out.size, out.fields, out.owner = buf, size, fields, owner
        out.keep()
        return size
    finally:
        if fields != stack:
            PyMem_Free(fields)


cdef parse_one(parse_fn parse, Head out, data, Py_ssize_t start, Limits limits):
    cdef Py_buffer view
    cdef Py_ssize_t size
    if type(data) is bytes:
        if not 0 <= start <= PyBytes_GET_SIZE(data):
            raise ValueError(f"start must be from 0 to {len(data)}, not {start}")
        size = parse_head(parse, out, <bytes>data, PyBytes_AS_STRING(data) + start, PyBytes_GET_SIZE(data) - start,
                          limits_of(limits))
    else:
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if not 0 <= start <= view.len:
                raise ValueError(f"start must be from 0 to {view.len}, not {start}")
            size = parse_head(parse, out, None, <const char *>view.buf + start, view.len - start, limits_of(limits))
        finally:
            PyBuffer_Release(&view)
    return None if size < 0 else out


def parse_request(data, Py_ssize_t start=0, Limits limits=None):
    """Parse the request head at data[start:] (RFC 9112, section 3).

    data: bytes (kept by reference: nothing is copied) or any other bytes-like object (the head is copied).
    Returns a Request, whose `size` is the length of the head in bytes, or None when more input is needed. Raises
    ProtocolError, or LimitExceeded, whose `status` is the answer due.

    >>> parse_request(b"GET /a?b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n").path
    b'/a'
    """
    return parse_one(c.fn_http1_parse_request, Request.__new__(Request), data, start, limits)


def parse_response(data, Py_ssize_t start=0, Limits limits=None):
    """Parse the response head at data[start:] (RFC 9112, section 4). Otherwise like parse_request()."""
    return parse_one(c.fn_http1_parse_response, Response.__new__(Response), data, start, limits)


def parse_requests(bytes data not None, Py_ssize_t most=1024, Limits limits=None) -> tuple[list[Request], int]:
    """Parse pipelined requests: up to `most` heads that follow each other in `data`.

    Stops behind a head that announces a body, which is the last of the list. Returns (requests, bytes consumed).
    Raises ProtocolError at the first bad head only if it is the first of all; else it is left unconsumed, so that the
    good ones before it are answered first.
    """
    cdef Py_ssize_t at = 0, size, end = PyBytes_GET_SIZE(data)
    cdef const char *buf = PyBytes_AS_STRING(data)
    cdef Request request
    cdef list out = []
    while at < end and len(out) < most:
        request = Request.__new__(Request)
        try:
            size = parse_head(c.fn_http1_parse_request, request, data, buf + at, end - at, limits_of(limits))
        except ProtocolError:
            if out:
                break
            raise
        if size < 0:
            break
        at += size
        out.append(request)
        if request.head.flags & c.FN_HTTP1_CHUNKED or request.head.content_length:
            break
    return out, at


@cython.final
cdef class URL:
    """Parts of a URL, as bytes, as they were written (RFC 3986, section 3); None for a missing part, port an int."""
    cdef readonly object scheme, userinfo, host, port, query, fragment
    cdef readonly bytes path

    def __repr__(self) -> str:
        names = ("scheme", "userinfo", "host", "port", "path", "query", "fragment")
        return f"URL({', '.join(f'{n}={getattr(self, n)!r}' for n in names if getattr(self, n) is not None)})"


def parse_url(data, bint authority_only=False) -> URL:
    """Split a URL, an origin-form target ("/path?query") or, with authority_only, a CONNECT target ("host:port").

    data: bytes or str (ASCII). The host of "[::1]" is b"::1". Raises ProtocolError (status 400) for anything that
    RFC 3986 does not allow.
    """
    cdef bytes raw = data.encode("utf-8") if isinstance(data, str) else bytes(data)
    cdef const char *buf = PyBytes_AS_STRING(raw)
    cdef c.fn_url u
    cdef URL url
    if c.fn_url_parse(&u, buf, len(raw), authority_only) < 0:
        raise ProtocolError(f"not a valid URL: {raw[:100]!r}; percent-encode what RFC 3986 does not allow in it", 400)
    url = URL.__new__(URL)
    url.scheme = buf[u.scheme.start:u.scheme.start + u.scheme.len] if u.has_scheme else None
    url.userinfo = buf[u.userinfo.start:u.userinfo.start + u.userinfo.len] if u.has_userinfo else None
    url.host = buf[u.host.start:u.host.start + u.host.len] if u.has_authority else None
    url.port = u.port if u.has_port else None
    url.path = buf[u.path.start:u.path.start + u.path.len]
    url.query = buf[u.query.start:u.query.start + u.query.len] if u.has_query else None
    url.fragment = buf[u.fragment.start:u.fragment.start + u.fragment.len] if u.has_fragment else None
    return url
