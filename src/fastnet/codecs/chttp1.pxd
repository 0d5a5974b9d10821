# The C kernels of csrc/include/fastnet/http1.h and url.h, as Cython sees them.
# For the extension that owns the kernels (codecs/http1); everyone else cimports codecs.http1.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "fastnet/http1.h" nogil:
    const Py_ssize_t FN_PARTIAL
    const Py_ssize_t FN_INVALID

    enum:
        FN_HTTP1_HAS_LENGTH
        FN_HTTP1_CHUNKED
        FN_HTTP1_CLOSE
        FN_HTTP1_KEEP_ALIVE
        FN_HTTP1_EXPECT_CONTINUE
        FN_HTTP1_WANTS_UPGRADE
        FN_HTTP1_HAS_HOST

    enum:
        FN_HTTP1_ORIGIN
        FN_HTTP1_ABSOLUTE
        FN_HTTP1_AUTHORITY
        FN_HTTP1_ASTERISK

    enum:
        FN_HTTP1_OTHER
        FN_HTTP1_HOST
        FN_HTTP1_CONTENT_LENGTH
        FN_HTTP1_CONTENT_TYPE
        FN_HTTP1_TRANSFER_ENCODING
        FN_HTTP1_CONNECTION
        FN_HTTP1_EXPECT
        FN_HTTP1_UPGRADE

    enum:
        FN_HTTP1_BAD_METHOD
        FN_HTTP1_BAD_TARGET
        FN_HTTP1_BAD_STATUS
        FN_HTTP1_UNKNOWN_EXPECTATION
        FN_HTTP1_LINE_TOO_LONG
        FN_HTTP1_HEAD_TOO_LARGE
        FN_HTTP1_TOO_MANY_FIELDS
        FN_HTTP1_ERROR_COUNT

    ctypedef struct fn_http1_field:
        uint32_t name
        uint32_t value
        uint32_t value_len
        uint16_t name_len
        uint16_t id

    ctypedef struct fn_http1_limits:
        uint32_t max_line
        uint32_t max_head
        uint32_t max_fields

    ctypedef struct fn_http1_head:
        uint32_t method
        uint32_t method_len
        uint32_t target
        uint32_t target_len
        uint32_t query
        uint32_t reason
        uint32_t reason_len
        uint16_t status
        uint8_t minor_version
        uint8_t target_form
        uint32_t flags
        uint32_t n_fields
        uint64_t content_length
        uint16_t host
        uint16_t error

    ctypedef struct fn_http1_chunked:
        uint64_t remaining
        uint32_t extensions
        uint8_t done
        uint8_t error

    int fn_http1_error_status(int error)
    const char *fn_http1_error_text(int error)
    void fn_http1_head_init(fn_http1_head *head)
    Py_ssize_t fn_http1_parse_request(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                      const fn_http1_limits *limits)
    Py_ssize_t fn_http1_parse_response(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                       const fn_http1_limits *limits)
    Py_ssize_t fn_http1_parse_trailers(fn_http1_head *head, const char *buf, size_t n, fn_http1_field *fields,
                                       const fn_http1_limits *limits)
    Py_ssize_t fn_http1_decode_chunked(fn_http1_chunked *state, const char *buf, size_t n, uint32_t max_extensions,
                                       size_t *data, size_t *data_len)
    size_t fn_http1_scan_value(const char *buf, size_t n)
    size_t fn_http1_scan_token(const char *buf, size_t n)
    void fn_http1_lower(char *out, const char *buf, size_t n)

cdef extern from "fastnet/url.h" nogil:
    ctypedef struct fn_span:
        uint32_t start
        uint32_t len

    ctypedef struct fn_url:
        fn_span scheme
        fn_span userinfo
        fn_span host
        fn_span path
        fn_span query
        fn_span fragment
        uint16_t port
        uint8_t has_scheme
        uint8_t has_authority
        uint8_t has_userinfo
        uint8_t has_port
        uint8_t has_query
        uint8_t has_fragment

    Py_ssize_t fn_url_parse(fn_url *url, const char *buf, size_t n, int authority_only)

cdef extern from "fastnet/cpu.h" nogil:
    ctypedef enum fn_cpu_level:
        FN_CPU_SCALAR
        FN_CPU_COUNT
    fn_cpu_level fn_cpu()
    const char *fn_cpu_name(fn_cpu_level level)
    int fn_cpu_supported(fn_cpu_level level)
    int fn_cpu_force(fn_cpu_level level)
