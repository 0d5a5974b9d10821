/* AVX2: a block is two vectors; classes by two lookups of half bytes (pshufb). */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../http1_private.h"
#include "half_bytes.h"
#include "target.h"

FN_TARGET_BEGIN("avx2,bmi,bmi2")

typedef struct {
    __m256i v[2];
} fn_block;

FN_INLINE fn_block load(const char *p) {
    fn_block b = {{_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 32))}};
    return b;
}

FN_INLINE uint64_t join(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

FN_INLINE __m256i twice(const uint8_t table[16]) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

/* 0xff where the row of the byte's low half does not have the bit of its high half. */
FN_INLINE __m256i not_in(__m256i v, const uint8_t rows[16]) {
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
    __m256i row = _mm256_shuffle_epi8(twice(rows), v), bit = _mm256_shuffle_epi8(twice(fn_high_half_bit), high);
    return _mm256_cmpeq_epi8(_mm256_and_si256(row, bit), _mm256_setzero_si256());
}

FN_INLINE uint64_t outside(fn_block b, const uint8_t rows[16]) {
    return join(not_in(b.v[0], rows), not_in(b.v[1], rows));
}

FN_INLINE uint64_t not_token(fn_block b) {
    return outside(b, fn_token_rows);
}

FN_INLINE uint64_t not_value(fn_block b) {
    return ~outside(b, fn_control_rows);
}

FN_INLINE uint64_t not_host(fn_block b) {
    return outside(b, fn_host_rows);
}

FN_INLINE uint64_t not_target(fn_block b) {
    return outside(b, fn_target_rows);
}

FN_INLINE __m256i is_mark(__m256i v) {
    return _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('?')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('%')));
}

FN_INLINE uint64_t mark(fn_block b) {
    return join(is_mark(b.v[0]), is_mark(b.v[1]));
}

#define FN_OPS fn_http1_avx2_ops
#include "http1_lines.h"

FN_TARGET_END
#endif
