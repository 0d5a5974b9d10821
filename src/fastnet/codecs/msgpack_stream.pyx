"""Unpacker: MessagePack from a stream, with the options and methods of msgpack-python 1.x.

What is fed is looked at where it is, if it is a bytes object and nothing was left over; else it is added to a bytes
object of the Unpacker's own, which grows. An object that is not whole yet waits as a half-built one, so any chunking
costs the same, and gives the same objects and errors.

An error in the input, or in a hook, is final: the place of the next object is unknown. Where the input ends inside an
object Truncated is raised, by iteration over a file, too. Threads that call one Unpacker at the same time get
RuntimeError, as does a hook that calls its own.
"""

cimport cython
from cpython.buffer cimport PyBuffer_Release
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy, memmove

from fastnet.codecs.cmsgpack cimport (
    FN_INVALID, FN_MSGPACK_ARRAY, FN_MSGPACK_MAP, FN_PARTIAL, Py_DECREF, Py_INCREF, Py_REFCNT, Py_XDECREF,
    fn_failed, fn_steal, PyBytes_AS_STRING, PyBytes_GET_SIZE, fn_msgpack_head, fn_msgpack_head_size, fn_msgpack_read,
    fn_msgpack_skip, fn_msgpack_utf8, fn_msgpack_walk, fn_msgpack_walk_init, new_bytes,
)
from fastnet.codecs.msgpack_decode cimport (
    DEPTH_DEFAULT, decode, decoder_clear, decoder_free, decoder_init, decoder_options, decoder_remember,
)
from fastnet.codecs.msgpack_unpack cimport contiguous
from fastnet.codecs.msgpack_types import (
    BufferFull, ExtType, FormatError, InvalidValue, OutOfData, StackError, Truncated, UnpackException,
)

cdef enum:
    IDLE = 0
    UNPACKING
    SKIPPING
    READING_ARRAY
    READING_MAP

cdef enum:
    MAX_BUFFER_BYTES = 100 * 1024 * 1024
    READ_BYTES = 1024 * 1024
    FIRST_BYTES = 512


ctypedef int (*next_function)(Unpacker u, int doing, PyObject **result) noexcept


cdef Py_ssize_t skip(fn_msgpack_walk *walk, const void *buf, size_t n) noexcept nogil:
    return fn_msgpack_skip(walk, buf, n)


cdef bint is_utf8(const void *buf, size_t n) noexcept nogil:
    return fn_msgpack_utf8(buf, n)


cdef class Unpacker:
    """Unpacks objects one by one, from what it is fed or from a file."""

    def __cinit__(self, *args, **kwargs):
        decoder_init(&self._decoder)

    def __dealloc__(self):
        decoder_free(&self._decoder)
        Py_XDECREF(self._store)
        PyMem_Free(self._left)

    def __init__(self, file_like=None, *, Py_ssize_t read_size=0, bint use_list=True, bint raw=False, int timestamp=0,
                 bint strict_map_key=True, object_hook=None, object_pairs_hook=None, list_hook=None,
                 unicode_errors=None, Py_ssize_t max_buffer_size=MAX_BUFFER_BYTES, ext_hook=ExtType,
                 Py_ssize_t max_str_len=-1, Py_ssize_t max_bin_len=-1, Py_ssize_t max_array_len=-1,
                 Py_ssize_t max_map_len=-1, Py_ssize_t max_ext_len=-1, Py_ssize_t max_depth=DEPTH_DEFAULT,
                 bint bin_views=False):
        read = None
        if file_like is not None:
            read = file_like.read
            if not callable(read):
                raise TypeError("`file_like.read` must be a callable.")
        if max_buffer_size == 0:
            max_buffer_size = 0x7fffffff
        if read_size > max_buffer_size:
            raise ValueError("read_size should be less or equal to max_buffer_size")
        if read_size < 0 or max_buffer_size < 0:
            raise ValueError("read_size and max_buffer_size must not be negative")
        self._enter()
        try:
            decoder_free(&self._decoder)
            decoder_options(&self._decoder, object_hook, list_hook, use_list, raw, timestamp, strict_map_key,
                            unicode_errors, object_pairs_hook, ext_hook, bin_views, max_depth)
            decoder_remember(&self._decoder)
            self._decoder.max_str_len = max_str_len if max_str_len != -1 else max_buffer_size
            self._decoder.max_bin_len = max_bin_len if max_bin_len != -1 else max_buffer_size
            self._decoder.max_array_len = max_array_len if max_array_len != -1 else max_buffer_size
            self._decoder.max_map_len = max_map_len if max_map_len != -1 else max_buffer_size // 2
            self._decoder.max_ext_len = max_ext_len if max_ext_len != -1 else max_buffer_size
            self._held = (object_hook, object_pairs_hook, list_hook, ext_hook, unicode_errors)
            self._read, self._file = read, file_like
            self._max_buffer = max_buffer_size
            self._read_size = read_size or min(max_buffer_size, READ_BYTES)
            self._drop_store()
            self._offset = self._peeked = 0
            self._doing = IDLE
            self._failure = None
            self._failed = self._ended = False
        finally:
            self._busy = False

    # --- one caller at a time ---

    cdef int _enter(self) except -1:
        cdef bint busy
        with cython.critical_section(self):
            busy = self._busy
            self._busy = True
        if busy:
            raise RuntimeError("this Unpacker is in use already: by a hook of its own, or by another thread")
        return 0

    cdef int _check(self) except -1:
        """Raises what an earlier call has left: an error is final."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._failed:
            raise UnpackException("this Unpacker met an error and does not know where the next object begins; "
                                  "make a new one")
        return 0

    # --- bytes that wait ---

    cdef void _drop_store(self) noexcept:
        cdef PyObject *store = self._store
        cdef PyObject *view = self._decoder.view
        self._store = NULL
        self._decoder.view = NULL
        self._head = self._tail = self._size = 0
        self._own = False
        Py_XDECREF(view)
        Py_XDECREF(store)

    cdef int _add(self, object whole, const void *data, Py_ssize_t n) except -1:
        """More bytes; `whole` is the bytes object that they are, or None."""
        cdef Py_ssize_t waiting = self._tail - self._head, size
        cdef PyObject *store
        cdef char *to
        if n > self._max_buffer - (waiting - self._peeked):
            raise BufferFull(f"{waiting} bytes are waiting, {n} more came, and max_buffer_size is {self._max_buffer}")
        if n == 0:
            return 0
        if self._decoder.view != NULL:
            Py_DECREF(self._decoder.view)
            self._decoder.view = NULL
        if waiting == 0 and whole is not None:
            self._drop_store()
            self._store = <PyObject *>whole
            Py_INCREF(self._store)
            self._tail = self._size = n
            return 0
        if not self._own or self._size - self._tail < n:
            if self._own and self._head >= waiting and self._size - waiting >= n and Py_REFCNT(self._store) == 1:
                # Moves no more than what has gone since it was moved last.
                to = PyBytes_AS_STRING(self._store)
                memmove(to, to + self._head, waiting)
            else:
                size = 2 * (waiting + n)
                store = new_bytes(NULL, size if size > FIRST_BYTES else FIRST_BYTES)
                if waiting:
                    memcpy(PyBytes_AS_STRING(store), PyBytes_AS_STRING(self._store) + self._head, waiting)
                self._drop_store()
                self._store = store
                self._size = PyBytes_GET_SIZE(store)
                self._own = True
            self._head = 0
            self._tail = waiting
        # Views that were given out look at bytes before these.
        memcpy(PyBytes_AS_STRING(self._store) + self._tail, data, n)
        self._tail += n
        return 0

    cdef int _fetch(self) except -1:
        """Reads from the file; at its end it is forgotten."""
        cdef Py_ssize_t room = self._max_buffer - (self._tail - self._head - self._peeked)
        if room <= 0:
            raise BufferFull(f"an object needs more than max_buffer_size, {self._max_buffer} bytes")
        data = self._read(min(self._read_size, room))
        if not data:
            self._file = self._read = None
            self._ended = True
            return 0
        if not isinstance(data, bytes):
            raise TypeError(f"file_like.read() returned {type(data).__name__}, expected bytes")
        return self._add(data, PyBytes_AS_STRING(<PyObject *>data), PyBytes_GET_SIZE(<PyObject *>data))

    cdef int _feed(self, object data) except -1:
        cdef Py_buffer view
        if self._file is not None:
            raise AssertionError("unpacker.feed() is not be able to use with `file_like`.")
        if self._ended:
            raise UnpackException("fed after the end of the input")
        if type(data) is bytes:
            return self._add(data, PyBytes_AS_STRING(<PyObject *>data), PyBytes_GET_SIZE(<PyObject *>data))
        held = contiguous(data, &view)
        try:
            self._add(None, view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        return 0

    # --- objects ---

    cdef int _step(self, int doing, PyObject **result) except -1:
        """1: the result, a new reference or for a skip NULL; a header's number is in _number. 0: more is needed."""
        cdef const uint8_t *begin
        cdef const uint8_t *at
        cdef fn_msgpack_head head
        cdef ptrdiff_t n
        cdef int done
        result[0] = NULL
        if self._head == self._tail:
            return 0
        begin = <const uint8_t *>PyBytes_AS_STRING(self._store)
        at = begin + self._head
        self._doing = doing
        if doing == UNPACKING:
            self._decoder.base = begin
            if self._decoder.bin_views and self._decoder.view == NULL:
                look = memoryview(<object>self._store)
                self._decoder.view = <PyObject *>look
                Py_INCREF(self._decoder.view)
            done = decode(&self._decoder, &at, begin + self._tail, result)
        elif doing == SKIPPING:
            n = fn_msgpack_skip(&self._walk, at, self._tail - self._head)
            if n == FN_INVALID:
                if self._walk.depth == self._walk.depth_most and at[self._walk.consumed] != 0xc1:
                    raise StackError(f"nested deeper than {self._walk.depth_most}")
                raise FormatError()
            at += self._walk.consumed
            done = self._walk.done
        else:
            n = fn_msgpack_read(at, self._tail - self._head, &head)
            if n == FN_INVALID or not container_begins(at[0], doing):
                self._doing = IDLE
                raise InvalidValue("Unexpected type header on stream")
            done = n != FN_PARTIAL
            if done:
                self._number = head.length
                at += n
        self._offset += at - begin - self._head
        self._head = at - begin
        if done:
            self._doing = IDLE
            self._peeked = 0
        elif doing == UNPACKING and self._head < self._tail:
            self._peeked = known_of_head(at, self._tail - self._head)
        else:
            self._peeked = 0
        return done

    cdef object _next(self, int doing):
        """The next object, or None after a skip, or a header's number; the Unpacker itself when there is none."""
        cdef PyObject *result
        cdef int done
        self._enter()
        # try/finally would cost more than a small message does.
        done = (<next_function>next_one)(self, doing, &result)
        self._busy = False
        if done < 0:
            fn_failed()
        if done == 0:
            return self
        if result != NULL:
            return fn_steal(result)
        return None if doing == SKIPPING else self._number

    cdef object _expect(self, int doing):
        found = self._next(doing)
        if found is self:
            raise OutOfData("No more data to unpack.")
        return found

    cdef int _begin_skip(self) except -1:
        if self._left == NULL:
            self._left = <uint64_t *>PyMem_Malloc(max(self._decoder.max_depth, 1) * sizeof(uint64_t))
            if self._left == NULL:
                raise MemoryError()
        fn_msgpack_walk_init(&self._walk, self._left, <unsigned>self._decoder.max_depth, False)
        return 0

    cdef object _truncated(self):
        return Truncated(f"the input ended inside an object, at byte {self._offset + self._tail - self._head}; "
                         f"the last {self._tail - self._head} bytes are of no use without more")

    # --- from Python ---

    def feed(self, next_bytes):
        self._enter()
        try:
            self._check()
            self._feed(next_bytes)
        finally:
            self._busy = False

    def unpack_all(self, next_bytes=b""):
        cdef PyObject *result
        cdef list found = []
        self._enter()
        try:
            self._check()
            if self._doing != IDLE and self._doing != UNPACKING:
                raise ValueError("Cannot switch unpacking methods while an object is incomplete")
            self._feed(next_bytes)
            try:
                while advance(self, UNPACKING, &result):
                    found.append(fn_steal(result))
            except Exception as error:
                if not found:
                    raise
                self._failure = error        # of the next call
        finally:
            self._busy = False
        return found

    def feed_eof(self):
        self._enter()
        try:
            self._check()
            self._ended = True
            self._file = self._read = None
            if self._doing != IDLE or self._head < self._tail:
                raise self._truncated()
        finally:
            self._busy = False

    def unpack(self):
        return self._expect(UNPACKING)

    def skip(self):
        return self._expect(SKIPPING)

    def read_array_header(self):
        return self._expect(READING_ARRAY)

    def read_map_header(self):
        return self._expect(READING_MAP)

    def read_bytes(self, Py_ssize_t nbytes):
        cdef Py_ssize_t n
        if nbytes < 0:
            raise ValueError(f"nbytes must not be negative, as {nbytes} is")
        self._enter()
        try:
            self._check()
            if self._doing != IDLE:
                raise ValueError("Cannot switch unpacking methods while an object is incomplete")
            n = min(self._tail - self._head, nbytes)
            data = PyBytes_AS_STRING(self._store)[self._head:self._head + n] if n else b""
            self._head += n
            self._offset += n
            if n < nbytes and self._file is not None:
                more = self._read(nbytes - n)
                data += more
                self._offset += len(more)
        finally:
            self._busy = False
        return data

    def tell(self):
        return self._offset + self._peeked

    def __iter__(self):
        return self

    def __next__(self):
        # As _next() does it, without a detour: this is where a stream spends its time.
        cdef PyObject *result
        cdef int done
        self._enter()
        done = (<next_function>next_one)(self, UNPACKING, &result)
        self._busy = False
        if done < 0:
            fn_failed()
        if done == 0:
            raise StopIteration
        return fn_steal(result)


cdef int next_one(Unpacker u, int doing, PyObject **result) except -1:
    if u._failed:
        u._check()
    if u._doing != IDLE and u._doing != doing:
        raise ValueError("Cannot switch unpacking methods while an object is incomplete")
    if doing == SKIPPING and u._doing == IDLE:
        u._begin_skip()
    while not advance(u, doing, result):
        if u._file is None:
            if u._ended and (u._doing != IDLE or u._head < u._tail):
                raise u._truncated()
            return 0
        u._fetch()
    return 1


cdef int step(Unpacker u, int doing, PyObject **result) except -1:
    return u._step(doing, result)


cdef inline int advance(Unpacker u, int doing, PyObject **result) except -1:
    cdef int done = (<next_function>step)(u, doing, result)
    if done < 0:
        # A header of another type is still there, to be read in another way.
        if doing == UNPACKING or doing == SKIPPING:
            u._failed = True
            u._doing = IDLE
            decoder_clear(&u._decoder)
        fn_failed()
    return done


cdef bint container_begins(uint8_t first, int doing) noexcept:
    if doing == READING_ARRAY:
        return first & 0xf0 == 0x90 or first == 0xdc or first == 0xdd
    return first & 0xf0 == 0x80 or first == 0xde or first == 0xdf


cdef Py_ssize_t known_of_head(const uint8_t *p, Py_ssize_t n) noexcept:
    """Bytes of a header that count as read while the rest of its object is awaited: its first byte, then its length."""
    cdef Py_ssize_t size = fn_msgpack_head_size(p[0])
    if 0xc7 <= p[0] <= 0xc9 or 0xd4 <= p[0] <= 0xd8:
        size -= 1                # the type of an ext counts with its bytes
    if 0xca <= p[0] <= 0xd3:
        return 1
    return size if n >= size else 1
