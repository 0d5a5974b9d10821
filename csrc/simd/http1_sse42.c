/* SSE4.2: a block is four vectors; classes by two lookups of half bytes (pshufb). */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../http1_private.h"
#include "half_bytes.h"
#include "target.h"

FN_TARGET_BEGIN("sse4.2")

typedef struct {
    __m128i v[4];
} fn_block;

FN_INLINE fn_block load(const char *p) {
    const __m128i *v = (const __m128i *)p;
    fn_block b = {{_mm_loadu_si128(v), _mm_loadu_si128(v + 1), _mm_loadu_si128(v + 2), _mm_loadu_si128(v + 3)}};
    return b;
}

FN_INLINE uint64_t join(__m128i a, __m128i b, __m128i c, __m128i d) {
    uint64_t low = (uint32_t)_mm_movemask_epi8(a) | (uint32_t)_mm_movemask_epi8(b) << 16;
    uint64_t high = (uint32_t)_mm_movemask_epi8(c) | (uint32_t)_mm_movemask_epi8(d) << 16;
    return low | high << 32;
}

/* 0xff where the row of the byte's low half does not have the bit of its high half. */
FN_INLINE __m128i not_in(__m128i v, const uint8_t rows[16]) {
    __m128i high = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(15));
    __m128i row = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)rows), v);
    __m128i bit = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)fn_high_half_bit), high);
    return _mm_cmpeq_epi8(_mm_and_si128(row, bit), _mm_setzero_si128());
}

FN_INLINE uint64_t outside(fn_block b, const uint8_t rows[16]) {
    return join(not_in(b.v[0], rows), not_in(b.v[1], rows), not_in(b.v[2], rows), not_in(b.v[3], rows));
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

FN_INLINE __m128i is_mark(__m128i v) {
    return _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('?')), _mm_cmpeq_epi8(v, _mm_set1_epi8('%')));
}

FN_INLINE uint64_t mark(fn_block b) {
    return join(is_mark(b.v[0]), is_mark(b.v[1]), is_mark(b.v[2]), is_mark(b.v[3]));
}

#define FN_OPS fn_http1_sse42_ops
#include "http1_lines.h"

FN_TARGET_END
#endif
