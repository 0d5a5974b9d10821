/* ARMv8 with PMULL and the CRC instructions: folding as on x86; CRC-32C of short input by its instructions. */
#if defined(__aarch64__)
#include "../crc_private.h"
#include "target.h"

/* arm_acle.h hides its functions from a clang whose command line does not have the feature; the built-ins do not. */
#if defined(__clang__)
#define CRC32C_8 __builtin_arm_crc32cd
#define CRC32C_1 __builtin_arm_crc32cb
FN_TARGET_BEGIN("crc,aes")
#else
#define CRC32C_8 __builtin_aarch64_crc32cx
#define CRC32C_1 __builtin_aarch64_crc32cb
FN_TARGET_BEGIN("+crc+crypto")
#endif
#include <arm_neon.h>

typedef uint8x16_t fn_v;

FN_INLINE fn_v load(const uint8_t *p) {
    return vld1q_u8(p);
}

FN_INLINE fn_v load_pair(const uint64_t *p) {
    return vreinterpretq_u8_u64(vld1q_u64(p));
}

FN_INLINE fn_v xor(fn_v a, fn_v b) {
    return veorq_u8(a, b);
}

FN_INLINE poly64_t half(fn_v v, int second) {
    uint64x2_t words = vreinterpretq_u64_u8(v);
    return (poly64_t)(second ? vgetq_lane_u64(words, 1) : vgetq_lane_u64(words, 0));
}

FN_INLINE fn_v low(fn_v a, fn_v b) {
    return vreinterpretq_u8_p128(vmull_p64(half(a, 0), half(b, 0)));
}

FN_INLINE fn_v high(fn_v a, fn_v b) {
    return vreinterpretq_u8_p128(vmull_high_p64(vreinterpretq_p64_u8(a), vreinterpretq_p64_u8(b)));
}

FN_INLINE fn_v first_second(fn_v a, fn_v b) {
    return vreinterpretq_u8_p128(vmull_p64(half(a, 0), half(b, 1)));
}

FN_INLINE fn_v upper(fn_v v) {
    return vextq_u8(v, vdupq_n_u8(0), 8);
}

FN_INLINE fn_v permute(fn_v v, fn_v order) {
    return vqtbl1q_u8(v, order);
}

/* b where the mask's byte is negative */
FN_INLINE fn_v blend(fn_v a, fn_v b, fn_v mask) {
    return vbslq_u8(vcltzq_s8(vreinterpretq_s8_u8(mask)), b, a);
}

typedef struct {
    uint64_t first, second;
} fn_words;

FN_INLINE fn_words to_words(fn_v v) {
    fn_words words = {(uint64_t)half(v, 0), (uint64_t)half(v, 1)};
    return words;
}

#include "crc_fold.h"

uint64_t fn_crc_neon(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    return fold_all(state, p, n, k);
}

uint32_t fn_crc32c_neon(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    if (n >= 80) return (uint32_t)fold_all(state, p, n, k);
    for (; n >= 8; n -= 8, p += 8) state = CRC32C_8(state, fn_load64(p));
    for (; n; n--, p++) state = CRC32C_1(state, *p);
    return state;
}

FN_TARGET_END
#endif
