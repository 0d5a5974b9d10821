# Packing MessagePack. The C face of fastnet.codecs.msgpack_pack: a Writer is memory that grows, or a caller's.
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

# What a Packer was asked for. The objects are borrowed: whoever packs holds them.
cdef struct Options:
    PyObject *default
    const char *errors
    bint single_float
    bint bin_type
    bint strict
    bint datetime

cdef struct Writer:
    uint8_t *begin
    uint8_t *at
    uint8_t *end
    PyObject *store      # a bytes object, of which begin is the inside; NULL while the memory is somebody else's
    bint fixed           # whether that is all there is
    const Options *options

cdef void writer_init(Writer *w, const Options *options, void *memory, Py_ssize_t size, bint fixed) noexcept
cdef object writer_drop(Writer *w)      # None
cdef bytes writer_take(Writer *w)
# After an error of these two the Writer has been dropped.
cdef int write_object(Writer *w, object o) except -1
cdef int write_map(Writer *w, object pairs) except -1
cdef int write_head(Writer *w, const uint8_t *head, size_t n) except -1
cdef int write_ext(Writer *w, int code, object data) except -1
cdef int read_options(Options *options, object default, object errors, bint single_float, bint bin_type, bint strict,
                      bint datetime) except -1
