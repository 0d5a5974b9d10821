"""Arrays of one C type to and from MessagePack, without a Python object an item."""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint32_t

from fastnet.codecs.cmsgpack cimport *
from fastnet.codecs.msgpack_types import ExtraData, InvalidValue, SizeExceeded, Truncated
from fastnet.codecs.msgpack_unpack cimport contiguous


# --- the kernels, for other modules ----------------------------------------------------------------------------------

cdef size_t put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n) noexcept nogil:
    return fn_msgpack_put_items(out, type, items, n)


cdef Py_ssize_t read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t length,
                           size_t *items_read) noexcept nogil:
    return fn_msgpack_read_items(type, items, n, buf, length, items_read)


# --- types ---------------------------------------------------------------------------------------------------------

cdef int type_of(bytes code, Py_ssize_t size) except -1:
    """The type of a format character of struct, in native size."""
    cdef bint signed = code in b"bhilqn"
    if code in (b"f", b"d"):
        return FN_MSGPACK_F32 if size == 4 else FN_MSGPACK_F64
    if len(code) != 1 or not (signed or code in b"BHILQN"):
        raise TypeError(f"items of format {code.decode()!r}, expected one of bBhHiIlLqQfd in native byte order")
    if size == 1:
        return FN_MSGPACK_I8 if signed else FN_MSGPACK_U8
    if size == 2:
        return FN_MSGPACK_I16 if signed else FN_MSGPACK_U16
    if size == 4:
        return FN_MSGPACK_I32 if signed else FN_MSGPACK_U32
    return FN_MSGPACK_I64 if signed else FN_MSGPACK_U64


# --- from Python -----------------------------------------------------------------------------------------------------

def pack_array(items, /):
    cdef Py_buffer view
    cdef PyObject *store
    cdef uint8_t *out
    cdef Py_ssize_t n, size
    cdef int kind
    PyObject_GetBuffer(items, &view, PyBUF_FORMAT | PyBUF_ND)
    try:
        if view.ndim != 1:
            raise TypeError(f"{view.ndim} dimensions, expected one")
        kind = type_of(b"B" if view.format == NULL else (<bytes>view.format).lstrip(b"@"), view.itemsize)
        n = view.len // view.itemsize
        if n > 0xffffffff:
            raise ValueError(f"{n} items, and an array holds 4294967295 at most")
        store = new_bytes(NULL, n * (view.itemsize + 1) + FN_MSGPACK_HEAD_MAX)
        out = <uint8_t *>PyBytes_AS_STRING(store)
        size = fn_msgpack_put_array(out, <uint32_t>n)
        with nogil:
            size += fn_msgpack_put_items(out + size, <fn_msgpack_type>kind, view.buf, n)
        resize_bytes(&store, size)
        result = <object>store
        Py_DECREF(store)
        return result
    finally:
        PyBuffer_Release(&view)


def unpack_array(packed, str typecode not None, /, *, Py_ssize_t max_array_len=-1):
    import array

    cdef Py_buffer view, target
    cdef fn_msgpack_head head
    cdef ptrdiff_t size, used = 0
    cdef size_t done = 0
    cdef int kind
    cdef Py_ssize_t n
    result = array.array(typecode)
    kind = type_of(typecode.encode(), result.itemsize)
    data = contiguous(packed, &view)
    try:
        size = fn_msgpack_read(view.buf, view.len, &head)
        if size == FN_PARTIAL:
            raise Truncated("Unpack failed: incomplete input")
        if size == FN_INVALID or head.kind != FN_MSGPACK_ARRAY:
            raise InvalidValue("not an array")
        n = head.length
        if max_array_len != -1 and n > max_array_len:
            raise SizeExceeded(f"{n} exceeds max_array_len({max_array_len})")
        if n > view.len - size:
            raise Truncated("Unpack failed: incomplete input")
        if n:
            result = array.array(typecode, bytes(result.itemsize)) * n
            PyObject_GetBuffer(result, &target, PyBUF_ND)
            try:
                with nogil:
                    used = fn_msgpack_read_items(<fn_msgpack_type>kind, target.buf, n, <char *>view.buf + size,
                                                 view.len - size, &done)
            finally:
                PyBuffer_Release(&target)
        if used == FN_PARTIAL:
            raise Truncated("Unpack failed: incomplete input")
        if used == FN_INVALID:
            raise InvalidValue(f"item {done} is not a number that fits an array of {typecode!r}")
        size += used
        if size < view.len:
            raise ExtraData(result, (<const char *>view.buf)[size:view.len])
        return result
    finally:
        PyBuffer_Release(&view)
