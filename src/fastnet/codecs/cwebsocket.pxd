# The C kernels of csrc/include/fastnet/websocket.h, as Cython sees them.
# For the extension that owns them (codecs/websocket); everyone else cimports codecs.websocket.
from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from "fastnet/websocket.h" nogil:
    enum:
        FN_WS_CONTINUATION
        FN_WS_TEXT
        FN_WS_BINARY
        FN_WS_CLOSE
        FN_WS_PING
        FN_WS_PONG
        FN_WS_FROM_CLIENT
        FN_WS_DEFLATE
        FN_WS_HEAD_ROOM
    Py_ssize_t FN_PARTIAL
    ctypedef enum fn_ws_error:
        FN_WS_OK

    ctypedef struct fn_ws_head:
        uint64_t length
        uint32_t key
        uint8_t opcode, fin, rsv1, masked
        uint8_t error

    Py_ssize_t fn_ws_parse_head(fn_ws_head *head, const char *buf, size_t n, unsigned int how)
    size_t fn_ws_write_head(char *out, const fn_ws_head *head)
    const char *fn_ws_error_text(fn_ws_error error)
    int fn_ws_mask(char *out, const char *buf, size_t n, uint32_t key)
    uint32_t fn_ws_next_key(uint32_t key, size_t n)
    Py_ssize_t fn_utf8_check(uint32_t *state, const char *buf, size_t n)
