/* The names of crc_fold.h for PCLMULQDQ and SSE4.2, and the instruction crc32. */
typedef __m128i fn_v;

FN_INLINE fn_v load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

FN_INLINE fn_v load_pair(const uint64_t *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

FN_INLINE fn_v xor(fn_v a, fn_v b) {
    return _mm_xor_si128(a, b);
}

FN_INLINE fn_v low(fn_v a, fn_v b) {
    return _mm_clmulepi64_si128(a, b, 0x00);
}

FN_INLINE fn_v high(fn_v a, fn_v b) {
    return _mm_clmulepi64_si128(a, b, 0x11);
}

FN_INLINE fn_v first_second(fn_v a, fn_v b) {
    return _mm_clmulepi64_si128(a, b, 0x10);
}

FN_INLINE fn_v upper(fn_v v) {
    return _mm_srli_si128(v, 8);
}

FN_INLINE fn_v permute(fn_v v, fn_v order) {
    return _mm_shuffle_epi8(v, order);
}

/* b where the mask's byte is negative */
FN_INLINE fn_v blend(fn_v a, fn_v b, fn_v mask) {
    return _mm_blendv_epi8(a, b, mask);
}

typedef struct {
    uint64_t first, second;
} fn_words;

FN_INLINE fn_words to_words(fn_v v) {
    fn_words words = {(uint64_t)_mm_cvtsi128_si64(v), (uint64_t)_mm_extract_epi64(v, 1)};
    return words;
}

/* n < 64 or so: three cycles a step, but no reduction at the end. */
FN_INLINE uint32_t crc32c_short(uint32_t state, const uint8_t *p, size_t n) {
    uint64_t wide = state;
    for (; n >= 8; n -= 8, p += 8) wide = _mm_crc32_u64(wide, fn_load64(p));
    state = (uint32_t)wide;
    if (n & 4) {
        uint32_t word;
        memcpy(&word, p, 4);
        state = _mm_crc32_u32(state, word);
        p += 4;
    }
    if (n & 2) {
        uint16_t word;
        memcpy(&word, p, 2);
        state = _mm_crc32_u16(state, word);
        p += 2;
    }
    return n & 1 ? _mm_crc32_u8(state, *p) : state;
}

#include "crc_fold.h"
