"""Frames whose length is known from what stands before them, or always the same."""

cimport cython
from libc.string cimport memcpy
from libc.stdint cimport uint64_t

from fastnet.codecs.framing cimport ByteFraming, check_limit, set_fixed, set_netstring, set_prefix, set_varint

from fastnet.errors import ConfigError

cdef enum:
    LIMIT_BYTES = 1 << 20
    MOST_DIGITS = 20          # of a size_t


cdef int refuse_length(Py_ssize_t n, size_t most) except -1:
    raise ValueError(f"a frame of {n} bytes cannot be sent: the limit is {most}")


@cython.final
cdef class LengthPrefixed(ByteFraming):
    """A length as a binary number, then so many bytes."""

    _options = ("length_bytes", "byteorder", "inclusive", "offset", "max_frame_bytes")
    cdef readonly int length_bytes, offset
    cdef readonly bint inclusive
    cdef readonly str byteorder
    cdef size_t most          # bytes behind the length, as its number of bytes and the limit allow

    def __cinit__(self, length_bytes=4, *, byteorder="big", inclusive=False, offset=0, max_frame_bytes=LIMIT_BYTES):
        cdef size_t head
        if length_bytes not in (1, 2, 3, 4, 8):
            raise ConfigError("length_bytes", length_bytes, "1, 2, 3, 4 or 8")
        if byteorder not in ("big", "little"):
            raise ConfigError("byteorder", byteorder, "'big' or 'little'")
        if not isinstance(offset, int) or not 0 <= offset <= 65535:
            raise ConfigError("offset", offset, "a number of bytes from 0 to 65535")
        head = offset + length_bytes
        if inclusive and head >> 8 * min(length_bytes, 4):
            raise ConfigError("offset", offset, "a header whose own length the number can hold")
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes, head if offset else 0)
        self.length_bytes, self.byteorder, self.offset = length_bytes, byteorder, offset
        self.inclusive = inclusive
        set_prefix(&self.how, length_bytes, byteorder == "big", self.inclusive, offset, self.max_frame_bytes)
        self.most = self.max_frame_bytes - (head if offset else 0)
        if length_bytes < 8:
            self.most = min(self.most, (<uint64_t>1 << 8 * self.length_bytes) - 1 - (head if inclusive else 0))

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        cdef Py_ssize_t head = self.offset + self.length_bytes
        if not self.offset:
            if <size_t>n > self.most:
                refuse_length(n, self.most)
            return head + n
        if n < head:
            raise ValueError(f"a frame begins with its header, of {head} bytes; this one has {n}")
        if <size_t>(n - head) > self.most:
            refuse_length(n, self.most + head)
        return n

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        cdef int i, head = self.offset + self.length_bytes, width = self.length_bytes
        cdef char *at = out + self.offset
        cdef uint64_t length
        if self.offset:
            memcpy(out, p, n)
            n -= head
        else:
            memcpy(out + head, p, n)
        length = n + (head if self.inclusive else 0)
        if self.byteorder == "big":
            for i in range(width):
                at[width - 1 - i] = <char>(length >> 8 * i)
        else:
            for i in range(width):
                at[i] = <char>(length >> 8 * i)
        return out + head + n


@cython.final
cdef class Varint(ByteFraming):
    """A length as an unsigned LEB128 number, then so many bytes: what protobuf calls delimited."""

    _options = ("max_frame_bytes",)

    def __cinit__(self, *, max_frame_bytes=LIMIT_BYTES):
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_varint(&self.how, self.max_frame_bytes)

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        cdef size_t length = n
        cdef Py_ssize_t size = n + 1
        if length > self.max_frame_bytes:
            refuse_length(n, self.max_frame_bytes)
        while length >= 0x80:
            length >>= 7
            size += 1
        return size

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        cdef size_t length = n
        while length >= 0x80:
            out[0] = <char>(length & 0x7f | 0x80)
            length >>= 7
            out += 1
        out[0] = <char>length
        memcpy(out + 1, p, n)
        return out + 1 + n


@cython.final
cdef class Fixed(ByteFraming):
    """Frames of one size, with nothing between them."""

    _options = ("frame_bytes",)

    def __cinit__(self, frame_bytes):
        self.max_frame_bytes = check_limit("frame_bytes", frame_bytes, 1)
        set_fixed(&self.how, self.max_frame_bytes)

    @property
    def frame_bytes(self):
        return self.max_frame_bytes

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        if <size_t>n != self.max_frame_bytes:
            raise ValueError(f"a frame has {self.max_frame_bytes} bytes; this one has {n}")
        return n

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        memcpy(out, p, n)
        return out + n


@cython.final
cdef class Netstring(ByteFraming):
    """A length in decimal digits, a colon, so many bytes, a comma."""

    _options = ("max_frame_bytes",)

    def __cinit__(self, *, max_frame_bytes=LIMIT_BYTES):
        self.max_frame_bytes = check_limit("max_frame_bytes", max_frame_bytes)
        set_netstring(&self.how, self.max_frame_bytes)

    cdef Py_ssize_t encoded_size(self, const char *p, Py_ssize_t n) except -1:
        cdef size_t length = n
        cdef Py_ssize_t size = n + 3
        if length > self.max_frame_bytes:
            refuse_length(n, self.max_frame_bytes)
        while length >= 10:
            length //= 10
            size += 1
        return size

    cdef char *write(self, char *out, const char *p, Py_ssize_t n) except NULL:
        cdef char digits[MOST_DIGITS]
        cdef int used = 0
        cdef size_t length = n
        while True:
            digits[used] = <char>(c'0' + length % 10)
            used += 1
            length //= 10
            if length == 0:
                break
        while used:
            used -= 1
            out[0] = digits[used]
            out += 1
        out[0] = c':'
        memcpy(out + 1, p, n)
        out[1 + n] = c','
        return out + n + 2
