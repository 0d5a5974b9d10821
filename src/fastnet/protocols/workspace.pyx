"""What the HTTP/1.1 connections of one listener, and of one thread, have in common.

`Settings` are the limits and deadlines, fixed when serving begins. A `Workspace` is the scratch space of one thread:
a connection borrows it for the length of its turn and owns next to nothing while it is idle, which is why ten
thousand idle connections cost a few megabytes.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport INFINITY
from libc.string cimport memcmp, memcpy

from fastnet.codecs.chpack cimport fn_hpack_field
from fastnet.codecs.chttp1 cimport fn_http1_field, fn_http1_head
from fastnet.codecs.http1 cimport Request, init_head, parse_request_head, parse_response_head
from fastnet.codecs.outbuffer cimport OutBuffer

cdef enum:
    MAX_TRAILERS = 64      # field lines in a trailer section
    TEXT_SLACK = 16384     # of HTTP/2: room for a field that goes over the limit, and for the request line
    PSEUDO_FIELDS = 8


@cython.final
cdef class Settings:
    """Limits (bytes, counts) and deadlines (seconds) of HTTP/1.1 connections.

    Sizes are the largest accepted. 0 means no limit for max_body and "never" for a deadline. body_timeout and
    write_timeout are both the longest silence and the grace after which the average must have reached min_rate
    (bytes/s), so that a peer that trickles is dropped as surely as one that is silent.
    """

    def __init__(self, *, unsigned int max_request_line=8190, unsigned int max_header_bytes=65536,
                 unsigned int max_headers=100, long long max_body=0, unsigned int max_chunk_extensions=4096,
                 unsigned int max_trailer_bytes=8192, int max_pipelined=64, Py_ssize_t max_output=262144,
                 double first_byte_timeout=15, double head_timeout=10, double body_timeout=20, double min_rate=500,
                 double keepalive_timeout=60, double write_timeout=30, bint http2=False, unsigned int max_streams=100,
                 unsigned int stream_window=131072, unsigned int max_resets=200, unsigned int max_control=1000,
                 unsigned int max_continuations=32):
        self.head.max_line, self.head.max_head, self.head.max_fields = max_request_line, max_header_bytes, max_headers
        self.trailers.max_line = 0
        self.trailers.max_head, self.trailers.max_fields = max_trailer_bytes, min(MAX_TRAILERS, max_headers)
        self.max_extensions, self.max_body = max_chunk_extensions, max_body
        self.max_pipelined, self.max_output = max_pipelined, max_output
        self.first_byte_timeout, self.head_timeout = first_byte_timeout, head_timeout
        self.body_timeout, self.min_rate = body_timeout, min_rate
        self.keepalive_timeout, self.write_timeout = keepalive_timeout, write_timeout
        self.http2 = http2
        self.max_streams, self.stream_window = max_streams, stream_window
        self.max_resets, self.max_control, self.max_continuations = max_resets, max_control, max_continuations


@cython.final
cdef class Workspace:
    """Scratch space of the connections that one thread serves; never used by two threads at once."""

    def __init__(self, Settings settings not None, bytes server=b""):
        self.settings = settings
        self.fields = <fn_http1_field *>PyMem_Malloc((settings.head.max_fields + 1) * sizeof(fn_http1_field))
        if self.fields == NULL:
            raise MemoryError()
        self.request = Request.__new__(Request)
        self.out = OutBuffer()
        self.date_line = b""
        self.server_line = b"server: %s\r\n" % server if server else b""

    cdef int open_text(self) except -1:
        if self.text != NULL:
            return 0
        self.text_room = 2 * <size_t>self.settings.head.max_head + 2 * TEXT_SLACK
        if self.packed == NULL:
            self.packed = <fn_hpack_field *>PyMem_Malloc((self.settings.head.max_fields + PSEUDO_FIELDS)
                                                         * sizeof(fn_hpack_field))
        if self.packed != NULL:
            self.text = <char *>PyMem_Malloc(self.text_room)
        if self.text == NULL:
            raise MemoryError()
        return 0

    def __dealloc__(self):
        PyMem_Free(self.fields)
        PyMem_Free(self.packed)
        PyMem_Free(self.text)

    cdef int new_head(self) noexcept:
        self.known_size = 0
        init_head(&self.head)
        return 0

    cdef Py_ssize_t parse_response(self, fn_http1_head *head, fn_http1_field *fields, const char *data,
                                   Py_ssize_t n) noexcept:
        if head == &self.head:
            self.new_head()
        return parse_response_head(head, data, n, fields, &self.settings.head)

    cdef Py_ssize_t parse_request(self, fn_http1_head *head, fn_http1_field *fields, const char *data,
                                  Py_ssize_t n) noexcept:
        cdef Py_ssize_t size
        if head != &self.head:
            return parse_request_head(head, data, n, fields, &self.settings.head)
        # Clients that ask again and again ask in the same words, of which everything is known already.
        if 0 < self.known_size <= n and memcmp(self.known, data, self.known_size) == 0:
            return self.known_size
        self.new_head()
        size = parse_request_head(head, data, n, fields, &self.settings.head)
        if 0 < size <= MAX_KNOWN:
            memcpy(self.known, data, size)
            self.known_size = size
        return size


cdef Partial *new_partial(Workspace ws) except NULL:
    cdef Partial *partial = <Partial *>PyMem_Malloc(sizeof(Partial))
    if partial == NULL:
        raise MemoryError()
    partial.fields = <fn_http1_field *>PyMem_Malloc((ws.settings.head.max_fields + 1) * sizeof(fn_http1_field))
    if partial.fields == NULL:
        PyMem_Free(partial)
        raise MemoryError()
    partial.head = ws.head
    # one more: the field that is being read
    memcpy(partial.fields, ws.fields, (ws.head.n_fields + 1) * sizeof(fn_http1_field))
    return partial


cdef void free_partial(Partial *partial) noexcept:
    if partial != NULL:
        PyMem_Free(partial.fields)
        PyMem_Free(partial)


cdef double slow_after(double since, long long window, double now, double grace, double rate) noexcept nogil:
    """When a transfer is too slow: after `grace` seconds of silence, or past them with an average under `rate`."""
    if grace <= 0:
        return INFINITY
    return min(now + grace, since + grace + window / rate) if rate > 0 else now + grace
