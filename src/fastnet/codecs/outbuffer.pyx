"""An output buffer that touches small bytes once and large ones never.

Small writes are copied behind each other into one block. A bytes object of BY_REFERENCE bytes or more is kept as it
is, with the place in the block where it belongs, so that one sendmsg() writes [head, body, head, ...] without a copy.
Whoever writes it out calls advance() with what the socket took; when all is gone the buffer is as good as new and
keeps its block up to KEEP_BLOCK bytes.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.string cimport memcpy, memmove

cdef extern from "sys/uio.h" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len

cdef enum:
    FIRST_BLOCK = 1024
    KEEP_BLOCK = 65536      # a larger block is given back when empty: one big answer must not stay in memory
    BY_REFERENCE = 16384    # below this a copy costs less than another iovec


@cython.final
cdef class OutBuffer:
    """Bytes waiting to be sent, in order. Internal to connections; see data_to_send() there."""

    def __dealloc__(self):
        self.clear()
        PyMem_Free(self.block)
        PyMem_Free(self.pieces)

    cdef char *reserve(self, Py_ssize_t n) except NULL:
        cdef Py_ssize_t room = self.room
        cdef char *block
        if self.used + n > room:
            room = room * 2 if room else FIRST_BLOCK
            while room < self.used + n:
                room *= 2
            block = <char *>PyMem_Realloc(self.block, room)
            if block == NULL:
                raise MemoryError(f"no memory for {room} bytes of output")
            self.block, self.room = block, room
        return self.block + self.used

    cdef void commit(self, Py_ssize_t n) noexcept:
        self.used += n
        self.total += n

    cdef int append(self, const char *data, Py_ssize_t n) except -1:
        memcpy(self.reserve(n), data, n)
        self.commit(n)
        return 0

    cdef int append_bytes(self, bytes data) except -1:
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        cdef Piece *pieces
        cdef Piece *piece
        cdef int room
        if n < BY_REFERENCE:
            return self.append(PyBytes_AS_STRING(data), n)
        if self.n_pieces == self.room_pieces:
            room = self.room_pieces * 2 if self.room_pieces else 4
            pieces = <Piece *>PyMem_Realloc(self.pieces, room * sizeof(Piece))
            if pieces == NULL:
                raise MemoryError("no memory for output")
            self.pieces, self.room_pieces = pieces, room
        piece = &self.pieces[self.n_pieces]
        piece.at, piece.ptr, piece.n, piece.owner = self.used, PyBytes_AS_STRING(data), n, <void *>data
        Py_INCREF(data)
        self.n_pieces += 1
        self.total += n
        return 0

    cdef Py_ssize_t pending(self) noexcept:
        return self.total - self.sent

    cdef int gather(self, void *iov, int most) noexcept:
        cdef iovec *out = <iovec *>iov
        cdef Py_ssize_t skip = self.sent, at = 0, end
        cdef int i, count = 0
        for i in range(self.n_pieces + 1):
            end = self.pieces[i].at if i < self.n_pieces else self.used
            if end > at:
                if skip >= end - at:
                    skip -= end - at
                else:
                    if count == most:
                        break
                    out[count].iov_base = self.block + at + skip
                    out[count].iov_len = end - at - skip
                    count, skip = count + 1, 0
                at = end
            if i < self.n_pieces:
                if skip >= self.pieces[i].n:
                    skip -= self.pieces[i].n
                else:
                    if count == most:
                        break
                    out[count].iov_base = <char *>self.pieces[i].ptr + skip
                    out[count].iov_len = self.pieces[i].n - skip
                    count, skip = count + 1, 0
        return count

    cdef void advance(self, Py_ssize_t n) noexcept:
        self.sent += n
        if self.sent >= self.total:
            self.clear()
        elif self.sent >= KEEP_BLOCK and self.sent >= self.total - self.sent:
            self._forget_sent()

    cdef void _forget_sent(self) noexcept:
        """Give back what is gone: a reader who never catches up with the writer must not make the buffer grow."""
        cdef Py_ssize_t left = self.sent, at = 0, block_gone, n
        cdef int gone = 0, i
        # `at` bytes of the block and `gone` pieces lie whole before the first unsent byte
        while gone < self.n_pieces:
            n = self.pieces[gone].at - at
            if left < n + self.pieces[gone].n:
                break
            left -= n + self.pieces[gone].n
            at = self.pieces[gone].at
            Py_DECREF(<object>self.pieces[gone].owner)
            gone += 1
        block_gone = at + left if gone == self.n_pieces else at + min(left, self.pieces[gone].at - at)
        left -= block_gone - at
        self.n_pieces -= gone
        if gone:
            memmove(self.pieces, self.pieces + gone, self.n_pieces * sizeof(Piece))
        for i in range(self.n_pieces):
            self.pieces[i].at -= block_gone
        if block_gone:
            self.used -= block_gone
            memmove(self.block, self.block + block_gone, self.used)
        self.total -= self.sent - left
        self.sent = left             # of the first piece, if that is what is being sent

    cdef void rewind(self, Py_ssize_t used) noexcept:
        if used < self.used:
            self.total -= self.used - used
            self.used = used

    cdef void swap(self, OutBuffer other) noexcept:
        self.block, other.block = other.block, self.block
        self.used, other.used = other.used, self.used
        self.room, other.room = other.room, self.room
        self.sent, other.sent = other.sent, self.sent
        self.total, other.total = other.total, self.total
        self.pieces, other.pieces = other.pieces, self.pieces
        self.n_pieces, other.n_pieces = other.n_pieces, self.n_pieces
        self.room_pieces, other.room_pieces = other.room_pieces, self.room_pieces

    cdef void clear(self) noexcept:
        cdef int i
        for i in range(self.n_pieces):
            Py_DECREF(<object>self.pieces[i].owner)
        self.n_pieces = 0
        self.used = self.sent = self.total = 0
        if self.room > KEEP_BLOCK:
            PyMem_Free(self.block)
            self.block, self.room = NULL, 0

    cdef list take(self):
        cdef iovec iov[64]
        cdef list out = []
        cdef int i, count
        if self.n_pieces == 0:
            if self.used > self.sent:
                out.append(PyBytes_FromStringAndSize(self.block + self.sent, self.used - self.sent))
            self.clear()
            return out
        while True:
            count = self.gather(iov, 64)
            if count == 0:
                return out
            for i in range(count):
                out.append(self._as_bytes(<const char *>iov[i].iov_base, iov[i].iov_len))
                self.sent += iov[i].iov_len
            if self.sent == self.total:
                self.clear()
                return out

    cdef bytes _as_bytes(self, const char *ptr, Py_ssize_t n):
        cdef int i
        for i in range(self.n_pieces):
            if self.pieces[i].ptr == ptr and self.pieces[i].n == n:
                return <bytes>self.pieces[i].owner
        return PyBytes_FromStringAndSize(ptr, n)
