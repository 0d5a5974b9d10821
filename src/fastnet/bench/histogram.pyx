"""HDR histograms: counts of whole numbers (here, nanoseconds) over a wide range, at a fixed relative precision.

`encode()` and `Histogram.decode()` speak the compressed form, version 2, of HdrHistogram, in the base64 that its logs
have, so that other tools read ours and the reverse. A Histogram is not safe to share between threads that record.
"""

import base64
import binascii
import zlib

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from fastnet.bench cimport chistogram as c

from fastnet.errors import ProtocolError

cdef enum:
    COMPRESSED_HEADER_BYTES = 8


@cython.final
cdef class Histogram:
    """Values from `lowest` to `highest`, told apart to `digits` significant digits; those above count as `highest`."""

    def __cinit__(self, lowest=1, highest=3_600_000_000_000, digits=3):
        cdef c.fn_histogram_range range = c.fn_histogram_range(lowest, highest, digits)
        cdef size_t size = c.fn_histogram_size(&range)
        if size == 0:
            raise ValueError("expected 1 <= lowest, 2 * lowest <= highest < 2**63, and 1 to 5 digits")
        self.memory = malloc(size)
        if self.memory == NULL:
            raise MemoryError
        c.fn_histogram_init(&self.h, &range, self.memory)

    def __dealloc__(self):
        free(self.memory)

    @property
    def lowest(self):
        return self.h.range.lowest

    @property
    def highest(self):
        return self.h.range.highest

    @property
    def digits(self):
        return self.h.range.digits

    @property
    def total(self):
        return self.h.total

    @property
    def min(self):
        return self.h.min

    @property
    def max(self):
        return self.h.max

    @property
    def over(self):
        return self.h.over

    @property
    def mean(self):
        return c.fn_histogram_mean(&self.h)

    @property
    def stddev(self):
        return c.fn_histogram_variance(&self.h) ** 0.5

    def record(self, uint64_t value, uint64_t count=1):
        """Count `value` `count` times. OverflowError for numbers below 0 or of more than 64 bits."""
        c.fn_histogram_record(&self.h, value, count)

    def record_corrected(self, uint64_t value, uint64_t interval):
        """Count `value`, and the values that requests due every `interval` behind it would have seen."""
        c.fn_histogram_record_corrected(&self.h, value, interval)

    def merge(self, Histogram other not None):
        """Add all that `other` counted."""
        if other is self:
            other = self.copy()
        c.fn_histogram_merge(&self.h, &other.h)

    def copy(self):
        cdef Histogram same = Histogram(self.h.range.lowest, self.h.range.highest, self.h.range.digits)
        c.fn_histogram_merge(&same.h, &self.h)
        return same

    def clear(self):
        c.fn_histogram_reset(&self.h)

    def percentile(self, double percentile):
        """The least value that `percentile` (0 to 100) percent of the values do not exceed; 0 when empty."""
        return c.fn_histogram_percentile(&self.h, percentile)

    def count_to(self, uint64_t value):
        """How many values are at most `value`, or share its bucket."""
        return c.fn_histogram_count_to(&self.h, value)

    def buckets(self):
        """(lower, upper, count) of each bucket that is not empty, lowest first; both ends belong to it."""
        cdef uint32_t index = 0
        cdef c.fn_histogram_bucket bucket
        found = []
        while c.fn_histogram_next(&self.h, &index, &bucket):
            found.append((bucket.lower, bucket.upper, bucket.count))
        return found

    def encode(self):
        """The compressed form, version 2, in base64."""
        cdef bytes raw = PyBytes_FromStringAndSize(NULL, c.fn_histogram_encoded_max(&self.h))
        cdef Py_ssize_t n = c.fn_histogram_encode(&self.h, PyBytes_AS_STRING(raw), len(raw))
        if n < 0:
            raise OverflowError("a count of 2**63 or more has no encoded form")
        packed = zlib.compress(raw[:n])
        head = c.FN_HISTOGRAM_COMPRESSED_COOKIE.to_bytes(4, "big") + len(packed).to_bytes(4, "big")
        return base64.b64encode(head + packed).decode()

    @staticmethod
    def decode(text):
        """The Histogram that `text` encodes; the reverse of encode(). ProtocolError if it encodes none.

        The memory it takes is that of the range which the text names: at most 49 MB (five digits of the whole range).
        """
        try:
            data = base64.b64decode(text, validate=True)
            if (
                int.from_bytes(data[:4], "big") != c.FN_HISTOGRAM_COMPRESSED_COOKIE
                or int.from_bytes(data[4:COMPRESSED_HEADER_BYTES], "big") != len(data) - COMPRESSED_HEADER_BYTES
            ):
                raise ProtocolError("not a compressed HDR histogram of version 2")
            stream = zlib.decompressobj()
            head = stream.decompress(data[COMPRESSED_HEADER_BYTES:], c.FN_HISTOGRAM_HEADER_BYTES)
            return _decoded(head, stream)
        except (binascii.Error, ValueError, zlib.error) as error:
            raise ProtocolError(f"not an encoded HDR histogram: {error}") from None

    def __reduce__(self):
        return _unpickled, (self.encode(),)

    def __eq__(self, other):
        if not isinstance(other, Histogram):
            return NotImplemented
        mine, others = <Histogram>self, <Histogram>other
        return (mine.lowest, mine.highest, mine.digits, mine.buckets()) == (
            others.lowest, others.highest, others.digits, others.buckets()
        )

    def __repr__(self):
        return (
            f"<Histogram of {self.total} values, p50 {self.percentile(50)}, p99 {self.percentile(99)}, max {self.max}>"
        )


def _unpickled(text):
    return Histogram.decode(text)


cdef Histogram _decoded(bytes head, object stream):
    cdef c.fn_histogram_range range
    if c.fn_histogram_decode_header(PyBytes_AS_STRING(head), len(head), &range) < 0:
        raise ProtocolError("an HDR histogram with a damaged header, or of a kind that is not supported")
    cdef Histogram found = Histogram(range.lowest, range.highest, range.digits)
    # A byte more than any can have: what inflates beyond is not read.
    cdef bytes raw = head + stream.decompress(stream.unconsumed_tail, c.fn_histogram_encoded_max(&found.h) + 1)
    if not stream.eof or c.fn_histogram_decode(&found.h, PyBytes_AS_STRING(raw), len(raw)) != len(raw):
        raise ProtocolError("an HDR histogram with damaged counts")
    return found
