/* Checksums: CRC-32, CRC-32C, CRC-64/XZ, two CRC-16, Adler-32, Fletcher-16 and -32, the Internet checksum.
 *
 * All take the value so far and return the new one; begin with the FN_..._EMPTY of each, its checksum of no bytes:
 *     value = fn_crc32(FN_CRC32_EMPTY, a, a_len); value = fn_crc32(value, b, b_len);
 * The Internet checksum and Fletcher-32 read words of 16 bits: only the last piece may have an odd length. For pieces
 * of any length use fn_checksum_update(). */
#ifndef FASTNET_CHECKSUM_H
#define FASTNET_CHECKSUM_H

#include "fastnet/base.h"

FN_BEGIN

#define FN_CRC32_EMPTY 0u
#define FN_CRC32C_EMPTY 0u
#define FN_CRC64_XZ_EMPTY 0u
#define FN_CRC16_CCITT_EMPTY 0u
#define FN_CRC16_MODBUS_EMPTY 0xffffu
#define FN_ADLER32_EMPTY 1u
#define FN_FLETCHER16_EMPTY 0u
#define FN_FLETCHER32_EMPTY 0u
#define FN_INTERNET_EMPTY 0xffffu

/* In brackets, the value of the nine bytes "123456789". */
uint32_t fn_crc32(uint32_t value, const void *buf, size_t len);        /* zlib, Ethernet (0xcbf43926) */
uint32_t fn_crc32c(uint32_t value, const void *buf, size_t len);       /* RFC 3720, iSCSI (0xe3069283) */
uint64_t fn_crc64_xz(uint64_t value, const void *buf, size_t len);     /* ECMA-182 reflected (0x995dc9bbdf1939fa) */
uint16_t fn_crc16_modbus(uint16_t value, const void *buf, size_t len); /* (0x4b37) */
/* x^16 + x^12 + x^5 + 1, most significant bit first. From 0 it is CRC-16/XMODEM (0x31c3), from 0xffff
 * CRC-16/IBM-3740, also called CCITT-FALSE (0x29b1). */
uint16_t fn_crc16_ccitt(uint16_t value, const void *buf, size_t len);
uint32_t fn_adler32(uint32_t value, const void *buf, size_t len);      /* RFC 1950 (0x091e01de) */
uint16_t fn_fletcher16(uint16_t value, const void *buf, size_t len);   /* bytes, modulo 255 (0x1ede) */
/* Little-endian words modulo 65535; an odd last byte is padded with a zero (0xdf09d509). */
uint32_t fn_fletcher32(uint32_t value, const void *buf, size_t len);
/* RFC 1071: big-endian words, ones' complement. The result is the number to store big-endian into the header's
 * field, which is zero, or left out, while summing; over a header with its right checksum in place it is 0. */
uint16_t fn_internet(uint16_t value, const void *buf, size_t len);

/* The Internet checksum after a field of `len` bytes (even, at an even offset) changed from `before` to `after`, by
 * equation 3 of RFC 1624. */
uint16_t fn_internet_replace(uint16_t value, const void *before, const void *after, size_t len);

/* The checksum of A followed by B, from those of A and of B, which is b_len bytes long. A may have begun with any
 * value, B with the EMPTY one. */
uint32_t fn_crc32_combine(uint32_t a, uint32_t b, uint64_t b_len);
uint32_t fn_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len);
uint64_t fn_crc64_xz_combine(uint64_t a, uint64_t b, uint64_t b_len);
uint16_t fn_crc16_modbus_combine(uint16_t a, uint16_t b, uint64_t b_len);
uint16_t fn_crc16_ccitt_combine(uint16_t a, uint16_t b, uint64_t b_len);
uint32_t fn_adler32_combine(uint32_t a, uint32_t b, uint64_t b_len);

typedef enum {
    FN_CRC32 = 0,
    FN_CRC32C,
    FN_CRC64_XZ,
    FN_CRC16_MODBUS,
    FN_CRC16_CCITT,
    FN_ADLER32,
    FN_FLETCHER16,
    FN_FLETCHER32,
    FN_INTERNET,
    FN_CHECKSUM_COUNT
} fn_checksum_kind;

/* A checksum under way, over pieces of any length. */
typedef struct {
    uint64_t value;   /* of all bytes but `odd` */
    uint8_t kind;     /* fn_checksum_kind */
    uint8_t has_odd;  /* private: the first half of a word waits for the second */
    uint8_t odd;      /* private */
} fn_checksum;

/* `value` is where to begin: fn_checksum_empty(kind), or an earlier result (of an even number of bytes, where words
 * of 16 bits are read). */
void fn_checksum_init(fn_checksum *sum, fn_checksum_kind kind, uint64_t value);
void fn_checksum_update(fn_checksum *sum, const void *buf, size_t len);
/* Copy buf[0:len] to `out` and update in one pass over memory: each block is summed while it is in the cache. The two
 * may overlap; what is summed, and arrives, is buf as it was. */
void fn_checksum_copy(fn_checksum *sum, void *out, const void *buf, size_t len);
uint64_t fn_checksum_value(const fn_checksum *sum);

/* About a kind; for none of them NULL and 0. */
const char *fn_checksum_name(fn_checksum_kind kind); /* "crc32", "crc64-xz", ... */
size_t fn_checksum_size(fn_checksum_kind kind);      /* bytes of its value */
uint64_t fn_checksum_empty(fn_checksum_kind kind);

FN_END

#endif
