# A compiled module of somebody else's, on top of the C faces of framing and MessagePack: calls [id, method, arguments]
# are read out of a stream of length-prefixed frames without an object each, and answers written.
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from fastnet.codecs.cframing cimport fn_frame, fn_framing, fn_framing_state
from fastnet.codecs.cmsgpack cimport (
    FN_MSGPACK_ARRAY, FN_MSGPACK_I32, FN_MSGPACK_STR, FN_MSGPACK_UINT, fn_msgpack_head, fn_msgpack_put_array,
    fn_msgpack_read, fn_msgpack_walk, fn_msgpack_walk_init,
)
from fastnet.codecs.framing cimport ByteFraming, scan, set_fixed, set_prefix
from fastnet.codecs.msgpack_arrays cimport put_items, read_items
from fastnet.codecs.msgpack_pack cimport (
    Options, Writer, read_options, write_object, writer_drop, writer_init, writer_take,
)
from fastnet.codecs.msgpack_stream cimport is_utf8, skip

cdef enum:
    DEPTH = 16


cdef Py_ssize_t read_call(const char *buf, size_t n, uint64_t *number, fn_frame *method) noexcept nogil:
    """The bytes of a call's arguments, which end the frame; -1 for what is no call."""
    cdef fn_msgpack_head head
    cdef fn_msgpack_walk walk
    cdef uint64_t left[DEPTH]
    cdef Py_ssize_t at = fn_msgpack_read(buf, n, &head), size
    if at < 0 or head.kind != FN_MSGPACK_ARRAY or head.length != 3:
        return -1
    size = fn_msgpack_read(buf + at, n - at, &head)
    if size < 0 or head.kind != FN_MSGPACK_UINT:
        return -1
    number[0] = head.value.u
    at += size
    size = fn_msgpack_read(buf + at, n - at, &head)
    if size < 0 or head.kind != FN_MSGPACK_STR or head.length > n - at - size:
        return -1
    method.start = at + size
    method.end = method.start + head.length
    if not is_utf8(buf + method.start, head.length):
        return -1
    fn_msgpack_walk_init(&walk, left, DEPTH, True)
    size = skip(&walk, buf + method.end, n - method.end)
    return size if size == <Py_ssize_t>(n - method.end) else -1


def calls(bytes data):
    """[(id, method, bytes of the arguments)] of the whole frames; None for one that is no call."""
    cdef fn_framing how
    cdef fn_framing_state state
    cdef fn_frame frames[64]
    cdef fn_frame method
    cdef size_t count, i
    cdef uint64_t number
    cdef Py_ssize_t size
    cdef const char *buf = data
    memset(&state, 0, sizeof(state))
    set_prefix(&how, 2, True, False, 0, 4096)
    if scan(&how, &state, buf, len(data), frames, 64, &count) == -2:
        raise ValueError("a frame over the limit")
    found = []
    for i in range(count):
        with nogil:
            size = read_call(buf + frames[i].start, frames[i].end - frames[i].start, &number, &method)
        name = data[frames[i].start + method.start:frames[i].start + method.end] if size >= 0 else None
        found.append((number, name, size) if size >= 0 else None)
    return found


def packed(value):
    """The same as fastnet.msgpack.packb()."""
    cdef Options options
    cdef Writer w
    cdef uint8_t room[512]
    read_options(&options, None, None, False, True, False, False)
    writer_init(&w, &options, room, sizeof(room), False)
    try:
        write_object(&w, value)
        return writer_take(&w)
    finally:
        writer_drop(&w)


def doubled(bytes data):
    """Of a packed array of int32, one of their doubles."""
    cdef int items[100]
    cdef uint8_t out[505]
    cdef fn_msgpack_head head
    cdef size_t n, i
    cdef const char *buf = data
    cdef Py_ssize_t size = fn_msgpack_read(buf, len(data), &head)
    if size < 0 or head.kind != FN_MSGPACK_ARRAY or head.length > 100:
        raise ValueError("not a small array")
    if read_items(FN_MSGPACK_I32, items, head.length, buf + size, len(data) - size, &n) < 0:
        raise ValueError(f"item {n} is no int32")
    for i in range(n):
        items[i] *= 2
    size = fn_msgpack_put_array(out, <uint32_t>n)
    size += put_items(out + size, FN_MSGPACK_I32, items, n)
    return (<const char *>out)[:size]


cdef class Quads(ByteFraming):
    """A framing of one's own: four bytes each."""

    def __cinit__(self):
        self.max_frame_bytes = 4
        set_fixed(&self.how, 4)
