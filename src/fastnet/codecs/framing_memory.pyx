"""What decoders of frames keep bytes in, and what they say places with.

The counts are changed by any thread, by whoever lets go of a view last.
"""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_FillInfo
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawRealloc

from fastnet.codecs.cframing cimport fn_frame


@cython.final
cdef class Block:
    """Memory that a decoder fills once, from the front, and views may look into. Python sees it read-only."""

    def __cinit__(self, size_t size):
        self.memory = <char *>PyMem_RawCalloc(size, 1)
        if self.memory == NULL:
            raise MemoryError(f"no memory for {size} bytes of input")
        self.size = size

    def __dealloc__(self):
        PyMem_RawFree(self.memory)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.memory, self.size, 1, flags)
        fn_add(&self.exports, 1)

    def __releasebuffer__(self, Py_buffer *view):
        fn_add(&self.exports, -1)


@cython.final
@cython.freelist(8)
cdef class Room:
    """The unused end of a block, to be received into."""

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.block.memory + self.start, self.block.size - self.start, 0, flags)


@cython.final
cdef class Spans:
    """Where frames are in `data`: a sequence of (start, end), and a buffer of n x 2 unsigned integers."""

    def __cinit__(self):
        self.data = b""

    def __dealloc__(self):
        PyMem_RawFree(self.frames)

    cdef int extend(self, const fn_frame *frames, size_t count, size_t shift) except -1:
        cdef size_t i, room = self.room
        cdef fn_frame *more
        if self.count + count > room:
            room = max(2 * room, self.count + count)
            more = <fn_frame *>PyMem_RawRealloc(self.frames, room * sizeof(fn_frame))
            if more == NULL:
                raise MemoryError(f"no memory for the places of {room} frames")
            self.frames, self.room = more, room
        more = self.frames + self.count
        for i in range(count):
            more[i].start = frames[i].start + shift
            more[i].end = frames[i].end + shift
        self.count += count
        return 0

    def __len__(self):
        return self.count

    def __getitem__(self, Py_ssize_t i):
        if i < 0:
            i += self.count
        if not 0 <= i < <Py_ssize_t>self.count:
            raise IndexError(f"there are {self.count} frames")
        return self.frames[i].start, self.frames[i].end

    def __iter__(self):
        cdef size_t i
        for i in range(self.count):
            yield self.frames[i].start, self.frames[i].end

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_WRITABLE:
            raise BufferError("the places of frames are read-only")
        PyBuffer_FillInfo(view, self, self.frames, self.count * sizeof(fn_frame), 1, PyBUF_SIMPLE)
        self.shape[0], self.shape[1] = self.count, 2
        self.strides[0], self.strides[1] = sizeof(fn_frame), sizeof(size_t)
        if flags & PyBUF_ND == PyBUF_ND:
            view.itemsize, view.ndim, view.shape = sizeof(size_t), 2, self.shape
        if flags & PyBUF_STRIDES == PyBUF_STRIDES:
            view.strides = self.strides
        if flags & PyBUF_FORMAT:
            view.format = <char *>(b"Q" if sizeof(size_t) == 8 else b"I")

    def __repr__(self):
        return f"<the places of {self.count} frames>"
