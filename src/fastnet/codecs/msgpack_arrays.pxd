# Arrays of one C type, as MessagePack. The kernels, reached through this module, which owns them; fastnet/msgpack.h says
# what they do. What reads and writes headers is inline: cimport it from fastnet.codecs.cmsgpack.
from libc.stdint cimport uint8_t

from fastnet.codecs.cmsgpack cimport fn_msgpack_type

cdef size_t put_items(uint8_t *out, fn_msgpack_type type, const void *items, size_t n) noexcept nogil
cdef Py_ssize_t read_items(fn_msgpack_type type, void *items, size_t n, const void *buf, size_t length,
                           size_t *items_read) noexcept nogil
