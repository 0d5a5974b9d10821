"""Telnet (RFC 854, 855): commands between the data, each behind the byte 255, IAC."""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize

from fastnet.codecs.framing cimport Framing, check_limit, set_telnet

from collections import namedtuple

cdef enum:
    LIMIT_BYTES = 65536
    SB = 250
    IAC = 255

TelnetCommand = namedtuple("TelnetCommand", ("command", "option", "data"), defaults=(None, b""))


@cython.final
cdef class Telnet(Framing):
    """Data, and commands between them."""

    _options = ("max_frame_bytes",)

    def __cinit__(self, *, max_frame_bytes=LIMIT_BYTES):
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_telnet(&self.how, self.max_frame_bytes)

    cdef object unwrap(self, const char *p, Py_ssize_t n):
        cdef const unsigned char *text = <const unsigned char *>p
        if text[0] != IAC:
            return PyBytes_FromStringAndSize(p, n)
        if n == 2:
            return b"\xff" if text[1] == IAC else TelnetCommand(text[1])
        if text[1] != SB:
            return TelnetCommand(text[1], text[2])
        return TelnetCommand(SB, text[2], PyBytes_FromStringAndSize(p + 3, n - 5).replace(b"\xff\xff", b"\xff"))

    def encode(self, frame, /):
        if not isinstance(frame, tuple):
            return bytes(frame).replace(b"\xff", b"\xff\xff")
        command, option, data = frame
        if command == SB and option is not None:
            wire = bytes((IAC, SB, option)) + data.replace(b"\xff", b"\xff\xff") + b"\xff\xf0"
        else:
            wire = bytes((IAC, command) if option is None else (IAC, command, option))
        return self.proven(wire, frame)

    def encode_many(self, frames, /):
        return b"".join([self.encode(frame) for frame in frames])
