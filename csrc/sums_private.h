/* Private: what the checksums by addition share. */
#ifndef FASTNET_SUMS_PRIVATE_H
#define FASTNET_SUMS_PRIVATE_H

#include <string.h>

#include "cpu_level.h"
#include "fastnet/checksum.h"

/* Plain sums of a piece, which is at most FN_SUMS_MOST bytes, so that nothing overflows: `sum` of its items, and
 * `weighted`, in which the last item counts once, the one before twice, and so on. */
typedef struct {
    uint64_t sum, weighted;
} fn_sums;

#define FN_SUMS_MOST ((size_t)1 << 20)

/* The items are bytes, or words of 16 bits as this machine loads them (n even). */
typedef struct {
    fn_sums (*bytes)(const uint8_t *p, size_t n);
    fn_sums (*words)(const uint8_t *p, size_t n);
    uint64_t (*words_once)(const uint8_t *p, size_t n); /* without `weighted`; any n of at most FN_SUMS_MOST, even */
} fn_sums_ops;

extern FN_HIDDEN const fn_sums_ops fn_sums_sse42, fn_sums_avx2, fn_sums_avx512, fn_sums_neon;

FN_INLINE uint16_t fn_load16(const uint8_t *p) {
    uint16_t word;
    memcpy(&word, p, 2);
    return word;
}

/* Items p[0:n] after the sums of those before. */
FN_INLINE fn_sums fn_sum_bytes(fn_sums s, const uint8_t *p, size_t n) {
    for (; n; n--, p++) s.sum += *p, s.weighted += s.sum;
    return s;
}

FN_INLINE fn_sums fn_sum_words(fn_sums s, const uint8_t *p, size_t n) {
    for (; n; n -= 2, p += 2) s.sum += fn_load16(p), s.weighted += s.sum;
    return s;
}

FN_INLINE uint64_t fn_sum_words_once(uint64_t sum, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        sum += (w & 0xffffffffu) + (w >> 32);
    }
    for (; n; n -= 2, p += 2) sum += fn_load16(p);
    return sum;
}

#endif
