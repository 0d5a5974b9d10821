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

FN_INLINE uint64_t not_token(fn_block b) {
    return join(not_in(b.v[0], fn_token_rows), not_in(b.v[1], fn_token_rows), not_in(b.v[2], fn_token_rows),
                not_in(b.v[3], fn_token_rows));
}

FN_INLINE __m128i control(__m128i v) {
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
    return _mm_or_si128(_mm_andnot_si128(tab, low), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
}

FN_INLINE uint64_t not_value(fn_block b) {
    return join(control(b.v[0]), control(b.v[1]), control(b.v[2]), control(b.v[3]));
}

/* The bytes from 0x21 to 0x7e; as signed numbers, all others are less, or 0x7f. */
FN_INLINE __m128i visible(__m128i v) {
    return _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)), _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20)));
}

FN_INLINE uint64_t not_target(fn_block b) {
    return ~join(visible(b.v[0]), visible(b.v[1]), visible(b.v[2]), visible(b.v[3]));
}

FN_INLINE uint64_t equal(fn_block b, char c) {
    __m128i wanted = _mm_set1_epi8(c);
    return join(_mm_cmpeq_epi8(b.v[0], wanted), _mm_cmpeq_epi8(b.v[1], wanted), _mm_cmpeq_epi8(b.v[2], wanted),
                _mm_cmpeq_epi8(b.v[3], wanted));
}

#define FN_OPS fn_http1_sse42_ops
#include "http1_lines.h"

FN_TARGET_END
#endif
