from fastnet.bench.chistogram cimport fn_histogram


cdef class Histogram:
    cdef fn_histogram h
    cdef void *memory
