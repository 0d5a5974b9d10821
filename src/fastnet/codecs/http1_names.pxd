# Forms of the common header names, found by their raw bytes. Filled when made, then only read: safe to share.
cdef struct NameEntry:
    void *raw        # bytes, as it was sent
    void *lower      # bytes
    void *key        # str: the WSGI environ key

cdef class NameTable:
    cdef NameEntry *entries
    cdef list _alive
    cdef NameEntry *_find(self, const char *name, Py_ssize_t n) noexcept
    cdef bytes lower(self, const char *name, Py_ssize_t n)        # b"content-type"
    cdef str environ_key(self, const char *name, Py_ssize_t n)    # "HTTP_X_FORWARDED_FOR"; None: it has an underscore
