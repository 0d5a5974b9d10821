# HTTP/2 frames (RFC 9113): the C face of fastnet.codecs.http2.
from libc.stdint cimport uint8_t, uint16_t, uint32_t

from fastnet.codecs.chttp2 cimport fn_http2_frame

# The kernels, reached through this module, which owns them.
cdef Py_ssize_t parse_frame(fn_http2_frame *frame, const char *buf, size_t n, uint32_t max_frame) noexcept nogil
cdef int read_setting(const char *buf, uint16_t *name, uint32_t *value) noexcept nogil
cdef void put_frame_header(char *out, uint32_t length, uint8_t kind, uint8_t flags, uint32_t stream) noexcept nogil
cdef void put_u32(char *out, uint32_t number) noexcept nogil
cdef bint is_preface(const char *data, Py_ssize_t n) noexcept nogil      # as far as n goes
