# Memory of decoders of frames.
from fastnet.codecs.cframing cimport fn_frame

cdef extern from *:
    """
    static inline int fn_take(int *flag) { return __atomic_exchange_n(flag, 1, __ATOMIC_ACQUIRE); }
    static inline void fn_give(int *flag) { __atomic_store_n(flag, 0, __ATOMIC_RELEASE); }
    static inline void fn_add(int *count, int n) { __atomic_add_fetch(count, n, __ATOMIC_ACQ_REL); }
    static inline int fn_load(int *count) { return __atomic_load_n(count, __ATOMIC_ACQUIRE); }
    """
    bint fn_take(int *flag) noexcept nogil     # whether it was taken already
    void fn_give(int *flag) noexcept nogil
    void fn_add(int *count, int n) noexcept nogil
    int fn_load(int *count) noexcept nogil

cdef class Block:
    cdef char *memory
    cdef size_t size
    cdef int exports                     # views that look into it

cdef class Room:
    cdef Block block
    cdef size_t start

cdef class Spans:
    cdef readonly object data
    cdef fn_frame *frames
    cdef size_t count, room
    cdef Py_ssize_t shape[2]
    cdef Py_ssize_t strides[2]
    cdef int extend(self, const fn_frame *frames, size_t count, size_t shift) except -1
