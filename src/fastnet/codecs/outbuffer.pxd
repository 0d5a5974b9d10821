# Bytes on their way out: copied into one growing block, except large bytes objects, which are kept and referred to.

cdef struct Piece:
    Py_ssize_t at        # goes out after this many bytes of the block
    const char *ptr
    Py_ssize_t n
    void *owner          # the bytes object, referenced

cdef class OutBuffer:
    cdef char *block
    cdef Py_ssize_t used, room       # of the block
    cdef Py_ssize_t sent             # of everything, by advance()
    cdef Py_ssize_t total            # block and pieces
    cdef Piece *pieces
    cdef int n_pieces, room_pieces
    cdef char *reserve(self, Py_ssize_t n) except NULL             # n bytes to fill at the end; then commit(n)
    cdef void commit(self, Py_ssize_t n) noexcept
    cdef int append(self, const char *data, Py_ssize_t n) except -1
    cdef int append_bytes(self, bytes data) except -1              # by reference when large
    cdef Py_ssize_t pending(self) noexcept
    cdef int gather(self, void *iov, int most) noexcept            # fills struct iovec[most]; returns how many
    cdef void advance(self, Py_ssize_t n) noexcept                 # n more bytes are gone
    cdef void rewind(self, Py_ssize_t used) noexcept               # forget what was added to the block past `used`
    cdef void swap(self, OutBuffer other) noexcept                 # exchange contents
    cdef void _forget_sent(self) noexcept
    cdef void clear(self) noexcept
    cdef list take(self)                                           # all that is pending, as bytes objects; then empty
    cdef bytes _as_bytes(self, const char *ptr, Py_ssize_t n)
