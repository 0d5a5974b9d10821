# HPACK (RFC 7541): the C face of fastnet.codecs.hpack.
from libc.stdint cimport uint32_t

from fastnet.codecs.chpack cimport fn_hpack_field, fn_hpack_limits, fn_hpack_policy, fn_hpack_table
from fastnet.codecs.outbuffer cimport OutBuffer

# The dynamic table of one direction of a connection.
cdef class Table:
    cdef fn_hpack_table table
    cdef void *memory
    cdef int open(self, uint32_t limit) except -1

cdef class Decoder(Table):
    cdef fn_hpack_limits limits
    cdef fn_hpack_field *_fields
    cdef char *_out
    cdef Py_ssize_t _room
    cdef list _pairs           # by slot of the table: what was made of the entry; None: nothing yet
    cdef tuple _static
    # The kernel, on memory that the caller has: see fn_hpack_decode(). FN_INVALID: error() says why.
    cdef Py_ssize_t unpack(self, const char *block, size_t n, char *out, size_t room, fn_hpack_field *fields,
                           const fn_hpack_limits *limits, size_t *used, int *over) noexcept nogil
    cdef object error(self)
    cdef tuple _pair(self, const fn_hpack_field *field)

cdef class Encoder(Table):
    cdef OutBuffer _out
    cdef int begin(self, OutBuffer out) except -1          # once a block, before its fields
    cdef int put(self, OutBuffer out, const char *name, Py_ssize_t name_len, const char *value,
                 Py_ssize_t value_len, bint secret) except -1
    cdef int set_size(self, uint32_t size) noexcept        # what the peer's SETTINGS_HEADER_TABLE_SIZE says
