# Unpacking MessagePack for other modules: a Decoder builds one object, in as many calls as
# its bytes come in.
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

from fastnet.codecs.msgpack_words cimport fn_word

cdef enum:
    FIRST_FRAMES = 16
    DEPTH_DEFAULT = 1024     # as deep as msgpack-python goes

# An array or map that has begun. Owns its references.
cdef struct Frame:
    PyObject *container      # list, tuple (of its whole size) or dict; with object_pairs_hook a list for a map
    PyObject *key            # that waits for its value
    Py_ssize_t size, count   # items or pairs, in all and so far
    Py_ssize_t room          # bytes that its memory was reserved for
    int state

cdef struct Decoder:
    # What was asked for; the objects are borrowed.
    PyObject *object_hook
    PyObject *pairs_hook
    PyObject *list_hook
    PyObject *ext_hook
    const char *errors
    bint use_list, raw, strict_map_key, bin_views
    bint hooked              # by a hook for arrays or maps
    int timestamp
    Py_ssize_t max_str_len, max_bin_len, max_array_len, max_map_len, max_ext_len
    Py_ssize_t max_depth
    # Where it is.
    Frame *frames
    Frame first[FIRST_FRAMES]
    Py_ssize_t depth, capacity
    Py_ssize_t reserved      # bytes still to come that the frames have memory for
    const uint8_t *base      # of the memory that bin_views look at
    PyObject *view           # of all of it; owned
    fn_word *keys               # of maps; NULL until there is a second one, `maps` counts
    fn_word *words              # of the other str; NULL for all but streams
    Py_ssize_t maps

cdef void decoder_init(Decoder *d) noexcept
cdef void decoder_remember(Decoder *d) noexcept     # short str from object to object
cdef int decoder_options(Decoder *d, object object_hook, object list_hook, bint use_list, bint raw, int timestamp,
                         bint strict_map_key, object unicode_errors, object object_pairs_hook, object ext_hook,
                         bint bin_views, Py_ssize_t max_depth) except -1
# Drops what has been begun, and keeps the options.
cdef void decoder_clear(Decoder *d) noexcept
cdef void decoder_free(Decoder *d) noexcept
# 1: *result is a new reference. 0: more bytes are needed, from *at on. In both cases *at has moved on.
cdef int decode(Decoder *d, const uint8_t **at, const uint8_t *end, PyObject **result) except -1
