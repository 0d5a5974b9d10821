"""DNS names as text and on the wire; and the door to the kernels, which this module owns.

A name is a str in the form of zone files (RFC 1035, section 5.1): labels with dots between and behind them, ``\\.`` for
a dot inside a label, ``\\DDD`` for a byte that is not printable. The dot at the end may be missing where one is given.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from fastnet.codecs cimport cdns as c

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *n) except NULL
    bint PyUnicode_IS_ASCII(object text)


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef Py_ssize_t header(fn_dns_message *m, const uint8_t *msg, size_t n) noexcept nogil:
    return c.fn_dns_header(m, msg, n)

cdef Py_ssize_t scan(fn_dns_message *m, const uint8_t *msg, size_t n, fn_dns_record *records) noexcept nogil:
    return c.fn_dns_scan(m, msg, n, records)

cdef Py_ssize_t name_at(const uint8_t *msg, size_t n, size_t at, uint8_t *name, size_t *name_len) noexcept nogil:
    cdef uint8_t error
    return c.fn_dns_name(msg, n, at, name, name_len, &error)

cdef void fold(uint8_t *out, const uint8_t *name, size_t n) noexcept nogil:
    c.fn_dns_fold(out, name, n)

cdef uint32_t hash_name(const uint8_t *name, size_t n, uint32_t seed) noexcept nogil:
    return c.fn_dns_hash(name, n, seed)

cdef void write_begin(fn_dns_writer *w, uint8_t *buf, size_t room) noexcept nogil:
    c.fn_dns_write_begin(w, buf, room)

cdef int write_bytes(fn_dns_writer *w, const void *data, size_t n) noexcept nogil:
    return c.fn_dns_write_bytes(w, data, n)

cdef int write_u16(fn_dns_writer *w, uint16_t value) noexcept nogil:
    return c.fn_dns_write_u16(w, value)

cdef int write_u32(fn_dns_writer *w, uint32_t value) noexcept nogil:
    return c.fn_dns_write_u32(w, value)

cdef void write_rewind(fn_dns_writer *w, size_t used) noexcept nogil:
    c.fn_dns_write_rewind(w, used)

cdef const char *error_text(int error) noexcept nogil:
    return c.fn_dns_error_text(error)


# --- names -----------------------------------------------------------------------------------------------------------

cdef str ascii(const char *text, Py_ssize_t n):
    made = PyUnicode_New(n, 127)
    memcpy(PyUnicode_DATA(made), text, n)
    return made


cdef str read_name(const uint8_t *msg, size_t n, size_t at, size_t *taken):
    cdef uint8_t name[c.FN_DNS_NAME_MAX]
    cdef uint8_t error
    cdef char text[c.FN_DNS_TEXT_MAX]
    cdef size_t length = 0
    taken[0] = c.fn_dns_name(msg, n, at, name, &length, &error)
    return ascii(text, c.fn_dns_name_to_text(name, length, text))


cdef Py_ssize_t wire_name(str name, uint8_t *wire) except -1:
    cdef Py_ssize_t n, length
    cdef const char *text
    if name is None:
        raise TypeError("a name is a str, not None")
    if not PyUnicode_IS_ASCII(name):
        raise ValueError(f"{name!r:.300} is no domain name: names are ASCII; encode with IDNA first")
    text = PyUnicode_AsUTF8AndSize(name, &n)
    length = c.fn_dns_name_from_text(text, n, wire)
    if length < 0:
        raise ValueError(f"{name!r:.300} is no domain name: labels have 1 to 63 bytes, names at most 255")
    return length


cdef int write_name(fn_dns_writer *w, str name, bint compress) except -2:
    cdef uint8_t wire[c.FN_DNS_NAME_MAX]
    cdef Py_ssize_t n = wire_name(name, wire)
    return c.fn_dns_write_name(w, wire, n, compress)


def name_to_wire(str name not None):
    cdef uint8_t wire[c.FN_DNS_NAME_MAX]
    cdef Py_ssize_t n = wire_name(name, wire)
    return PyBytes_FromStringAndSize(<char *>wire, n)


def name_from_wire(bytes wire not None):
    cdef size_t taken = 0, length = 0
    cdef uint8_t error = 0
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(wire)
    cdef Py_ssize_t n = PyBytes_GET_SIZE(wire)
    if c.fn_dns_name(p, n, 0, NULL, &length, &error) != n or <Py_ssize_t>length != n:
        raise ValueError(f"{wire!r:.300} is no domain name in wire form")
    return read_name(p, n, 0, &taken)


def name_key(str name not None):
    cdef uint8_t wire[c.FN_DNS_NAME_MAX]
    cdef Py_ssize_t n = wire_name(name, wire)
    c.fn_dns_fold(wire, wire, n)
    return PyBytes_FromStringAndSize(<char *>wire, n)


cdef unsigned long number(str field, object value, unsigned long most) except? 0:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{field}: {value!r} given, expected a number from 0 to {most}")
    return value


cdef str checked(str name):
    cdef uint8_t wire[c.FN_DNS_NAME_MAX]
    wire_name(name, wire)
    return name


def siphash(bytes key not None, bytes data not None):
    if PyBytes_GET_SIZE(key) != 16:
        raise ValueError("key: expected 16 bytes")
    value = c.fn_siphash(<const uint8_t *>PyBytes_AS_STRING(key), PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    return (<object>value).to_bytes(8, "little")
