# HTTP/1.1 heads as lazy objects; the C face of fastnet.codecs.http1.
from fastnet.codecs.chttp1 cimport fn_http1_chunked, fn_http1_field, fn_http1_head, fn_http1_limits

# The kernels, reached through this module, which owns them.
cdef Py_ssize_t parse_request_head(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                   const fn_http1_limits *limits) noexcept nogil
cdef Py_ssize_t parse_response_head(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                    const fn_http1_limits *limits) noexcept nogil
cdef Py_ssize_t parse_trailer_section(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                      const fn_http1_limits *limits) noexcept nogil
cdef Py_ssize_t decode_chunked(fn_http1_chunked *state, const char *buf, size_t n, unsigned int max_extensions,
                               size_t *data, size_t *data_len) noexcept nogil
cdef void init_head(fn_http1_head *head) noexcept nogil
cdef size_t scan_value(const char *buf, size_t n) noexcept nogil
cdef size_t scan_token(const char *buf, size_t n) noexcept nogil
cdef int error_status(int error) noexcept nogil
cdef str error_text(int error)

# Interned forms of header names, found by their raw bytes. One a thread; never shared.
cdef class NameCache:
    cdef void *_table
    cdef int _count
    cdef bytes lower(self, const char *name, Py_ssize_t n)        # b"content-type"
    cdef str environ_key(self, const char *name, Py_ssize_t n)    # "HTTP_X_FORWARDED_FOR"

# A parsed head whose Python values are made when asked for. `buf` is lent by whoever parsed it until keep() copies
# the bytes, unless `owner` holds them already.
cdef class Head:
    cdef fn_http1_head head
    cdef const char *buf
    cdef fn_http1_field *fields
    cdef Py_ssize_t size              # bytes of the head
    cdef bytes owner                  # holds buf; None while the bytes are lent
    cdef bint owns_fields
    cdef list _headers
    cdef int keep(self) except -1
    cdef bytes slice(self, Py_ssize_t start, Py_ssize_t n)

cdef class Request(Head):
    cdef bytes _method
    cdef bytes _target

cdef class Response(Head):
    pass
