"""HPACK (RFC 7541): the header lists of HTTP/2, packed and unpacked.

A `Decoder` and an `Encoder` are one direction of one connection each; blocks go through them in the order of the wire.
Steady traffic is mostly references to entries of a table, so a decoder keeps what it made of an entry and gives that
out again: a list of thirteen such fields costs thirteen look-ups and no bytes.

Integers, strings, the table, the list and the number of its fields are bounded. A block that breaks the format, or goes
over the limits, raises; after a ProtocolError the connection cannot go on, after LimitExceeded it can: the table has
followed the block to its end.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint32_t

from fastnet.codecs cimport chpack as c
from fastnet.codecs.chpack cimport fn_hpack_field, fn_hpack_limits
from fastnet.codecs.http1_names cimport NameTable
from fastnet.codecs.outbuffer cimport OutBuffer

from fastnet.codecs.http1_names import COMMON
from fastnet.errors import LimitExceeded, ProtocolError

cdef enum:
    SLACK = 8192           # beyond max_list_bytes: room for the field that goes over it

REASONS = {
    c.FN_HPACK_BAD_INDEX: "an index is 0, or beyond the tables",
    c.FN_HPACK_BAD_INTEGER: "an integer is too large, or spelled in too many bytes",
    c.FN_HPACK_BAD_HUFFMAN: "a Huffman-coded string has wrong padding, or an end in its middle",
    c.FN_HPACK_BAD_UPDATE: "the table's size is changed to more than was allowed, or behind a field",
    c.FN_HPACK_CUT: "the block ends inside a field",
    c.FN_HPACK_NO_ROOM: "a field is larger than any list may be",
}


cdef class Table:
    """What Decoder and Encoder share: the dynamic table."""

    def __dealloc__(self):
        PyMem_Free(self.memory)

    cdef int open(self, uint32_t limit) except -1:
        if limit > c.FN_HPACK_MOST:
            raise ValueError(f"a table has at most {c.FN_HPACK_MOST} bytes, not {limit}")
        if self.memory != NULL:
            raise RuntimeError("made already")
        self.memory = PyMem_Malloc(c.FN_HPACK_MEMORY(limit))
        if self.memory == NULL:
            raise MemoryError()
        c.fn_hpack_init(&self.table, self.memory, limit)
        return 0

    @property
    def table_size(self) -> int:
        """Bytes in the dynamic table, as section 4.1 counts them."""
        return self.table.size

    @property
    def max_table_size(self) -> int:
        """What the dynamic table may have at present."""
        return self.table.max_size


@cython.final
cdef class Decoder(Table):
    """Unpacks the blocks of one direction of a connection.

    max_table_size: what was announced as SETTINGS_HEADER_TABLE_SIZE, at most 65536; max_list_bytes: of one list, with 32
    bytes for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts it; max_fields: of one list.
    """

    def __init__(self, uint32_t max_table_size=4096, *, uint32_t max_list_bytes=65536, uint32_t max_fields=200):
        self.open(max_table_size)
        self.limits.max_bytes, self.limits.max_fields = max_list_bytes, max_fields
        self._pairs = [None] * self.table.slots
        self._static = STATIC

    def __dealloc__(self):
        PyMem_Free(self._out)
        PyMem_Free(self._fields)

    cdef Py_ssize_t unpack(self, const char *block, size_t n, char *out, size_t room, fn_hpack_field *fields,
                           const fn_hpack_limits *limits, size_t *used, int *over) noexcept nogil:
        return c.fn_hpack_decode(&self.table, block, n, out, room, fields, limits, used, over)

    cdef object error(self):
        return ProtocolError(f"bad HPACK: {REASONS[self.table.error]}")

    def decode(self, data) -> list[tuple[bytes, bytes]]:
        """The list that a whole block (bytes-like) stands for: (name, value) of bytes.

        Raises ProtocolError if the block is wrong, and LimitExceeded if the list is over a limit.
        """
        cdef Py_buffer view
        cdef Py_ssize_t n, i
        cdef size_t used
        cdef int over
        cdef list out
        cdef tuple pair
        if self._out == NULL:
            self._room = <Py_ssize_t>self.limits.max_bytes + SLACK
            if self._fields == NULL:
                self._fields = <fn_hpack_field *>PyMem_Malloc((self.limits.max_fields + 1) * sizeof(fn_hpack_field))
            if self._fields != NULL:
                self._out = <char *>PyMem_Malloc(self._room)
            if self._out == NULL:
                raise MemoryError()
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            n = c.fn_hpack_decode(&self.table, <const char *>view.buf, view.len, self._out, self._room, self._fields,
                                  &self.limits, &used, &over)
        finally:
            PyBuffer_Release(&view)
        if n == c.FN_INVALID:
            raise self.error()
        if over:
            self._pairs = [None] * self.table.slots        # it does not know what came into the table
            raise LimitExceeded("the header list is over its limits", 431)
        out = PyList_New(n)
        for i in range(n):
            pair = self._pair(&self._fields[i])
            Py_INCREF(pair)
            PyList_SET_ITEM(out, i, pair)
        return out

    cdef tuple _pair(self, const fn_hpack_field *field):
        cdef tuple pair
        cdef NameTable names
        cdef const char *name = self._out + field.name
        if field.from_table == 1:
            return <tuple>self._static[field.index]
        if field.from_table == 2 and self._pairs[field.place] is not None:
            return <tuple>self._pairs[field.place]
        names = COMMON
        pair = names.pair(names._find(name, field.name_len), name, field.name_len, self._out + field.value,
                          field.value_len)
        if field.from_table or field.flags & c.FN_HPACK_ADDED:
            self._pairs[field.place] = pair
        return pair

    def set_max_table_size(self, uint32_t size) -> None:
        """A smaller SETTINGS_HEADER_TABLE_SIZE was announced and acknowledged: no update may exceed it from now on.

        Raises ValueError for more than the max_table_size that the decoder was made with.
        """
        if size > self.table.limit:
            raise ValueError(f"the table was made for {self.table.limit} bytes")
        self.table.most = size


@cython.final
cdef class Encoder(Table):
    """Packs the blocks of one direction of a connection.

    max_table_size: bytes of the dynamic table, at most 65536, whatever more the peer allows. Until the peer has said
    otherwise that may be 4096 at most.
    """

    def __init__(self, uint32_t max_table_size=4096):
        self.open(max_table_size)

    cdef int begin(self, OutBuffer out) except -1:
        if self.table.update:
            out.commit(c.fn_hpack_begin(&self.table, out.reserve(c.FN_HPACK_BEGIN_ROOM)))
        return 0

    cdef int put(self, OutBuffer out, const char *name, Py_ssize_t name_len, const char *value,
                 Py_ssize_t value_len, bint secret) except -1:
        cdef c.fn_hpack_policy policy = c.FN_HPACK_SECRET if secret else c.FN_HPACK_BY_NAME
        out.commit(c.fn_hpack_encode(&self.table, out.reserve(c.FN_HPACK_ROOM(name_len, value_len)), name, name_len,
                                     value, value_len, policy))
        return 0

    cdef int set_size(self, uint32_t size) noexcept:
        c.fn_hpack_resize(&self.table, size)
        return 0

    def set_max_table_size(self, uint32_t size) -> None:
        """The peer's SETTINGS_HEADER_TABLE_SIZE; the next block tells the peer what came of it."""
        self.set_size(size)

    def encode(self, headers, secret=()) -> bytes:
        """The block of a list: (name, value) pairs of bytes or str (Latin-1), names in lower case.

        secret: names whose values are kept out of the table here and by every proxy behind (section 7.1.3), beside
        Authorization, Proxy-Authorization, Set-Cookie and short cookies, which always are.
        """
        cdef bytes raw_name, raw_value
        cdef bint any_secret = bool(secret)
        if self._out is None:
            self._out = OutBuffer()
        try:
            self.begin(self._out)
            for name, value in headers:
                raw_name = name if type(name) is bytes else as_bytes(name)
                raw_value = value if type(value) is bytes else as_bytes(value)
                self.put(self._out, PyBytes_AS_STRING(raw_name), PyBytes_GET_SIZE(raw_name),
                         PyBytes_AS_STRING(raw_value), PyBytes_GET_SIZE(raw_value), any_secret and name in secret)
            return PyBytes_FromStringAndSize(self._out.block, self._out.used)
        finally:
            self._out.clear()


cdef bytes as_bytes(text):
    if isinstance(text, str):
        return (<str>text).encode("latin-1")
    return bytes(text)


cdef tuple static_entries():
    """The static table, by index: what references to it are decoded to."""
    cdef c.fn_hpack_table table
    cdef fn_hpack_field field
    cdef fn_hpack_limits limits
    cdef char memory[64]
    cdef char out[128]
    cdef char block[1]
    cdef size_t used
    cdef int over, i
    cdef list entries = [None]
    limits.max_bytes, limits.max_fields = sizeof(out), 1
    c.fn_hpack_init(&table, memory, 0)
    for i in range(1, c.FN_HPACK_STATIC + 1):
        block[0] = <char>(0x80 | i)
        c.fn_hpack_decode(&table, block, 1, out, sizeof(out), &field, &limits, &used, &over)
        entries.append((out[field.name:field.name + field.name_len], out[field.value:field.value + field.value_len]))
    return tuple(entries)


STATIC = static_entries()
