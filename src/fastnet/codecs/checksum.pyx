"""Checksums: CRC-32, CRC-32C, CRC-64/XZ, CRC-16, Adler-32, Fletcher, and the Internet's.

Each is a function `crc32(data, value)` that continues from an earlier value; `data` is any contiguous buffer, or an
iterable of buffers, whose pieces count as if they were joined. `Checksum` is an object as hashlib has them.

The GIL is released for buffers of 128 KiB or more (CRC-16/CCITT: of 32 KiB). A Checksum that several threads update at once raises RuntimeError.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport uint16_t, uint32_t, uint64_t

from fastnet.codecs cimport cchecksum as c
from fastnet.codecs.cchecksum cimport fn_checksum

cdef extern from "Python.h":
    # What Cython makes of a uint32_t, PyLong_FromLong(), takes 10 ns longer from 2**30 on.
    object new_int "PyLong_FromUnsignedLong" (unsigned long value)

cdef enum:
    # A few microseconds of work: giving the GIL away costs a tenth of one at best, and far more when others want it.
    RELEASE_BYTES = 131072
    RELEASE_BYTES_BY_TABLE = 32768     # CRC-16/CCITT has no faster way


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef uint32_t update_crc32(uint32_t value, const void *buf, size_t n) noexcept nogil:
    return c.fn_crc32(value, buf, n)

cdef uint32_t update_crc32c(uint32_t value, const void *buf, size_t n) noexcept nogil:
    return c.fn_crc32c(value, buf, n)

cdef uint64_t update_crc64_xz(uint64_t value, const void *buf, size_t n) noexcept nogil:
    return c.fn_crc64_xz(value, buf, n)

cdef uint32_t update_adler32(uint32_t value, const void *buf, size_t n) noexcept nogil:
    return c.fn_adler32(value, buf, n)

cdef uint32_t update_internet(uint32_t value, const void *buf, size_t n) noexcept nogil:
    return c.fn_internet(<uint16_t>value, buf, n)


# --- any buffer, any number of them ----------------------------------------------------------------------------------

cdef int feed_one(fn_checksum *state, object data) except -1:
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    if view.len >= RELEASE_BYTES or (state.kind == c.FN_CRC16_CCITT and view.len >= RELEASE_BYTES_BY_TABLE):
        with nogil:
            c.fn_checksum_update(state, view.buf, view.len)
    else:
        c.fn_checksum_update(state, view.buf, view.len)
    PyBuffer_Release(&view)
    return 0


cdef int feed(fn_checksum *state, object data) except -1:
    if PyObject_CheckBuffer(data):
        return feed_one(state, data)
    if isinstance(data, str):
        raise TypeError("a str has no bytes before it is encoded")
    for piece in data:
        feed_one(state, piece)
    return 0


cdef uint64_t sum_of(c.fn_checksum_kind kind, object data, uint64_t value) except? 0xfa57:
    cdef fn_checksum state
    c.fn_checksum_init(&state, kind, value)
    feed(&state, data)
    return c.fn_checksum_value(&state)


cdef inline bint is_small(object data) noexcept:
    return PyBytes_CheckExact(data) and PyBytes_GET_SIZE(data) < RELEASE_BYTES


def crc32(data, value=0, /):
    cdef uint32_t begin = value
    if is_small(data):
        return new_int(c.fn_crc32(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
    return sum_of(c.FN_CRC32, data, begin)


def crc32c(data, value=0, /):
    cdef uint32_t begin = value
    if is_small(data):
        return new_int(c.fn_crc32c(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
    return sum_of(c.FN_CRC32C, data, begin)


def crc64_xz(data, value=0, /):
    cdef uint64_t begin = value
    if is_small(data):
        return c.fn_crc64_xz(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return sum_of(c.FN_CRC64_XZ, data, begin)


def crc16_modbus(data, value=0xffff, /):
    cdef uint16_t begin = value
    if is_small(data):
        return c.fn_crc16_modbus(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return sum_of(c.FN_CRC16_MODBUS, data, begin)


def crc16_ccitt(data, value=0, /):
    cdef uint16_t begin = value
    if is_small(data) and PyBytes_GET_SIZE(data) < RELEASE_BYTES_BY_TABLE:
        return c.fn_crc16_ccitt(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return sum_of(c.FN_CRC16_CCITT, data, begin)


def adler32(data, value=1, /):
    cdef uint32_t begin = value
    if is_small(data):
        return new_int(c.fn_adler32(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
    return sum_of(c.FN_ADLER32, data, begin)


def fletcher16(data, value=0, /):
    cdef uint16_t begin = value
    if is_small(data):
        return c.fn_fletcher16(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return sum_of(c.FN_FLETCHER16, data, begin)


def fletcher32(data, value=0, /):
    cdef uint32_t begin = value
    if is_small(data):
        return new_int(c.fn_fletcher32(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)))
    return sum_of(c.FN_FLETCHER32, data, begin)


def internet(data, value=0xffff, /):
    cdef uint16_t begin = value
    if is_small(data):
        return c.fn_internet(begin, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return sum_of(c.FN_INTERNET, data, begin)


def internet_replace(value, before, after, /):
    cdef Py_buffer old, new
    cdef uint16_t begin = value, result
    PyObject_GetBuffer(before, &old, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(after, &new, PyBUF_SIMPLE)
        try:
            if old.len != new.len or old.len % 2:
                raise ValueError(f"a field of an even number of bytes expected, the same before and after; "
                                 f"there are {old.len} and {new.len}")
            result = c.fn_internet_replace(begin, old.buf, new.buf, old.len)
        finally:
            PyBuffer_Release(&new)
    finally:
        PyBuffer_Release(&old)
    return result


# --- combining -------------------------------------------------------------------------------------------------------

def crc32_combine(uint32_t a, uint32_t b, uint64_t b_length, /):
    return c.fn_crc32_combine(a, b, b_length)


def crc32c_combine(uint32_t a, uint32_t b, uint64_t b_length, /):
    return c.fn_crc32c_combine(a, b, b_length)


def crc64_xz_combine(uint64_t a, uint64_t b, uint64_t b_length, /):
    return c.fn_crc64_xz_combine(a, b, b_length)


def crc16_modbus_combine(uint16_t a, uint16_t b, uint64_t b_length, /):
    return c.fn_crc16_modbus_combine(a, b, b_length)


def crc16_ccitt_combine(uint16_t a, uint16_t b, uint64_t b_length, /):
    return c.fn_crc16_ccitt_combine(a, b, b_length)


def adler32_combine(uint32_t a, uint32_t b, uint64_t b_length, /):
    return c.fn_adler32_combine(a, b, b_length)


# --- by name ---------------------------------------------------------------------------------------------------------

cdef str name_of(int kind):
    return c.fn_checksum_name(<c.fn_checksum_kind>kind).decode("ascii")


algorithms_available = tuple(sorted([name_of(i) for i in range(c.FN_CHECKSUM_COUNT)]))


cdef int begin(fn_checksum *state, str name, object value) except -1:
    cdef int i
    cdef c.fn_checksum_kind kind
    cdef uint64_t number
    cdef size_t bits
    for i in range(c.FN_CHECKSUM_COUNT):
        if name == name_of(i):
            kind = <c.fn_checksum_kind>i
            number = c.fn_checksum_empty(kind) if value is None else value
            bits = 8 * c.fn_checksum_size(kind)
            if bits < 64 and number >> bits:
                raise OverflowError(f"{name} has {bits} bits; the value {number:#x} has more")
            c.fn_checksum_init(state, kind, number)
            return 0
    raise ValueError(f"no checksum {name!r}; there are: {', '.join(algorithms_available)}")


cdef Py_ssize_t copy_one(fn_checksum *state, object data, object into) except -1:
    cdef Py_buffer source, target
    cdef Py_ssize_t n
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(into, &target, PyBUF_WRITABLE)
        n = source.len
        try:
            if target.len < n:
                raise ValueError(f"{n} bytes do not fit a buffer of {target.len}")
            if n >= RELEASE_BYTES:
                with nogil:
                    c.fn_checksum_copy(state, target.buf, source.buf, n)
            else:
                c.fn_checksum_copy(state, target.buf, source.buf, n)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return n


def copy_into(str name not None, data, into, value=None, /):
    cdef fn_checksum state
    begin(&state, name, value)
    copy_one(&state, data, into)
    return c.fn_checksum_value(&state)


def new(str name not None, data=b"", /):
    return Checksum(name, data)


@cython.final
cdef class Checksum:
    """A checksum under way, as hashlib's objects are: update() it piece by piece, then digest() or value."""

    def __init__(self, str name not None, data=b"", /):
        cdef fn_checksum state
        begin(&state, name, None)
        feed(&state, data)
        with cython.critical_section(self):
            self.state = state

    # The state is taken, worked on apart, and put back whole, so that an error, or another thread, finds it as it was.
    cdef int _enter(self, fn_checksum *state) except -1:
        cdef bint busy
        with cython.critical_section(self):
            busy = self.busy
            self.busy = True
            state[0] = self.state
        if busy:
            raise RuntimeError("this Checksum is being updated already; let each thread have its own")
        return 0

    cdef int _leave(self) except -1:
        with cython.critical_section(self):
            self.busy = False
        return 0

    def update(self, data, /):
        cdef fn_checksum state
        self._enter(&state)
        try:
            feed(&state, data)
            with cython.critical_section(self):
                self.state = state
        finally:
            self._leave()

    def copy_into(self, data, into, /):
        cdef fn_checksum state
        cdef Py_ssize_t n
        self._enter(&state)
        try:
            n = copy_one(&state, data, into)
            with cython.critical_section(self):
                self.state = state
        finally:
            self._leave()
        return n

    @property
    def value(self):
        cdef fn_checksum state
        with cython.critical_section(self):
            state = self.state
        return c.fn_checksum_value(&state)

    def digest(self):
        return self.value.to_bytes(self.digest_size, "big")

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        cdef Checksum other = Checksum.__new__(Checksum)
        with cython.critical_section(self):
            other.state = self.state
        return other

    @property
    def name(self):
        return name_of(self.state.kind)

    @property
    def digest_size(self):
        return c.fn_checksum_size(<c.fn_checksum_kind>self.state.kind)

    @property
    def block_size(self):
        return 1

    def __repr__(self):
        return f"<{self.name} checksum {self.hexdigest()}>"
