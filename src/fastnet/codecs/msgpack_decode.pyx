"""The decoder of MessagePack, which unpackb() and Unpacker share.

One loop reads an object after the other and hands each to the innermost array or map that has begun, on a stack of
their own: no recursion, and input may end anywhere. A header is read again when the bytes of its str, bin or ext were
not all there; nothing else is read twice. Lengths are compared with the limits before anything is allocated, and memory
is reserved for as many items only as bytes are there for.

Short keys of maps that come again are found by their bytes in a small table, of the call or of the Unpacker; an
Unpacker has another for the other str, for a stream names the same things over and over.
"""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastnet.codecs.cmsgpack cimport *
from fastnet.codecs.msgpack_words cimport WORD_MOST, WORDS, fn_word, fn_word_of
from fastnet.codecs.msgpack_types import FormatError, InvalidValue, SizeExceeded, StackError, Timestamp

cdef extern from "Python.h":
    PyObject *new_tuple "PyTuple_New" (Py_ssize_t n) except NULL
    void set_tuple_item "PyTuple_SET_ITEM" (PyObject *o, Py_ssize_t i, PyObject *item) noexcept
    void PyObject_GC_UnTrack(PyObject *o) noexcept
    void PyObject_GC_Track(PyObject *o) noexcept

cdef enum:
    IN_LIST = 0
    IN_TUPLE
    IN_DICT
    IN_PAIRS         # a list of pairs, for object_pairs_hook


cdef void decoder_init(Decoder *d) noexcept:
    d.frames = d.first
    d.capacity = FIRST_FRAMES
    d.depth = d.reserved = d.maps = 0
    d.view = NULL
    d.keys = d.words = NULL


cdef void decoder_remember(Decoder *d) noexcept:
    # Without a table it is merely slower.
    if d.keys == NULL:
        d.keys = <fn_word *>PyMem_Calloc(WORDS, sizeof(fn_word))
    if d.words == NULL:
        d.words = <fn_word *>PyMem_Calloc(WORDS, sizeof(fn_word))


cdef void forget(fn_word *words) noexcept:
    cdef int i
    if words != NULL:
        for i in range(WORDS):
            Py_XDECREF(words[i].text)
        PyMem_Free(words)


cdef int decoder_options(Decoder *d, object object_hook, object list_hook, bint use_list, bint raw, int timestamp,
                         bint strict_map_key, object unicode_errors, object object_pairs_hook, object ext_hook,
                         bint bin_views, Py_ssize_t max_depth) except -1:
    if object_hook is not None and object_pairs_hook is not None:
        raise TypeError("object_pairs_hook and object_hook are mutually exclusive.")
    d.object_hook = hook_of("object_hook", object_hook)
    d.pairs_hook = hook_of("object_pairs_hook", object_pairs_hook)
    d.list_hook = hook_of("list_hook", list_hook)
    d.ext_hook = hook_of("ext_hook", ext_hook)
    d.hooked = d.object_hook != NULL or d.pairs_hook != NULL or d.list_hook != NULL
    if timestamp < 0 or timestamp > 3:
        raise ValueError("timestamp must be 0..3")
    d.errors = NULL
    if unicode_errors is not None:
        if not isinstance(unicode_errors, str):
            raise TypeError(f"unicode_errors must be a str, not {type(unicode_errors).__name__}")
        d.errors = PyUnicode_AsUTF8AndSize(<PyObject *>unicode_errors, NULL)
    d.use_list = use_list
    d.raw = raw
    d.timestamp = timestamp
    d.strict_map_key = strict_map_key
    d.bin_views = bin_views
    if max_depth < 0:
        raise ValueError(f"max_depth must not be negative, as {max_depth} is")
    d.max_depth = max_depth
    return 0


cdef PyObject *hook_of(str name, object hook) except? NULL:
    if hook is None:
        return NULL
    if not callable(hook):
        raise TypeError(f"{name} must be a callable.")
    return <PyObject *>hook


cdef void decoder_clear(Decoder *d) noexcept:
    cdef Frame *f
    while d.depth:
        d.depth -= 1
        f = &d.frames[d.depth]
        Py_XDECREF(f.key)
        Py_DECREF(f.container)
    d.reserved = 0


cdef void decoder_free(Decoder *d) noexcept:
    decoder_clear(d)
    if d.frames != d.first:
        PyMem_Free(d.frames)
        d.frames = d.first
        d.capacity = FIRST_FRAMES
    forget(d.keys)
    forget(d.words)
    d.keys = d.words = NULL
    Py_XDECREF(d.view)
    d.view = NULL


# --- single values ---------------------------------------------------------------------------------------------------

cdef int too_long(str kind, Py_ssize_t n, Py_ssize_t most) except -1:
    raise SizeExceeded(f"{n} exceeds max_{kind}_len({most})")


cdef inline int check_length(Decoder *d, fn_msgpack_kind kind, Py_ssize_t n) except -1:
    """Of a str, bin or ext."""
    if kind == FN_MSGPACK_STR:
        return too_long("str", n, d.max_str_len) if n > d.max_str_len else 0
    if kind == FN_MSGPACK_BIN:
        return too_long("bin", n, d.max_bin_len) if n > d.max_bin_len else 0
    return too_long("ext", n, d.max_ext_len) if n > d.max_ext_len else 0


cdef PyObject *taken(object o) noexcept:
    """A new reference, for whoever counts by hand."""
    Py_INCREF(<PyObject *>o)
    return <PyObject *>o


cdef inline PyObject *new_str(Decoder *d, Frame *f, const uint8_t *p, Py_ssize_t n, Py_ssize_t room) noexcept:
    """NULL with an exception."""
    if d.raw:
        return bytes_or_null(<const char *>p, n)
    if 0 < n <= WORD_MOST:
        if f != NULL and f.state >= IN_DICT and f.key == NULL:
            if d.keys != NULL:
                return fn_word_of(d.keys, p, n, room, d.errors)
        elif d.words != NULL:
            return fn_word_of(d.words, p, n, room, d.errors)
    return fn_str_new(p, n, d.errors)


cdef inline PyObject *new_plain(const fn_msgpack_head *head) noexcept:
    """What is nothing but its header; NULL with an exception."""
    cdef PyObject *o
    if head.kind == FN_MSGPACK_UINT:
        return new_uint(head.value.u)
    if head.kind == FN_MSGPACK_INT:
        return new_int(head.value.i)
    if head.kind == FN_MSGPACK_FLOAT:
        return new_float(head.value.f)
    o = Py_None if head.kind == FN_MSGPACK_NIL else Py_True if head.kind == FN_MSGPACK_TRUE else Py_False
    Py_INCREF(o)
    return o


cdef PyObject *new_view(Decoder *d, const uint8_t *p, Py_ssize_t n) except NULL:
    cdef Py_ssize_t begin = p - d.base
    part = (<object>d.view)[begin:begin + n]
    return taken(part)


cdef PyObject *new_ext(Decoder *d, int code, const uint8_t *p, Py_ssize_t n) except NULL:
    cdef int64_t seconds
    cdef uint32_t nanoseconds
    if code != FN_MSGPACK_TIMESTAMP:
        if d.ext_hook == NULL:
            raise AssertionError(f"an object of ext type {code} came, and ext_hook is None")
        return taken((<object>d.ext_hook)(code, (<const char *>p)[:n]))
    if fn_msgpack_read_timestamp(p, n, &seconds, &nanoseconds) < 0:
        if n != 4 and n != 8 and n != 12:
            raise InvalidValue(f"invalid timestamp data (length {n})")
        raise InvalidValue("nanoseconds must be a non-negative integer not greater than 999999999.")
    if d.timestamp == 0:
        return taken(Timestamp(seconds, nanoseconds))
    if d.timestamp == 1:
        return taken(nanoseconds / <object>1e9 + seconds)
    if d.timestamp == 2:
        return taken(<object>seconds * 1000000000 + nanoseconds)
    return taken(Timestamp(seconds, nanoseconds).to_datetime())


# --- containers ------------------------------------------------------------------------------------------------------

cdef Frame *push(Decoder *d) except NULL:
    cdef Frame *more
    if d.depth == d.capacity:
        more = <Frame *>PyMem_Malloc(2 * d.capacity * sizeof(Frame))
        if more == NULL:
            raise MemoryError()
        memcpy(more, d.frames, d.depth * sizeof(Frame))
        if d.frames != d.first:
            PyMem_Free(d.frames)
        d.frames = more
        d.capacity *= 2
    return &d.frames[d.depth]


cdef Frame *open_array(Decoder *d, Py_ssize_t n, Py_ssize_t left) except NULL:
    """An array of n > 0 items has begun; `left` bytes are there for them."""
    cdef Frame *f = push(d)
    cdef Py_ssize_t room = left - d.reserved
    if room < 16:
        room = 16
    if d.use_list or n > room:
        f.container = fn_list_new(n if n < room else room)
        f.state = IN_LIST
        if f.container == NULL:
            fn_failed()
    else:
        f.container = new_tuple(n)
        PyObject_GC_UnTrack(f.container)      # until it is whole
        f.state = IN_TUPLE
    f.room = n if n < room else room
    f.key = NULL
    f.size = n
    f.count = 0
    d.reserved += f.room
    d.depth += 1
    return f


cdef Frame *open_map(Decoder *d, Py_ssize_t n, Py_ssize_t left) except NULL:
    cdef Frame *f = push(d)
    cdef Py_ssize_t room = (left - d.reserved) >> 1
    if room < 8:
        room = 8
    if n < room:
        room = n
    if d.pairs_hook != NULL:
        f.container = fn_list_new(room)
        f.state = IN_PAIRS
    else:
        f.container = fn_dict_new(room)
        f.state = IN_DICT
    if f.container == NULL:
        fn_failed()
    f.room = 2 * room
    f.key = NULL
    f.size = n
    f.count = 0
    d.reserved += f.room
    d.depth += 1
    d.maps += 1
    if d.maps == 2 and d.keys == NULL:
        # Without it the table is merely not used.
        d.keys = <fn_word *>PyMem_Calloc(WORDS, sizeof(fn_word))
    return f


cdef PyObject *new_empty(Decoder *d, bint is_map) except NULL:
    if is_map:
        return taken(ended(d, IN_PAIRS if d.pairs_hook != NULL else IN_DICT, [] if d.pairs_hook != NULL else {}))
    return taken(ended(d, IN_LIST, []))


cdef object ended(Decoder *d, int state, object whole):
    """What stands for a container that is whole."""
    if state == IN_LIST and not d.use_list:
        whole = tuple(whole)
    if state <= IN_TUPLE:
        return whole if d.list_hook == NULL else (<object>d.list_hook)(whole)
    if d.pairs_hook != NULL:
        return (<object>d.pairs_hook)(whole)
    return whole if d.object_hook == NULL else (<object>d.object_hook)(whole)


cdef int wrong_key(PyObject *key) except -1:
    raise InvalidValue(f"{type(<object>key).__name__} is not allowed for map key when strict_map_key=True")


cdef int add_pair(Decoder *d, Frame *f, PyObject *value) except -1:
    """Takes `value`, and the key that waits in the frame."""
    cdef PyObject *key = f.key
    cdef PyObject *pair
    cdef int failed
    f.key = NULL
    if d.strict_map_key and not PyUnicode_CheckExact(key) and not PyBytes_CheckExact(key):
        try:
            wrong_key(key)
        finally:
            Py_DECREF(key)
            Py_DECREF(value)
    if f.state == IN_DICT:
        failed = set_item(f.container, key, value)
    else:
        pair = tuple_of_two(2, key, value)
        failed = -1 if pair == NULL else fn_list_add(f.container, pair)
    Py_DECREF(key)
    Py_DECREF(value)
    return fn_failed() if failed else 0


cdef inline PyObject *read_plain(Decoder *d, const uint8_t **at, const uint8_t *end) except? NULL:
    """A number, a short str or the like; NULL without an exception for what is none, or not whole."""
    cdef const uint8_t *p = at[0]
    cdef PyObject *o
    cdef fn_msgpack_head head
    cdef Py_ssize_t n
    if p == end:
        return NULL
    if p[0] < 0x80:
        at[0] = p + 1
        return new_int(p[0])
    if p[0] & 0xe0 == 0xa0:
        n = p[0] & 0x1f
        if n >= end - p or n > d.max_str_len or d.raw:
            return NULL
        at[0] = p + 1 + n
        if d.words != NULL and 0 < n <= WORD_MOST:
            return fn_word_of(d.words, p + 1, n, end - p - 1, d.errors)
        return fn_str_new(p + 1, n, d.errors)
    n = fn_msgpack_read(p, end - p, &head)
    if n < 0 or head.kind >= FN_MSGPACK_STR:
        return NULL
    at[0] = p + n
    return new_plain(&head)


cdef int read_items(Decoder *d, Frame *f, const uint8_t **at, const uint8_t *end) except -1:
    """As many items of a list as are plain values, without the loop's detours."""
    cdef PyObject *item
    while f.count < f.size:
        item = read_plain(d, at, end)
        if item == NULL:
            break
        if fn_list_add(f.container, item):
            fn_failed()
        f.count += 1
    return 0


cdef int read_pairs(Decoder *d, Frame *f, const uint8_t **at, const uint8_t *end) except -1:
    """As many pairs of a dict as have a short key and a plain value, without the loop's detours."""
    cdef const uint8_t *p = at[0]
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t n
    cdef int failed
    while f.count < f.size and p < end and 0xa1 <= p[0] <= 0xb8:
        n = p[0] & 0x1f
        if n >= end - p or n > d.max_str_len:
            break
        key = fn_word_of(d.keys, p + 1, n, end - p - 1, d.errors)
        if key == NULL:
            fn_failed()
        p += 1 + n
        f.key = key                 # whose it is, until there is a value
        at[0] = p
        value = read_plain(d, &p, end)
        if value == NULL:
            break
        f.key = NULL
        failed = set_item(f.container, key, value)
        Py_DECREF(key)
        Py_DECREF(value)
        if failed:
            fn_failed()
        f.count += 1
        at[0] = p
    return 0


cdef inline PyObject *close_frame(Decoder *d, Frame **frame) except NULL:
    """The innermost container is whole."""
    cdef Frame *f = frame[0]
    cdef PyObject *whole = f.container
    d.depth -= 1
    d.reserved -= f.room
    frame[0] = &d.frames[d.depth - 1] if d.depth else NULL
    if f.state == IN_TUPLE:
        PyObject_GC_Track(whole)
    if d.hooked or (f.state == IN_LIST and not d.use_list):
        return replaced(d, f.state, whole)
    return whole


# --- the loop --------------------------------------------------------------------------------------------------------

cdef int decode(Decoder *d, const uint8_t **at, const uint8_t *end, PyObject **result) except -1:
    cdef const uint8_t *p = at[0]
    cdef Frame *f = &d.frames[d.depth - 1] if d.depth else NULL
    cdef PyObject *o
    cdef fn_msgpack_head head
    cdef ptrdiff_t size
    cdef Py_ssize_t n
    while True:
        o = NULL
        if f != NULL:
            if f.state == IN_LIST:
                read_items(d, f, &p, end)
            elif f.state == IN_DICT and f.key == NULL and d.keys != NULL and not d.raw:
                read_pairs(d, f, &p, end)
            if f.count == f.size:
                o = close_frame(d, &f)
        if o != NULL:
            pass
        elif p < end and p[0] < 0x80:
            # This and the next are most frequent.
            o = new_int(p[0])
            p += 1
        elif p < end and p[0] & 0xe0 == 0xa0:
            n = p[0] & 0x1f
            if n > d.max_str_len:
                too_long("str", n, d.max_str_len)
            if end - p <= n:
                at[0] = p
                return 0
            o = new_str(d, f, p + 1, n, end - p - 1)
            p += 1 + n
        else:
            size = fn_msgpack_read(p, end - p, &head)
            if size < 0:
                at[0] = p
                if size == FN_PARTIAL:
                    return 0
                raise FormatError()
            if head.kind >= FN_MSGPACK_STR:
                n = head.length
                if head.kind >= FN_MSGPACK_ARRAY:
                    if d.depth >= d.max_depth:
                        raise StackError(f"nested deeper than {d.max_depth}")
                    p += size
                    if head.kind == FN_MSGPACK_ARRAY:
                        if n > d.max_array_len:
                            too_long("array", n, d.max_array_len)
                        if n:
                            f = open_array(d, n, end - p)
                            continue
                    else:
                        if n > d.max_map_len:
                            too_long("map", n, d.max_map_len)
                        if n:
                            f = open_map(d, n, end - p)
                            continue
                    o = new_empty(d, head.kind == FN_MSGPACK_MAP)
                else:
                    check_length(d, head.kind, n)
                    if end - p - size < n:
                        at[0] = p
                        return 0
                    p += size
                    if head.kind == FN_MSGPACK_STR:
                        o = new_str(d, f, p, n, end - p)
                    elif head.kind == FN_MSGPACK_EXT:
                        o = new_ext(d, head.ext_type, p, n)
                    elif d.view != NULL and not (f != NULL and f.state >= IN_DICT and f.key == NULL):
                        o = new_view(d, p, n)
                    else:
                        o = new_bytes(<const char *>p, n)
                    p += n
            else:
                p += size
                o = new_plain(&head)
        if o == NULL:
            fn_failed()
        # Hand it over, and every container that ends with it.
        while True:
            if f == NULL:
                at[0] = p
                result[0] = o
                return 1
            if f.state == IN_LIST:
                if fn_list_add(f.container, o):
                    fn_failed()
            elif f.state == IN_TUPLE:
                set_tuple_item(f.container, f.count, o)
            elif f.key == NULL:
                f.key = o
                break
            else:
                add_pair(d, f, o)
            f.count += 1
            if f.count < f.size:
                break
            o = close_frame(d, &f)


cdef PyObject *replaced(Decoder *d, int state, PyObject *whole) except NULL:
    """ended(), taking the reference it is given."""
    held = <object>whole
    Py_DECREF(whole)
    return taken(ended(d, state, held))
