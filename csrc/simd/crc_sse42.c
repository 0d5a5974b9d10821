/* PCLMULQDQ: four registers of 16 bytes. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../crc_private.h"
#include "target.h"

FN_TARGET_BEGIN("sse4.2,pclmul")
#include "crc_x86.h"

uint64_t fn_crc_sse42(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    return fold_all(state, p, n, k);
}

uint32_t fn_crc32c_sse42(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    return n < 80 ? crc32c_short(state, p, n) : (uint32_t)fold_all(state, p, n, k);
}

FN_TARGET_END
#endif
