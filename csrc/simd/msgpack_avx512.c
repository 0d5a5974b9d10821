/* Seven doubles, 63 bytes of MessagePack, at a time. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../msgpack_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi")

size_t fn_msgpack_put_f64_avx512(uint8_t *out, const uint8_t *items, size_t n) {
    uint8_t order[64] = {0};
    uint64_t types = 0;
    for (size_t i = 0; i < 7; i++) {
        types |= UINT64_C(1) << (9 * i);
        for (size_t k = 0; k < 8; k++) order[9 * i + 1 + k] = (uint8_t)(8 * i + 7 - k);
    }
    const __m512i pick = _mm512_loadu_si512(order), type = _mm512_set1_epi8((char)0xcb);
    size_t done = 0;
    /* A store writes a byte after the seven: there must be an eighth. */
    for (; n - done >= 8; done += 7, out += 63) {
        __m512i eight = _mm512_loadu_si512(items + 8 * done);
        _mm512_storeu_si512(out, _mm512_mask_blend_epi8(types, _mm512_permutexvar_epi8(pick, eight), type));
    }
    return done;
}

FN_TARGET_END
#endif
