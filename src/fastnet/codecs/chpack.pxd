# The C kernels of csrc/include/fastnet/hpack.h. For the extension that owns them (codecs/hpack).
from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef extern from "fastnet/hpack.h" nogil:
    const Py_ssize_t FN_INVALID
    const int FN_HPACK_STATIC, FN_HPACK_MOST, FN_HPACK_BEGIN_ROOM

    enum:
        FN_HPACK_BAD_INDEX
        FN_HPACK_BAD_INTEGER
        FN_HPACK_BAD_HUFFMAN
        FN_HPACK_BAD_UPDATE
        FN_HPACK_CUT
        FN_HPACK_NO_ROOM

    enum:
        FN_HPACK_NEVER
        FN_HPACK_UPPER
        FN_HPACK_ADDED

    ctypedef struct fn_hpack_table:
        uint32_t slots
        uint32_t limit
        uint32_t most
        uint32_t max_size
        uint32_t size
        uint32_t changes
        uint8_t update
        uint8_t error

    ctypedef struct fn_hpack_field:
        uint32_t name
        uint32_t name_len
        uint32_t value
        uint32_t value_len
        uint16_t index
        uint16_t flags
        uint32_t place
        uint8_t from_table

    ctypedef struct fn_hpack_limits:
        uint32_t max_bytes
        uint32_t max_fields

    ctypedef enum fn_hpack_policy:
        FN_HPACK_INDEX
        FN_HPACK_PLAIN
        FN_HPACK_SECRET
        FN_HPACK_BY_NAME

    size_t FN_HPACK_MEMORY(uint32_t limit)
    size_t FN_HPACK_ROOM(size_t name_len, size_t value_len)
    void fn_hpack_init(fn_hpack_table *table, void *memory, uint32_t limit)
    Py_ssize_t fn_hpack_decode(fn_hpack_table *table, const char *block, size_t n, char *out, size_t room,
                               fn_hpack_field *fields, const fn_hpack_limits *limits, size_t *used, int *over)
    void fn_hpack_resize(fn_hpack_table *table, uint32_t size)
    size_t fn_hpack_begin(fn_hpack_table *table, char *out)
    size_t fn_hpack_encode(fn_hpack_table *table, char *out, const char *name, size_t name_len, const char *value,
                           size_t value_len, fn_hpack_policy policy)
