/* AVX-512 (VBMI, BW): 64 bytes at once; their classes come from one 128-entry table lookup, vpermi2b. Masked loads
 * do not touch the bytes behind the input. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../http1_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2")

/* Classes of ASCII characters, a bit each; the instruction that makes a mask takes bit 7, so the others are shifted
 * there: 7 not a token character, 6 not in a field value, 5 not in a target, 4 not in a host, 3 '?' and '%'. */
static const uint8_t classes_of[128] = {
    0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xb0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0,
    0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0,
    0xb0, 0x00, 0x90, 0x30, 0x00, 0x18, 0x00, 0x00, 0x80, 0x80, 0x00, 0x00, 0x80, 0x00, 0x00, 0x90,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0x80, 0x90, 0x80, 0x90, 0x98,
    0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0x90, 0x90, 0x10, 0x00,
    0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0x10, 0x90, 0x00, 0xf0,
};

typedef struct {
    __m512i bytes, classes;
} fn_block;

FN_INLINE fn_block classify(__m512i bytes) {
    __m512i low = _mm512_loadu_si512(classes_of), high = _mm512_loadu_si512(classes_of + 64);
    fn_block b = {bytes, _mm512_permutex2var_epi8(low, bytes, high)};
    return b;
}

FN_INLINE fn_block load(const char *p) {
    return classify(_mm512_loadu_si512(p));
}

#define FN_HAS_LOAD_SOME
FN_INLINE fn_block load_some(const char *p, unsigned n) {
    return classify(_mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, n), p));
}

/* A mask in a general register: left to itself, gcc keeps it in a mask register and moves it for every line. */
FN_INLINE uint64_t mask_of(__m512i v) {
    uint64_t mask = _mm512_movepi8_mask(v);
    __asm__("" : "+r"(mask));
    return mask;
}

/* The lookup ignores bit 7 of the bytes. Those from 0x80 on are in every class that says "not", ... */
FN_INLINE uint64_t with_high(fn_block b, __m512i classes) {
    return mask_of(_mm512_or_si512(classes, b.bytes));
}

/* ... but may stand in field values, and are no marks. */
FN_INLINE uint64_t without_high(fn_block b, __m512i classes) {
    return mask_of(_mm512_andnot_si512(b.bytes, classes));
}

FN_INLINE uint64_t not_token(fn_block b) {
    return with_high(b, b.classes);
}

FN_INLINE uint64_t not_value(fn_block b) {
    return without_high(b, _mm512_add_epi8(b.classes, b.classes));
}

FN_INLINE uint64_t not_target(fn_block b) {
    return with_high(b, _mm512_slli_epi16(b.classes, 2));
}

FN_INLINE uint64_t not_host(fn_block b) {
    return with_high(b, _mm512_slli_epi16(b.classes, 3));
}

FN_INLINE uint64_t mark(fn_block b) {
    return without_high(b, _mm512_slli_epi16(b.classes, 4));
}

#define FN_OPS fn_http1_avx512_ops
#include "http1_lines.h"

FN_TARGET_END
#endif
