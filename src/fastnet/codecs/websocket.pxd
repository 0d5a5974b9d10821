# WebSocket frames and messages; the C face of fastnet.codecs.websocket.
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from fastnet.codecs.cwebsocket cimport fn_ws_head

cdef enum:
    MOST_CONTROL = 125               # bytes that a control frame may have (RFC 6455, section 5.5)
    REASON_BYTES = 123               # what a Close has room for beside its code

# Close codes (RFC 6455, section 7.4.1, and IANA's registry).
cdef enum:
    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_CODE = 1005
    NO_CLOSE = 1006
    NOT_UTF8 = 1007
    TOO_LATE = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011

cdef class Control:
    cdef readonly bytes data

cdef class Ping(Control):
    pass

cdef class Pong(Control):
    pass

cdef class Close:
    cdef readonly int code           # 1005: none was given
    cdef readonly str reason

cdef class Decoder:
    cdef unsigned int how            # fn_ws_parse_head()'s
    cdef readonly size_t max_message_bytes, max_frame_bytes
    cdef readonly unsigned int max_fragments
    cdef object inflate              # (bytes, most) -> bytes, or None
    cdef bytes input                 # not read yet from `at` on; None: nothing
    cdef Py_ssize_t at
    cdef fn_ws_head head             # of the frame whose payload is coming
    cdef bint in_frame
    cdef uint64_t left               # of its payload
    cdef uint32_t key                # of the next byte
    cdef char kept[14]               # the beginning of a head
    cdef Py_ssize_t kept_size
    cdef char control[MOST_CONTROL]
    cdef size_t control_size
    cdef uint8_t opcode              # of the unfinished message; 0: there is none
    cdef bint compressed
    cdef unsigned int fragments
    cdef char *message
    cdef size_t message_size, message_room
    cdef uint32_t utf8               # see fn_utf8_check()
    cdef readonly bint closed        # a Close came: nothing counts any more
    cdef tuple failure               # (class, arguments) of the error that ended it
    cdef int receive(self, bytes data) except -1
    cdef object next(self)           # a message or a Control or Close; None: no more as yet
    cdef bint unfinished(self) noexcept    # a message, or a frame, has begun
    cdef int _begin_frame(self) except -1
    cdef object _whole(self, const char *data, size_t n)
    cdef object _text(self, const char *data, size_t n)
    cdef int _keep(self, const char *data, size_t n) except -1
    cdef object _finish(self)
    cdef object _control(self)
    cdef int _fail(self, kind, str text, int code) except -1

cdef class Encoder:
    cdef readonly bint client        # frames are masked
    cdef object deflate              # bytes -> bytes, or None
    cdef readonly Py_ssize_t deflate_from    # bytes of a message from which it is tried
    cdef bytes keys                  # random, used from `key_at` on
    cdef Py_ssize_t key_at
    cdef bytes frame(self, int opcode, const char *data, Py_ssize_t n, bint fin, bint rsv1)
    cdef bytes head_of(self, int opcode, Py_ssize_t n, bint fin, bint rsv1)
    cdef int put(self, list pieces, message) except -1     # the frame of a message, large ones in two pieces
    cdef bytes control(self, int opcode, const char *data, Py_ssize_t n)
    cdef uint32_t _next_key(self) except? 0
