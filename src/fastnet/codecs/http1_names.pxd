# Forms of the common header names, found by their raw bytes. Filled when made, then only read: safe to share.
from libc.stdint cimport uint64_t

cdef struct NameEntry:
    uint64_t first, last   # 8 bytes from each end, overlapping in a short name; with n the whole of up to 16 bytes
    Py_ssize_t n
    void *raw        # bytes, as it was sent
    void *lower      # bytes
    void *key        # str: the WSGI environ key
    bint varies      # the value is another each time, or nothing to be kept in memory

cdef class NameTable:
    cdef NameEntry *entries
    cdef list _alive
    cdef NameEntry *_find(self, const char *name, Py_ssize_t n) noexcept
    cdef bytes lower(self, NameEntry *entry, const char *name, Py_ssize_t n)        # b"content-type"
    cdef tuple pair(self, NameEntry *entry, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t n)
    cdef str environ_key(self, const char *name, Py_ssize_t n)    # "HTTP_X_FORWARDED_FOR"; None: it has an underscore

# The last value of each common field, as the Python object made of it. One a thread or loop.
cdef class FieldCache:
    cdef NameTable names
    cdef void **_texts      # str of the value, by entry
    cdef void **_pairs      # (lower-cased name, value) of bytes, by entry
    cdef str text(self, NameEntry *entry, const char *value, Py_ssize_t n)
    cdef tuple pair(self, const char *name, Py_ssize_t name_len, const char *value, Py_ssize_t n)
