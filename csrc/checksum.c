/* One checksum under way, of any kind: over pieces of any length, and while copying. */
#include <string.h>

#include "cpu_level.h"
#include "fastnet/checksum.h"

typedef struct {
    const char *name;
    uint8_t size, reads_words;
    uint16_t empty;
} about;

static const about kinds[FN_CHECKSUM_COUNT] = {
    [FN_CRC32] = {"crc32", 4, 0, FN_CRC32_EMPTY},
    [FN_CRC32C] = {"crc32c", 4, 0, FN_CRC32C_EMPTY},
    [FN_CRC64_XZ] = {"crc64-xz", 8, 0, FN_CRC64_XZ_EMPTY},
    [FN_CRC16_MODBUS] = {"crc16-modbus", 2, 0, FN_CRC16_MODBUS_EMPTY},
    [FN_CRC16_CCITT] = {"crc16-ccitt", 2, 0, FN_CRC16_CCITT_EMPTY},
    [FN_ADLER32] = {"adler32", 4, 0, FN_ADLER32_EMPTY},
    [FN_FLETCHER16] = {"fletcher16", 2, 0, FN_FLETCHER16_EMPTY},
    [FN_FLETCHER32] = {"fletcher32", 4, 1, FN_FLETCHER32_EMPTY},
    [FN_INTERNET] = {"internet", 2, 1, FN_INTERNET_EMPTY},
};

/* Copies go by blocks of this size: both fit the first-level cache. */
enum { BLOCK = 8192 };

static uint64_t step(unsigned kind, uint64_t value, const void *buf, size_t len) {
    switch (kind) {
    case FN_CRC32:
        return fn_crc32((uint32_t)value, buf, len);
    case FN_CRC32C:
        return fn_crc32c((uint32_t)value, buf, len);
    case FN_CRC64_XZ:
        return fn_crc64_xz(value, buf, len);
    case FN_CRC16_MODBUS:
        return fn_crc16_modbus((uint16_t)value, buf, len);
    case FN_CRC16_CCITT:
        return fn_crc16_ccitt((uint16_t)value, buf, len);
    case FN_ADLER32:
        return fn_adler32((uint32_t)value, buf, len);
    case FN_FLETCHER16:
        return fn_fletcher16((uint16_t)value, buf, len);
    case FN_FLETCHER32:
        return fn_fletcher32((uint32_t)value, buf, len);
    case FN_INTERNET:
        return fn_internet((uint16_t)value, buf, len);
    default:
        return value;
    }
}

void fn_checksum_init(fn_checksum *sum, fn_checksum_kind kind, uint64_t value) {
    fn_checksum begin = {value, (uint8_t)kind, 0, 0};
    *sum = begin;
}

void fn_checksum_update(fn_checksum *sum, const void *buf, size_t len) {
    const uint8_t *p = buf;
    if (len == 0 || sum->kind >= FN_CHECKSUM_COUNT) return;
    if (kinds[sum->kind].reads_words) {
        if (sum->has_odd) {
            const uint8_t word[2] = {sum->odd, *p};
            sum->value = step(sum->kind, sum->value, word, 2);
            p++, len--;
        }
        sum->has_odd = len & 1;
        if (sum->has_odd) sum->odd = p[--len];
    }
    if (len) sum->value = step(sum->kind, sum->value, p, len);
}

void fn_checksum_copy(fn_checksum *sum, void *out, const void *buf, size_t len) {
    const uint8_t *from = buf;
    uint8_t *to = out;
    if (len == 0) return;
    if ((uintptr_t)to < (uintptr_t)from + len && (uintptr_t)from < (uintptr_t)to + len) {
        fn_checksum_update(sum, from, len);
        memmove(to, from, len);
        return;
    }
    for (size_t n; len; from += n, to += n, len -= n) {
        n = len < BLOCK ? len : BLOCK;
        memcpy(to, from, n);
        fn_checksum_update(sum, to, n);
    }
}

uint64_t fn_checksum_value(const fn_checksum *sum) {
    return sum->has_odd ? step(sum->kind, sum->value, &sum->odd, 1) : sum->value;
}

const char *fn_checksum_name(fn_checksum_kind kind) {
    return (unsigned)kind < FN_CHECKSUM_COUNT ? kinds[kind].name : NULL;
}

size_t fn_checksum_size(fn_checksum_kind kind) {
    return (unsigned)kind < FN_CHECKSUM_COUNT ? kinds[kind].size : 0;
}

uint64_t fn_checksum_empty(fn_checksum_kind kind) {
    return (unsigned)kind < FN_CHECKSUM_COUNT ? kinds[kind].empty : 0;
}
