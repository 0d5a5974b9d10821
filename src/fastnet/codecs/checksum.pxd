# Checksums. The C face of fastnet.codecs.checksum: value so far and bytes in, new value out; see fastnet/checksum.h.
from libc.stdint cimport uint32_t, uint64_t

from fastnet.codecs.cchecksum cimport fn_checksum

cdef uint32_t update_crc32(uint32_t value, const void *buf, size_t n) noexcept nogil
cdef uint32_t update_crc32c(uint32_t value, const void *buf, size_t n) noexcept nogil
cdef uint64_t update_crc64_xz(uint64_t value, const void *buf, size_t n) noexcept nogil
cdef uint32_t update_adler32(uint32_t value, const void *buf, size_t n) noexcept nogil
cdef uint32_t update_internet(uint32_t value, const void *buf, size_t n) noexcept nogil

cdef class Checksum:
    cdef fn_checksum state
    cdef bint busy
    cdef int _enter(self, fn_checksum *state) except -1
    cdef int _leave(self) except -1
