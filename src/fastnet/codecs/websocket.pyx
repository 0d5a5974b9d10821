"""WebSocket (RFC 6455, section 5): frames in, messages and control frames out, and the other way.

A message is `str` (text) or `bytes`; Ping, Pong and Close are what came in control frames. A Decoder is pulled: what was
fed is kept, not decoded, until it is asked for, so that many small compressed messages do not become large ones all at
once. A frame that lies whole in what was fed is unmasked right into the object that it becomes; of others the beginning
is kept, unmasked and judged as it comes, so that what is no UTF-8 is refused with its first wrong byte. Memory grows as
bytes come, not as they are announced.

Compression (RFC 7692) is somebody else's: see websocket_deflate.
"""

import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastnet.codecs cimport cwebsocket as c
from fastnet.codecs.cwebsocket cimport fn_ws_error, fn_ws_head

from fastnet.errors import ConfigError, LimitExceeded, ProtocolError

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 most)
    void *PyUnicode_DATA(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    bint PyUnicode_Check(object o)

cdef enum:
    LIMIT_BYTES = 1 << 20
    LIMIT_FRAGMENTS = 1024
    FIRST_BYTES = 512         # of memory for a message that comes in pieces
    KEEP_BYTES = 16384        # memory that is kept for the next one
    WHOLE_BYTES = 16384       # larger messages are not copied behind their head
    KEY_BYTES = 1024          # of random numbers fetched at a time
    DEFLATE_FROM = 128


cdef class Control:
    """What came in a control frame: `data`, at most 125 bytes."""

    def __init__(self, bytes data not None=b""):
        if PyBytes_GET_SIZE(data) > MOST_CONTROL:
            raise ValueError(f"a control frame has at most {MOST_CONTROL} bytes, not {len(data)}")
        self.data = data

    def __repr__(self):
        return f"{type(self).__name__}({self.data!r})"

    def __eq__(self, other):
        return type(self) is type(other) and self.data == (<Control>other).data

    def __hash__(self):
        return hash((type(self), self.data))


@cython.final
cdef class Ping(Control):
    """To be answered by a Pong with the same data."""


@cython.final
cdef class Pong(Control):
    """The answer to a Ping, or a sign of life."""


@cython.final
cdef class Close:
    """The end: nothing follows. `code` is 1005 where none was given (RFC 6455, section 7.4)."""

    def __init__(self, int code=NO_CODE, str reason not None=""):
        if code != NO_CODE and not code_is_sendable(code):
            raise ValueError(f"{code} is no code that a Close can have: 1000 to 1003, 1007 to 1014, 3000 to 4999")
        if reason and code == NO_CODE:
            raise ValueError("a Close without a code cannot have a reason")
        if len(reason.encode()) > REASON_BYTES:
            raise ValueError(f"the reason of a Close has at most {REASON_BYTES} bytes, not {len(reason.encode())}")
        self.code, self.reason = code, reason

    def __repr__(self):
        return f"Close({self.code}, {self.reason!r})"

    def __eq__(self, other):
        return (type(other) is Close and self.code == (<Close>other).code
                and self.reason == (<Close>other).reason)

    def __hash__(self):
        return hash((Close, self.code, self.reason))


cdef bint code_is_sendable(int code) noexcept:
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def check_limit(option, value, least=1):
    """`value`, if it is a number from `least` on; ConfigError names `option` otherwise."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 62:
        raise ConfigError(option, value, f"a number, at least {least}")
    return value


@cython.final
cdef class Decoder:
    """One side's input."""

    def __init__(self, *, bint client=False, max_message_bytes=LIMIT_BYTES, max_frame_bytes=None,
                 max_fragments=LIMIT_FRAGMENTS, inflate=None):
        self.how = (0 if client else c.FN_WS_FROM_CLIENT) | (c.FN_WS_DEFLATE if inflate is not None else 0)
        self.max_message_bytes = check_limit("max_message_bytes", max_message_bytes)
        if max_frame_bytes is None:
            max_frame_bytes = max_message_bytes
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        self.max_fragments = check_limit("max_fragments", max_fragments)
        self.inflate = inflate

    def __dealloc__(self):
        PyMem_RawFree(self.message)

    def feed(self, data, /):
        """Take bytes that came; return what they complete. After an error, which comes once all that was good has
        been returned, each call raises it."""
        cdef list events = []
        self.receive(data if PyBytes_CheckExact(data) else bytes(data))
        try:
            while True:
                event = self.next()
                if event is None:
                    return events
                events.append(event)
        except ProtocolError:
            if not events:
                raise
            return events

    @property
    def error(self):
        """What the peer did wrong, as next said; None as long as all is well."""
        return None if self.failure is None else self.failure[0](*self.failure[1])

    @property
    def is_unfinished(self):
        """Whether a message, or a frame, has begun and is not complete."""
        return self.unfinished()

    cdef int receive(self, bytes data) except -1:
        if self.failure is not None or self.closed or PyBytes_GET_SIZE(data) == 0:
            return 0
        if self.input is not None:
            data = self.input[self.at:] + data
        self.input, self.at = data, 0
        return 0

    cdef object next(self):
        cdef const char *data
        cdef Py_ssize_t n, used, more
        cdef size_t take
        if self.failure is not None:
            raise self.failure[0](*self.failure[1])
        if self.input is None:
            return None
        data, n = PyBytes_AS_STRING(self.input), PyBytes_GET_SIZE(self.input)
        while True:
            if not self.in_frame:
                if self.at == n:
                    self.input = None
                    return None
                if self.kept_size:
                    more = min(n - self.at, <Py_ssize_t>c.FN_WS_HEAD_ROOM - self.kept_size)
                    memcpy(self.kept + self.kept_size, data + self.at, more)
                    used = c.fn_ws_parse_head(&self.head, self.kept, self.kept_size + more, self.how)
                    if used >= 0:
                        self.at += used - self.kept_size
                        self.kept_size = 0
                else:
                    more = n - self.at
                    used = c.fn_ws_parse_head(&self.head, data + self.at, more, self.how)
                    if used >= 0:
                        self.at += used
                    elif used == c.FN_PARTIAL:
                        memcpy(self.kept, data + self.at, more)
                if used < 0:
                    if used != c.FN_PARTIAL:
                        self._fail(ProtocolError, c.fn_ws_error_text(<fn_ws_error>self.head.error).decode(), PROTOCOL_ERROR)
                    self.kept_size += more
                    self.input = None
                    return None
                self._begin_frame()
            take = min(self.left, <uint64_t>(n - self.at))
            if self.head.opcode >= c.FN_WS_CLOSE:
                c.fn_ws_mask(self.control + self.control_size, data + self.at, take, self.key)
                self.control_size += take
            elif self.fragments == 1 and self.head.fin and take == self.head.length and not self.compressed:
                self.at += take
                self.in_frame, self.opcode = False, 0
                return self._whole(data + self.at - take, take)
            else:
                self._keep(data + self.at, take)
            self.at += take
            self.left -= take
            if self.left:
                self.key = c.fn_ws_next_key(self.key, take)
                self.input = None
                return None
            self.in_frame = False
            if self.head.opcode >= c.FN_WS_CLOSE:
                return self._control()
            if self.head.fin:
                return self._finish()

    cdef bint unfinished(self) noexcept:
        return self.in_frame or self.opcode != 0 or self.kept_size != 0 or self.input is not None

    cdef int _begin_frame(self) except -1:
        cdef uint8_t opcode = self.head.opcode
        self.left, self.key, self.in_frame = self.head.length, self.head.key, True
        if opcode >= c.FN_WS_CLOSE:
            self.control_size = 0
            return 0
        if opcode == c.FN_WS_CONTINUATION:
            if self.opcode == 0:
                self._fail(ProtocolError, "a message begins with a continuation", PROTOCOL_ERROR)
        elif self.opcode != 0:
            self._fail(ProtocolError, "a message begins before the one before has ended", PROTOCOL_ERROR)
        else:
            self.opcode, self.compressed = opcode, self.head.rsv1
            self.fragments, self.message_size, self.utf8 = 0, 0, 0
        self.fragments += 1
        if self.fragments > self.max_fragments:
            self._fail(LimitExceeded, f"a message has more than {self.max_fragments} fragments", TOO_BIG)
        if self.head.length > self.max_frame_bytes:
            self._fail(LimitExceeded, f"a frame of {self.head.length} bytes is over the limit of {self.max_frame_bytes}",
                       TOO_BIG)
        if self.head.length > self.max_message_bytes - self.message_size:
            self._fail(LimitExceeded, f"a message of at least {self.message_size + self.head.length} bytes is over the "
                       f"limit of {self.max_message_bytes}", TOO_BIG)
        return 0

    cdef object _whole(self, const char *data, size_t n):
        """The message that is one frame, unmasked into what it becomes."""
        cdef object text
        cdef bytes binary
        if self.head.opcode == c.FN_WS_BINARY:
            binary = PyBytes_FromStringAndSize(NULL, n)
            c.fn_ws_mask(PyBytes_AS_STRING(binary), data, n, self.key)
            return binary
        if n == 0:
            return ""
        text = PyUnicode_New(n, 127)
        if c.fn_ws_mask(<char *>PyUnicode_DATA(text), data, n, self.key) == 0:
            return text
        return self._text(<const char *>PyUnicode_DATA(text), n)

    cdef object _text(self, const char *data, size_t n):
        try:
            return PyUnicode_DecodeUTF8(data, n, NULL)
        except UnicodeDecodeError:
            self._fail(ProtocolError, "a text is not UTF-8", NOT_UTF8)

    cdef int _keep(self, const char *data, size_t n) except -1:
        """A part of a message, behind those before."""
        cdef size_t need = self.message_size + n, room
        cdef char *memory
        if need > self.message_room:
            room = max(need, 2 * self.message_room, <size_t>FIRST_BYTES)
            memory = <char *>PyMem_RawRealloc(self.message, room)
            if memory == NULL:
                raise MemoryError(f"no memory for {room} bytes of a message")
            self.message, self.message_room = memory, room
        memory = self.message + self.message_size
        c.fn_ws_mask(memory, data, n, self.key)
        self.message_size = need
        if self.opcode == c.FN_WS_TEXT and not self.compressed and c.fn_utf8_check(&self.utf8, memory, n) < 0:
            self._fail(ProtocolError, "a text is not UTF-8", NOT_UTF8)
        return 0

    cdef object _finish(self):
        cdef bytes data = None
        cdef bint is_text = self.opcode == c.FN_WS_TEXT
        cdef object event
        self.opcode = 0
        if self.compressed:
            data = self.inflate(PyBytes_FromStringAndSize(self.message, self.message_size), self.max_message_bytes)
            if data is None:
                self._fail(LimitExceeded, f"a message has more than {self.max_message_bytes} bytes when decompressed",
                           TOO_BIG)
            event = self._text(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)) if is_text else data
        elif is_text:
            if self.utf8:
                self._fail(ProtocolError, "a text is not UTF-8", NOT_UTF8)
            event = PyUnicode_DecodeUTF8(self.message, self.message_size, NULL)
        else:
            event = PyBytes_FromStringAndSize(self.message, self.message_size)
        if self.message_room > KEEP_BYTES:
            PyMem_RawFree(self.message)
            self.message, self.message_room = NULL, 0
        self.message_size = 0
        return event

    cdef object _control(self):
        cdef Control control
        cdef Close close
        cdef const unsigned char *data = <const unsigned char *>self.control
        cdef int code
        if self.head.opcode != c.FN_WS_CLOSE:
            control = Ping.__new__(Ping) if self.head.opcode == c.FN_WS_PING else Pong.__new__(Pong)
            control.data = PyBytes_FromStringAndSize(self.control, self.control_size)
            return control
        close = Close.__new__(Close)
        close.code, close.reason = NO_CODE, ""
        if self.control_size == 1:
            self._fail(ProtocolError, "a Close has half a code", PROTOCOL_ERROR)
        if self.control_size >= 2:
            code = data[0] << 8 | data[1]
            if not code_is_sendable(code):
                self._fail(ProtocolError, f"a Close has the code {code}", PROTOCOL_ERROR)
            close.code, close.reason = code, self._text(self.control + 2, self.control_size - 2)
        self.closed = True
        self.input = None
        return close

    cdef int _fail(self, kind, str text, int code) except -1:
        self.failure = (kind, (text, code))
        self.input = None
        PyMem_RawFree(self.message)
        self.message, self.message_room, self.message_size = NULL, 0, 0
        raise kind(text, code)


@cython.final
cdef class Encoder:
    """One side's output."""

    def __init__(self, *, bint client=False, deflate=None, deflate_from=DEFLATE_FROM):
        self.client, self.deflate = client, deflate
        self.deflate_from = check_limit("deflate_from", deflate_from, 0)

    def encode(self, message, /):
        """The frame of a message, `str` or any bytes-like object, or of a Ping, Pong or Close.

        Raises TypeError for anything else.
        """
        cdef list pieces = []
        self.put(pieces, message)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def fragment(self, data, *, bint first=False, bint final=False):
        """A part of a message that is sent as it comes to be: not compressed; a `str` has whole characters."""
        cdef Py_ssize_t n
        cdef const char *text
        cdef int opcode = c.FN_WS_CONTINUATION
        cdef bytes raw
        if PyUnicode_Check(data):
            text = PyUnicode_AsUTF8AndSize(data, &n)
            return self.frame(c.FN_WS_TEXT if first else opcode, text, n, final, False)
        raw = data if PyBytes_CheckExact(data) else bytes(memoryview(data))
        return self.frame(c.FN_WS_BINARY if first else opcode, PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), final, False)

    cdef int put(self, list pieces, message) except -1:
        cdef int opcode = c.FN_WS_BINARY
        cdef Py_ssize_t n = 0
        cdef const char *data = NULL
        cdef bint packed = False
        cdef bytes raw = None
        if PyUnicode_Check(message):
            data, opcode = PyUnicode_AsUTF8AndSize(message, &n), c.FN_WS_TEXT
        elif PyBytes_CheckExact(message):
            raw = <bytes>message
        elif isinstance(message, Control):
            raw = (<Control>message).data
            pieces.append(self.control(c.FN_WS_PING if type(message) is Ping else c.FN_WS_PONG, PyBytes_AS_STRING(raw),
                                       PyBytes_GET_SIZE(raw)))
            return 0
        elif type(message) is Close:
            raw = close_payload(<Close>message)
            pieces.append(self.control(c.FN_WS_CLOSE, PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)))
            return 0
        elif isinstance(message, (bytearray, memoryview)):
            raw = bytes(message)
        else:
            raise TypeError(f"a message is str or bytes, not {type(message).__name__}")
        if raw is not None:
            data, n = PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)
        if self.deflate is not None and n >= self.deflate_from:
            raw = self.deflate(raw if raw is not None else PyBytes_FromStringAndSize(data, n))
            data, n, packed = PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), True
        if raw is None or self.client or n <= WHOLE_BYTES:
            pieces.append(self.frame(opcode, data, n, True, packed))
        else:
            pieces.append(self.head_of(opcode, n, True, packed))
            pieces.append(raw)
        return 0

    cdef bytes control(self, int opcode, const char *data, Py_ssize_t n):
        return self.frame(opcode, data, n, True, False)

    cdef bytes head_of(self, int opcode, Py_ssize_t n, bint fin, bint rsv1):
        cdef char out[c.FN_WS_HEAD_ROOM]
        cdef fn_ws_head head
        head.opcode, head.fin, head.rsv1, head.masked = opcode, fin, rsv1, False
        head.length, head.key = n, 0
        return PyBytes_FromStringAndSize(out, c.fn_ws_write_head(out, &head))

    cdef bytes frame(self, int opcode, const char *data, Py_ssize_t n, bint fin, bint rsv1):
        cdef char out[c.FN_WS_HEAD_ROOM]
        cdef fn_ws_head head
        cdef Py_ssize_t used
        cdef bytes frame
        head.opcode, head.fin, head.rsv1, head.masked = opcode, fin, rsv1, self.client
        head.length, head.key = n, self._next_key() if self.client else 0
        used = c.fn_ws_write_head(out, &head)
        frame = PyBytes_FromStringAndSize(NULL, used + n)
        memcpy(PyBytes_AS_STRING(frame), out, used)
        if self.client:
            c.fn_ws_mask(PyBytes_AS_STRING(frame) + used, data, n, head.key)
        else:
            memcpy(PyBytes_AS_STRING(frame) + used, data, n)
        return frame

    cdef uint32_t _next_key(self) except? 0:
        """Random, as RFC 6455, section 10.3, asks for."""
        cdef uint32_t key
        if self.keys is None or self.key_at == KEY_BYTES:
            self.keys, self.key_at = os.urandom(KEY_BYTES), 0
        memcpy(&key, PyBytes_AS_STRING(self.keys) + self.key_at, 4)
        self.key_at += 4
        return key


cdef bytes close_payload(Close close):
    if close.code == NO_CODE:
        return b""
    return close.code.to_bytes(2, "big") + close.reason.encode()


def mask(data, key, /):
    """`data`, any bytes-like object, with the mask of four bytes put on or taken off (RFC 6455, section 5.3)."""
    cdef bytes raw = data if PyBytes_CheckExact(data) else bytes(data)
    cdef bytes four = bytes(key)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(raw))
    cdef uint32_t word
    if PyBytes_GET_SIZE(four) != 4:
        raise ValueError(f"a mask has four bytes, not {len(four)}")
    memcpy(&word, PyBytes_AS_STRING(four), 4)
    c.fn_ws_mask(PyBytes_AS_STRING(out), PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), word)
    return out
