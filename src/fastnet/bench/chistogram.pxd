# The C kernel of csrc/include/fastnet/histogram.h, as Cython sees it.
from libc.stdint cimport uint32_t, uint64_t

cdef extern from "fastnet/histogram.h" nogil:
    const Py_ssize_t FN_PARTIAL
    const Py_ssize_t FN_INVALID
    enum:
        FN_HISTOGRAM_HEADER_BYTES
    const uint32_t FN_HISTOGRAM_COOKIE
    const uint32_t FN_HISTOGRAM_COMPRESSED_COOKIE

    ctypedef struct fn_histogram_range:
        uint64_t lowest
        uint64_t highest
        uint32_t digits

    ctypedef struct fn_histogram:
        fn_histogram_range range
        uint64_t total
        uint64_t min
        uint64_t max
        uint64_t over

    ctypedef struct fn_histogram_bucket:
        uint64_t lower
        uint64_t upper
        uint64_t count

    size_t fn_histogram_size(const fn_histogram_range *range)
    int fn_histogram_init(fn_histogram *h, const fn_histogram_range *range, void *memory)
    void fn_histogram_reset(fn_histogram *h)
    void fn_histogram_record(fn_histogram *h, uint64_t value, uint64_t count)
    void fn_histogram_record_corrected(fn_histogram *h, uint64_t value, uint64_t interval)
    void fn_histogram_merge(fn_histogram *h, const fn_histogram *other)
    uint64_t fn_histogram_percentile(const fn_histogram *h, double percentile)
    uint64_t fn_histogram_count_to(const fn_histogram *h, uint64_t value)
    double fn_histogram_mean(const fn_histogram *h)
    double fn_histogram_variance(const fn_histogram *h)
    int fn_histogram_next(const fn_histogram *h, uint32_t *index, fn_histogram_bucket *bucket)
    size_t fn_histogram_encoded_max(const fn_histogram *h)
    Py_ssize_t fn_histogram_encode(const fn_histogram *h, void *out, size_t size)
    Py_ssize_t fn_histogram_decode_header(const void *buf, size_t len, fn_histogram_range *range)
    Py_ssize_t fn_histogram_decode(fn_histogram *h, const void *buf, size_t len)
