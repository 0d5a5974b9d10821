"""HTTP/2 frames (RFC 9113, sections 4 and 6), without a connection: read, checked one by one, and written.

What a frame has wrong by itself is found here. What it means, and whether it may come now, is known to a connection:
fastnet.protocols.http2.
"""

from enum import IntEnum

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcmp, memcpy

from fastnet.codecs cimport chttp2 as c
from fastnet.codecs.chttp2 cimport fn_http2_frame

from fastnet.errors import ProtocolError

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class ErrorCode(IntEnum):
    """Error codes of RST_STREAM and GOAWAY (section 7)."""

    NO_ERROR = c.FN_HTTP2_NO_ERROR
    PROTOCOL_ERROR = c.FN_HTTP2_PROTOCOL_ERROR
    INTERNAL_ERROR = c.FN_HTTP2_INTERNAL_ERROR
    FLOW_CONTROL_ERROR = c.FN_HTTP2_FLOW_CONTROL_ERROR
    SETTINGS_TIMEOUT = c.FN_HTTP2_SETTINGS_TIMEOUT
    STREAM_CLOSED = c.FN_HTTP2_STREAM_CLOSED
    FRAME_SIZE_ERROR = c.FN_HTTP2_FRAME_SIZE_ERROR
    REFUSED_STREAM = c.FN_HTTP2_REFUSED_STREAM
    CANCEL = c.FN_HTTP2_CANCEL
    COMPRESSION_ERROR = c.FN_HTTP2_COMPRESSION_ERROR
    CONNECT_ERROR = c.FN_HTTP2_CONNECT_ERROR
    ENHANCE_YOUR_CALM = c.FN_HTTP2_ENHANCE_YOUR_CALM
    INADEQUATE_SECURITY = c.FN_HTTP2_INADEQUATE_SECURITY
    HTTP_1_1_REQUIRED = c.FN_HTTP2_HTTP_1_1_REQUIRED


class FrameType(IntEnum):
    """Types of frames (section 6; RFC 9218, section 7.1)."""

    DATA = c.FN_HTTP2_DATA
    HEADERS = c.FN_HTTP2_HEADERS
    PRIORITY = c.FN_HTTP2_PRIORITY
    RST_STREAM = c.FN_HTTP2_RST_STREAM
    SETTINGS = c.FN_HTTP2_SETTINGS
    PUSH_PROMISE = c.FN_HTTP2_PUSH_PROMISE
    PING = c.FN_HTTP2_PING
    GOAWAY = c.FN_HTTP2_GOAWAY
    WINDOW_UPDATE = c.FN_HTTP2_WINDOW_UPDATE
    CONTINUATION = c.FN_HTTP2_CONTINUATION
    PRIORITY_UPDATE = c.FN_HTTP2_PRIORITY_UPDATE


cdef Py_ssize_t parse_frame(fn_http2_frame *frame, const char *buf, size_t n, uint32_t max_frame) noexcept nogil:
    return c.fn_http2_parse(frame, buf, n, max_frame)

cdef int read_setting(const char *buf, uint16_t *name, uint32_t *value) noexcept nogil:
    return c.fn_http2_setting(buf, name, value)

cdef void put_frame_header(char *out, uint32_t length, uint8_t kind, uint8_t flags, uint32_t stream) noexcept nogil:
    c.fn_http2_put_header(out, length, kind, flags, stream)

cdef void put_u32(char *out, uint32_t number) noexcept nogil:
    c.fn_http2_put_u32(out, number)

cdef bint is_preface(const char *data, Py_ssize_t n) noexcept nogil:
    return n == 0 or memcmp(data, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", min(n, 24)) == 0


@cython.final
@cython.no_gc
cdef class Frame:
    """A frame: type, flags and stream as numbers; payload: bytes, without padding and without priority fields.

    length: of the whole payload, which is what flow control counts. number: RST_STREAM and GOAWAY an error code,
    WINDOW_UPDATE an increment, PRIORITY a dependency, else 0. stream_error: an ErrorCode if the frame breaks its
    stream, else 0.
    """

    cdef readonly int type, flags, stream_error
    cdef readonly unsigned int stream, length, number, last_stream
    cdef readonly bytes payload

    def __repr__(self) -> str:
        return f"Frame(type={self.type}, flags={self.flags:#x}, stream={self.stream}, payload={self.payload!r})"


def parse_frames(data, uint32_t max_frame_size=16384) -> tuple[list[Frame], int]:
    """The whole frames at the start of `data` (bytes-like), and how many bytes they are.

    Raises ProtocolError at a frame that breaks the connection; its `status` is the ErrorCode to close it with.
    """
    cdef Py_buffer view
    cdef fn_http2_frame one
    cdef Py_ssize_t at = 0, size
    cdef const char *buf
    cdef Frame frame
    cdef list frames = []
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    buf = <const char *>view.buf
    try:
        while True:
            size = c.fn_http2_parse(&one, buf + at, view.len - at, max_frame_size)
            if size == c.FN_PARTIAL:
                return frames, at
            if size == c.FN_INVALID:
                raise ProtocolError(f"bad HTTP/2 frame of type {one.type}, {one.length} bytes, on stream {one.stream}",
                                    one.error)
            frame = Frame.__new__(Frame)
            frame.type, frame.flags, frame.stream = one.type, one.flags, one.stream
            frame.length, frame.number, frame.last_stream = one.length, one.number, one.last_stream
            frame.stream_error = one.error
            frame.payload = PyBytes_FromStringAndSize(buf + at + one.at, one.len)
            frames.append(frame)
            at += size
    finally:
        PyBuffer_Release(&view)


def encode_frame(uint8_t type, uint8_t flags, uint32_t stream, bytes payload not None=b"") -> bytes:
    """A frame as it is sent. Raises ValueError for a payload of 2^24 bytes or more."""
    cdef Py_ssize_t n = PyBytes_GET_SIZE(payload)
    cdef bytes out
    if n >> 24:
        raise ValueError(f"a frame has fewer than 16777216 bytes, not {n}")
    out = PyBytes_FromStringAndSize(NULL, n + c.FN_HTTP2_HEADER)
    c.fn_http2_put_header(PyBytes_AS_STRING(out), n, type, flags, stream)
    memcpy(PyBytes_AS_STRING(out) + c.FN_HTTP2_HEADER, PyBytes_AS_STRING(payload), n)
    return out
