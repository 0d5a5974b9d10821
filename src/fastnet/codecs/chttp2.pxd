# The C kernels of csrc/include/fastnet/http2.h. For the extension that owns them (codecs/http2).
from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef extern from "fastnet/http2.h" nogil:
    const Py_ssize_t FN_PARTIAL
    const Py_ssize_t FN_INVALID
    const int FN_HTTP2_HEADER

    enum:
        FN_HTTP2_DATA
        FN_HTTP2_HEADERS
        FN_HTTP2_PRIORITY
        FN_HTTP2_RST_STREAM
        FN_HTTP2_SETTINGS
        FN_HTTP2_PUSH_PROMISE
        FN_HTTP2_PING
        FN_HTTP2_GOAWAY
        FN_HTTP2_WINDOW_UPDATE
        FN_HTTP2_CONTINUATION
        FN_HTTP2_PRIORITY_UPDATE

    enum:
        FN_HTTP2_END_STREAM
        FN_HTTP2_ACK
        FN_HTTP2_END_HEADERS
        FN_HTTP2_PADDED
        FN_HTTP2_WITH_PRIORITY

    ctypedef enum fn_http2_error:
        FN_HTTP2_NO_ERROR
        FN_HTTP2_PROTOCOL_ERROR
        FN_HTTP2_INTERNAL_ERROR
        FN_HTTP2_FLOW_CONTROL_ERROR
        FN_HTTP2_SETTINGS_TIMEOUT
        FN_HTTP2_STREAM_CLOSED
        FN_HTTP2_FRAME_SIZE_ERROR
        FN_HTTP2_REFUSED_STREAM
        FN_HTTP2_CANCEL
        FN_HTTP2_COMPRESSION_ERROR
        FN_HTTP2_CONNECT_ERROR
        FN_HTTP2_ENHANCE_YOUR_CALM
        FN_HTTP2_INADEQUATE_SECURITY
        FN_HTTP2_HTTP_1_1_REQUIRED

    ctypedef struct fn_http2_frame:
        uint32_t length
        uint32_t stream
        uint8_t type
        uint8_t flags
        uint8_t error
        uint32_t at
        uint32_t len
        uint32_t number
        uint32_t last_stream

    Py_ssize_t fn_http2_parse(fn_http2_frame *frame, const char *buf, size_t n, uint32_t max_frame)
    int fn_http2_setting(const char *buf, uint16_t *name, uint32_t *value)
    void fn_http2_put_header(char *out, uint32_t length, uint8_t type, uint8_t flags, uint32_t stream)
    void fn_http2_put_u32(char *out, uint32_t number)
