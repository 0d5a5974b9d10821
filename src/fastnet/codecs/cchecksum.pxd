# The C kernels of csrc/include/fastnet/checksum.h, as Cython sees them.
# For the extension that owns them (codecs/checksum); everyone else cimports codecs.checksum.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "fastnet/checksum.h" nogil:
    ctypedef enum fn_checksum_kind:
        FN_CRC32
        FN_CRC32C
        FN_CRC64_XZ
        FN_CRC16_MODBUS
        FN_CRC16_CCITT
        FN_ADLER32
        FN_FLETCHER16
        FN_FLETCHER32
        FN_INTERNET
        FN_CHECKSUM_COUNT

    ctypedef struct fn_checksum:
        uint64_t value
        uint8_t kind

    uint32_t fn_crc32(uint32_t value, const void *buf, size_t n)
    uint32_t fn_crc32c(uint32_t value, const void *buf, size_t n)
    uint64_t fn_crc64_xz(uint64_t value, const void *buf, size_t n)
    uint16_t fn_crc16_modbus(uint16_t value, const void *buf, size_t n)
    uint16_t fn_crc16_ccitt(uint16_t value, const void *buf, size_t n)
    uint32_t fn_adler32(uint32_t value, const void *buf, size_t n)
    uint16_t fn_fletcher16(uint16_t value, const void *buf, size_t n)
    uint32_t fn_fletcher32(uint32_t value, const void *buf, size_t n)
    uint16_t fn_internet(uint16_t value, const void *buf, size_t n)
    uint16_t fn_internet_replace(uint16_t value, const void *before, const void *after, size_t n)

    uint32_t fn_crc32_combine(uint32_t a, uint32_t b, uint64_t b_len)
    uint32_t fn_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len)
    uint64_t fn_crc64_xz_combine(uint64_t a, uint64_t b, uint64_t b_len)
    uint16_t fn_crc16_modbus_combine(uint16_t a, uint16_t b, uint64_t b_len)
    uint16_t fn_crc16_ccitt_combine(uint16_t a, uint16_t b, uint64_t b_len)
    uint32_t fn_adler32_combine(uint32_t a, uint32_t b, uint64_t b_len)

    void fn_checksum_init(fn_checksum *sum, fn_checksum_kind kind, uint64_t value)
    void fn_checksum_update(fn_checksum *sum, const void *buf, size_t n)
    void fn_checksum_copy(fn_checksum *sum, void *out, const void *buf, size_t n)
    uint64_t fn_checksum_value(const fn_checksum *sum)
    const char *fn_checksum_name(fn_checksum_kind kind)
    size_t fn_checksum_size(fn_checksum_kind kind)
    uint64_t fn_checksum_empty(fn_checksum_kind kind)
