# HTTP/1.1 heads: parsed in one call, read lazily. The C face of fastnet.codecs.http1.
from libc.stdint cimport uint32_t

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

# The ProtocolError or LimitExceeded for an fn_http1_error; an answer to it has .status.
cdef object make_error(int error)
cdef const char *error_text(int error) noexcept nogil
cdef size_t scan_value(const char *buf, size_t n) noexcept nogil
cdef size_t scan_token(const char *buf, size_t n) noexcept nogil

# A parsed head whose Python values are made when asked for. `buf` is lent by whoever parsed it, until keep() copies
# the bytes, unless `owner` holds them already.
cdef enum:
    OWN_FIELDS = 16      # room for field lines in the object itself: most heads have fewer

cdef class Head:
    cdef fn_http1_head head
    cdef fn_http1_field own_fields[OWN_FIELDS]
    cdef const char *buf
    cdef fn_http1_field *fields
    cdef readonly Py_ssize_t size     # bytes of the head
    cdef bytes owner                  # holds buf; None while the bytes are lent
    cdef bint owns_fields             # fields are in own_fields or more_fields
    cdef bytes more_fields            # a bytes object, so that no destructor is needed
    cdef int lend(self, const char *buf, Py_ssize_t size, const fn_http1_head *head, fn_http1_field *fields) noexcept
    cdef int keep(self) except -1
    cdef bytes slice(self, Py_ssize_t start, Py_ssize_t n)
    cdef fn_http1_field *find(self, const char *lower, Py_ssize_t n) noexcept

cdef class Request(Head):
    cdef str method_str(self)
    # Of an absolute-form target (RFC 9112, section 3.2.2): the host[:port] in it, as n bytes at the returned offset in
    # buf, with the path behind it up to head.query. n is 0 for the other forms.
    cdef uint32_t target_authority(self, uint32_t *n) noexcept

cdef class Response(Head):
    pass

cdef list field_list(const char *buf, const fn_http1_field *fields, int n)  # [(lower-cased name, value)]
