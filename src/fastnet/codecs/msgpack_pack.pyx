"""Packing MessagePack: packb(), and the writer that a Packer uses, too.

An object is written in one pass into memory on the C stack, which is enough for most messages, and from there into a
bytes object that grows and is cut to size at the end; or into a buffer of the caller. Types are told apart by their
pointer first; subclasses, extension types, datetimes and `default` come after. Recursion is bounded by DEPTH_MOST.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from fastnet.codecs.cmsgpack cimport *
from fastnet.codecs.msgpack_types import BufferFull, ExtType, Timestamp

ctypedef int (*write_function)(Writer *w, PyObject *o) noexcept

cdef enum:
    DEPTH_MOST = 1024        # as deep as msgpack-python goes
    FIRST_BYTES = 2048       # on the C stack
    LENGTH_MOST = 0xffffffff


# --- where to write --------------------------------------------------------------------------------------------------

cdef void writer_init(Writer *w, const Options *options, void *memory, Py_ssize_t size, bint fixed) noexcept:
    w.begin = w.at = <uint8_t *>memory
    w.end = w.begin + size
    w.store = NULL
    w.fixed = fixed
    w.options = options


cdef object writer_drop(Writer *w):
    Py_XDECREF(w.store)
    w.store = NULL


cdef bytes writer_take(Writer *w):
    """What was written; the Writer is empty then."""
    cdef PyObject *store = w.store
    cdef Py_ssize_t n = w.at - w.begin
    w.store = NULL
    if store == NULL:
        store = new_bytes(<char *>w.begin, n)
    else:
        resize_bytes(&store, n)
    result = <bytes>store
    Py_DECREF(store)
    return result


cdef int grow(Writer *w, Py_ssize_t n) except -1:
    cdef Py_ssize_t used = w.at - w.begin
    cdef Py_ssize_t size = 2 * max(used, n) + n
    if w.fixed:
        raise BufferFull(f"the buffer holds {w.end - w.begin} bytes from its offset on; the object needs more")
    if w.store == NULL:
        w.store = new_bytes(NULL, size)
        memcpy(PyBytes_AS_STRING(w.store), w.begin, used)
    else:
        resize_bytes(&w.store, size)
    w.begin = <uint8_t *>PyBytes_AS_STRING(w.store)
    w.at = w.begin + used
    w.end = w.begin + size
    return 0


cdef inline int need(Writer *w, Py_ssize_t n) except -1:
    if w.end - w.at < n:
        grow(w, n)
    return 0


cdef inline int put(Writer *w, const uint8_t *head, size_t n, const void *data, Py_ssize_t size) except -1:
    need(w, n + size)
    memcpy(w.at, head, n)
    if size:                           # C asks memcpy for pointers even where there is nothing to copy
        memcpy(w.at + n, data, size)
    w.at += n + size
    return 0


# --- the exact types -------------------------------------------------------------------------------------------------

cdef inline int write_signed(Writer *w, int64_t value) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    if w.end - w.at >= FN_MSGPACK_HEAD_MAX:
        w.at += fn_msgpack_put_int(w.at, value)
        return 0
    return put(w, head, fn_msgpack_put_int(head, value), NULL, 0)


cdef int write_large(Writer *w, PyObject *o) except -1:
    """An int of several digits. Returns 0, having written nothing, when it has more than 64 bits."""
    cdef int overflow
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    cdef long long value = PyLong_AsLongLongAndOverflow(o, &overflow)
    cdef unsigned long long positive
    if not overflow:
        write_signed(w, value)
        return 1
    if overflow < 0:
        return 0
    try:
        positive = <object>o
    except OverflowError:
        return 0
    put(w, head, fn_msgpack_put_uint(head, positive), NULL, 0)
    return 1


cdef inline int write_float(Writer *w, PyObject *o) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    cdef double value = PyFloat_AS_DOUBLE(o)
    cdef float single
    if w.options.single_float:
        single = <float>value
        if single - single != 0 and value - value == 0:
            raise OverflowError("float too large to pack with f format")
        return put(w, head, fn_msgpack_put_float(head, single), NULL, 0)
    need(w, 9)
    w.at += fn_msgpack_put_double(w.at, value)
    return 0


cdef int write_text(Writer *w, const char *text, Py_ssize_t n) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    if n > LENGTH_MOST:
        raise ValueError("unicode string is too large")
    if w.end - w.at >= n + FN_MSGPACK_HEAD_MAX:
        w.at += fn_msgpack_put_str(w.at, <uint32_t>n, w.options.bin_type)
        fn_copy(w.at, text, n)
        w.at += n
        return 0
    return put(w, head, fn_msgpack_put_str(head, <uint32_t>n, w.options.bin_type), text, n)


cdef int write_str(Writer *w, PyObject *o) except -1:
    cdef Py_ssize_t n
    cdef const char *text
    if PyUnicode_IS_COMPACT_ASCII(o):
        return write_text(w, <char *>PyUnicode_1BYTE_DATA(o), PyUnicode_GET_LENGTH(o))
    if w.options.errors != NULL:
        encoded = PyUnicode_AsEncodedString(<object>o, NULL, w.options.errors)
        return write_text(w, encoded, len(encoded))
    text = PyUnicode_AsUTF8AndSize(o, &n)
    return write_text(w, text, n)


cdef int write_binary(Writer *w, const void *data, Py_ssize_t n) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    if n > LENGTH_MOST:
        raise ValueError("the object is too large: bin holds 4 GiB less a byte")
    if w.options.bin_type:
        return put(w, head, fn_msgpack_put_bin(head, <uint32_t>n), data, n)
    return put(w, head, fn_msgpack_put_str(head, <uint32_t>n, False), data, n)


cdef int write_buffer(Writer *w, object o) except -1:
    cdef Py_buffer view
    PyObject_GetBuffer(o, &view, PyBUF_SIMPLE)
    try:
        write_binary(w, view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return 0


cdef inline int write_array_head(Writer *w, Py_ssize_t n, int depth) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    if n < 0x10 and w.at < w.end and depth < DEPTH_MOST:
        w.at[0] = <uint8_t>(0x90 | n)
        w.at += 1
        return 0
    if n > LENGTH_MOST:
        raise ValueError("list is too large")
    if depth >= DEPTH_MOST and n:
        raise ValueError("recursion limit exceeded.")
    return put(w, head, fn_msgpack_put_array(head, <uint32_t>n), NULL, 0)


cdef inline int write_map_head(Writer *w, Py_ssize_t n, int depth) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    if n < 0x10 and w.at < w.end and depth < DEPTH_MOST:
        w.at[0] = <uint8_t>(0x80 | n)
        w.at += 1
        return 0
    if n > LENGTH_MOST:
        raise ValueError("dict is too large")
    if depth >= DEPTH_MOST and n:
        raise ValueError("recursion limit exceeded.")
    return put(w, head, fn_msgpack_put_map(head, <uint32_t>n), NULL, 0)


cdef int write_list(Writer *w, PyObject *o, int depth) except -1:
    cdef Py_ssize_t i, n = PyList_GET_SIZE(o)
    cdef PyObject *item
    write_array_head(w, n, depth)
    if n >= 64 and not w.fixed and PyList_GET_SIZE(o) == n:
        # Likely more of the same: in one step.
        item = fn_list_take(o, 0)
        need(w, 9 * n if Py_TYPE(item) == &PyFloat_Type else 2 * n)
        fn_list_give(item)
    for i in range(n):
        if PyList_GET_SIZE(o) != n:
            raise RuntimeError("list changed size during iteration")
        item = fn_list_take(o, i)
        write_value(w, item, depth + 1)
        fn_list_give(item)
    return 0


cdef int write_tuple(Writer *w, PyObject *o, int depth) except -1:
    cdef Py_ssize_t i, n = PyTuple_GET_SIZE(o)
    write_array_head(w, n, depth)
    for i in range(n):
        write_value(w, PyTuple_GET_ITEM(o, i), depth + 1)
    return 0


cdef int write_pair(Writer *w, PyObject *key, PyObject *value, int depth) except -1:
    # Writing a key of another type may run code that takes the value away.
    held = <object>value
    write_value(w, key, depth)
    return write_value(w, value, depth)


cdef int write_dict(Writer *w, object o, int depth) except -1:
    cdef Py_ssize_t at = 0, left
    cdef PyObject *key
    cdef PyObject *value
    cdef PyObject *d = <PyObject *>o
    with cython.critical_section(o):
        left = PyDict_Size(d)
        write_map_head(w, left, depth)
        while PyDict_Next(d, &at, &key, &value):
            left -= 1
            if left < 0:
                break
            if write_scalar(w, key):
                write_value(w, value, depth + 1)
            else:
                write_pair(w, key, value, depth + 1)
    if left:
        raise RuntimeError("dictionary changed size during iteration")
    return 0


cdef int write_exact(Writer *w, PyObject *o, int depth) except -1:
    """Writes what is of one of the usual types exactly, and returns 1; 0 for everything else, and too large ints."""
    cdef PyTypeObject *kind = Py_TYPE(o)
    cdef int64_t value
    if kind == &PyUnicode_Type:
        write_str(w, o)
    elif kind == &PyLong_Type:
        if not fn_small_int(o, &value):
            return write_large(w, o)
        write_signed(w, value)
    elif kind == &PyFloat_Type:
        write_float(w, o)
    elif o == Py_None:
        put(w, b"\xc0", 1, NULL, 0)
    elif o == Py_True:
        put(w, b"\xc3", 1, NULL, 0)
    elif o == Py_False:
        put(w, b"\xc2", 1, NULL, 0)
    elif kind == &PyDict_Type:
        write_dict(w, <object>o, depth)
    elif kind == &PyList_Type:
        write_list(w, o, depth)
    elif kind == &PyBytes_Type:
        write_binary(w, PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o))
    elif kind == &PyTuple_Type and not w.options.strict:
        write_tuple(w, o, depth)
    else:
        return 0
    return 1


cdef inline int write_scalar(Writer *w, PyObject *o) except -1:
    """The quick way for what is most frequent, inlined into every loop; 0 for what has to take the other."""
    cdef PyTypeObject *kind = Py_TYPE(o)
    cdef Py_ssize_t n
    cdef int64_t value
    if w.end - w.at < FN_MSGPACK_HEAD_MAX:
        if w.fixed:
            return 0
        grow(w, FN_MSGPACK_HEAD_MAX)
    if kind == &PyUnicode_Type:
        if not PyUnicode_IS_COMPACT_ASCII(o):
            return 0
        n = PyUnicode_GET_LENGTH(o)
        if n >= 0x20 or w.end - w.at <= n:
            return 0
        w.at[0] = <uint8_t>(0xa0 | n)
        fn_copy(w.at + 1, PyUnicode_1BYTE_DATA(o), n)
        w.at += 1 + n
    elif kind == &PyLong_Type:
        if not fn_small_int(o, &value):
            return 0
        w.at += fn_msgpack_put_int(w.at, value)
    elif kind == &PyFloat_Type:
        if w.options.single_float:
            return 0
        w.at += fn_msgpack_put_double(w.at, PyFloat_AS_DOUBLE(o))
    elif o == Py_None or o == Py_True or o == Py_False:
        w.at[0] = 0xc0 if o == Py_None else 0xc3 if o == Py_True else 0xc2
        w.at += 1
    else:
        return 0
    return 1


cdef inline int write_value(Writer *w, PyObject *o, int depth) except -1:
    if write_scalar(w, o):
        return 0
    if not write_exact(w, o, depth):
        write_other(w, <object>o, depth)
    return 0


# --- the other types -------------------------------------------------------------------------------------------------

cdef int write_ext(Writer *w, int code, object data) except -1:
    cdef uint8_t head[FN_MSGPACK_HEAD_MAX]
    cdef Py_buffer view
    if code < -128 or code > 127:
        raise OverflowError(f"the code of an ext type is -128 to 127, not {code}")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if view.len > LENGTH_MOST:
            raise ValueError("EXT data is too large")
        put(w, head, fn_msgpack_put_ext(head, <int8_t>code, <uint32_t>view.len), view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return 0


cdef int write_timestamp(Writer *w, object stamp) except -1:
    cdef uint8_t both[FN_MSGPACK_TIMESTAMP_MAX]
    cdef int64_t seconds = stamp.seconds
    cdef uint32_t nanoseconds = stamp.nanoseconds
    return put(w, both, fn_msgpack_put_timestamp(both, seconds, nanoseconds), NULL, 0)


cdef int write_sequence(Writer *w, object items, Py_ssize_t n, int depth) except -1:
    """A list or tuple of a class that may iterate in its own way."""
    write_array_head(w, n, depth)
    for item in items:
        n -= 1
        if n < 0:
            break
        write_value(w, <PyObject *>item, depth + 1)
    if n:
        raise RuntimeError("the sequence has another length than it says")
    return 0


cdef int write_pairs(Writer *w, object pairs, Py_ssize_t n, int depth) except -1:
    write_map_head(w, n, depth)
    for key, value in pairs:
        n -= 1
        if n < 0:
            break
        write_value(w, <PyObject *>key, depth + 1)
        write_value(w, <PyObject *>value, depth + 1)
    if n:
        raise RuntimeError("the map has another length than it says")
    return 0


cdef int write_derived(Writer *w, object o, int depth) except -1:
    """Writes what write_exact() does not, and returns 1; 0 for what cannot be packed."""
    cdef PyObject *p = <PyObject *>o
    cdef bint strict = w.options.strict
    if PyLong_Check(p):
        if strict:
            return 0
        return write_large(w, p)
    if PyFloat_Check(p):
        if strict:
            return 0
        write_float(w, p)
    elif PyByteArray_Check(p) if not strict else PyByteArray_CheckExact(p):
        write_buffer(w, o)
    elif PyBytes_Check(p):
        if strict:
            return 0
        write_binary(w, PyBytes_AS_STRING(p), PyBytes_GET_SIZE(p))
    elif PyUnicode_Check(p):
        if strict:
            return 0
        write_str(w, p)
    elif PyDict_Check(p):
        if strict:
            return 0
        write_pairs(w, o.items(), len(o), depth)
    elif type(o) is ExtType if strict else isinstance(o, ExtType):
        write_ext(w, o.code, o.data)
    elif type(o) is Timestamp:
        write_timestamp(w, o)
    elif PyList_Check(p):
        if strict:
            return 0
        write_sequence(w, o, PyList_GET_SIZE(p), depth)
    elif PyTuple_Check(p):
        if strict:
            return 0
        write_sequence(w, o, PyTuple_GET_SIZE(p), depth)
    elif PyMemoryView_Check(p):
        write_buffer(w, o)
    elif w.options.datetime and is_datetime(o) and o.tzinfo is not None:
        write_timestamp(w, Timestamp.from_datetime(o))
    else:
        return 0
    return 1


cdef bint is_datetime(object o) except -1:
    # Whoever made one has imported the module; the C API of datetime would be state that interpreters share.
    import datetime
    return type(o) is datetime.datetime


cdef int write_other(Writer *w, object o, int depth) except -1:
    if depth > DEPTH_MOST:
        raise ValueError("recursion limit exceeded.")
    if write_derived(w, o, depth):
        return 0
    if w.options.default != NULL:
        o = (<object>w.options.default)(o)
        if write_exact(w, <PyObject *>o, depth) or write_derived(w, o, depth):
            return 0
    if isinstance(o, int) and (type(o) is int or not w.options.strict):
        raise OverflowError("Integer value out of range")
    if w.options.datetime and is_datetime(o):
        raise ValueError("can not serialize 'datetime.datetime' object where tzinfo=None")
    raise TypeError(f"can not serialize '{type(o).__name__}' object")


cdef int write_root(Writer *w, PyObject *o) except -1:
    return write_value(w, o, 0)


cdef int write_object(Writer *w, object o) except -1:
    # try/except would cost more than a small message does.
    if (<write_function>write_root)(w, <PyObject *>o) < 0:
        writer_drop(w)
        return fn_failed()
    return 0


cdef int write_map(Writer *w, object pairs) except -1:
    try:
        return write_pairs(w, pairs, len(pairs), -1)
    except:
        writer_drop(w)
        raise


cdef int write_head(Writer *w, const uint8_t *head, size_t n) except -1:
    return put(w, head, n, NULL, 0)


# --- from Python -----------------------------------------------------------------------------------------------------

cdef int read_options(Options *options, object default, object errors, bint single_float, bint bin_type, bint strict,
                      bint datetime) except -1:
    if default is not None and not callable(default):
        raise TypeError("default must be a callable.")
    options.default = NULL if default is None else <PyObject *>default
    options.errors = NULL
    if errors is not None:
        if not isinstance(errors, str):
            raise TypeError(f"unicode_errors must be a str, not {type(errors).__name__}")
        options.errors = PyUnicode_AsUTF8AndSize(<PyObject *>errors, NULL)
    options.single_float = single_float
    options.bin_type = bin_type
    options.strict = strict
    options.datetime = datetime
    return 0


def packb(o, *, default=None, bint use_single_float=False, bint autoreset=True, bint use_bin_type=True,
          bint strict_types=False, bint datetime=False, unicode_errors=None, buf_size=None):
    cdef uint8_t first[FIRST_BYTES]
    cdef Options options
    cdef Writer w
    read_options(&options, default, unicode_errors, use_single_float, use_bin_type, strict_types, datetime)
    writer_init(&w, &options, first, FIRST_BYTES, False)
    write_object(&w, o)
    if autoreset:
        return writer_take(&w)
    return writer_drop(&w)
