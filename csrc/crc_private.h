/* Private: what the CRC kernels share. A state is 64 bits wide whatever the CRC (see crc_constants.py), with the CRC in
 * its low bits and neither inverted nor swapped. */
#ifndef FASTNET_CRC_PRIVATE_H
#define FASTNET_CRC_PRIVATE_H

#include <string.h>

#include "cpu_level.h"
#include "fastnet/checksum.h"

typedef struct {
    /* Factors that move a register by so many bytes: of its first and its second half. */
    uint64_t by16[2], by32[2], by48[2], by64[2], by128[2], by192[2], by256[2];
    uint64_t finish, quotient, divisor, odd; /* from a register to the state, by Barrett's reduction */
    uint64_t polynomial;                     /* reflected, without its leading term */
    unsigned width;
} fn_crc_folds;

/* The state after p[0:n], where n >= 16. */
typedef uint64_t fn_crc_kernel(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k);

FN_HIDDEN fn_crc_kernel fn_crc_sse42, fn_crc_avx512, fn_crc_neon;
/* CRC-32C by its own instructions, for any n. */
FN_HIDDEN uint32_t fn_crc32c_sse42(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k);
FN_HIDDEN uint32_t fn_crc32c_avx512(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k);
FN_HIDDEN uint32_t fn_crc32c_neon(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k);

FN_INLINE uint64_t fn_load64(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#endif
