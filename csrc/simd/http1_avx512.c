/* AVX-512 (VBMI, BW): 64 bytes at once; their classes come from one 128-entry table lookup, vpermi2b. Masked loads
 * do not touch the bytes behind the input. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../http1_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2")

/* Besides the bytes, their classes: 0 for those from 0x80 on. */
typedef struct {
    __m512i bytes, classes;
    __mmask64 ascii;
} fn_block;

FN_INLINE fn_block classify(__m512i bytes) {
    fn_block b = {.bytes = bytes};
    __m512i low = _mm512_loadu_si512(fn_char_class), high = _mm512_loadu_si512(fn_char_class + 64);
    b.ascii = _mm512_testn_epi8_mask(bytes, _mm512_set1_epi8((char)0x80));
    b.classes = _mm512_maskz_permutex2var_epi8(b.ascii, low, bytes, high);
    return b;
}

FN_INLINE fn_block load(const char *p) {
    return classify(_mm512_loadu_si512(p));
}

#define FN_HAS_LOAD_SOME
FN_INLINE fn_block load_some(const char *p, unsigned n) {
    return classify(_mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, n), p));
}

FN_INLINE uint64_t not_token(fn_block b) {
    return _mm512_testn_epi8_mask(b.classes, _mm512_set1_epi8(FN_CHAR_TOKEN));
}

FN_INLINE uint64_t not_value(fn_block b) {
    return _mm512_mask_testn_epi8_mask(b.ascii, b.classes, _mm512_set1_epi8(FN_CHAR_VALUE));
}

/* The bytes not from 0x21 to 0x7e. */
FN_INLINE uint64_t not_target(fn_block b) {
    return _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(b.bytes, _mm512_set1_epi8(0x21)), _mm512_set1_epi8(0x7e - 0x21));
}

FN_INLINE uint64_t equal(fn_block b, char c) {
    return _mm512_cmpeq_epi8_mask(b.bytes, _mm512_set1_epi8(c));
}

#define FN_OPS fn_http1_avx512_ops
#include "http1_lines.h"

FN_TARGET_END
#endif
