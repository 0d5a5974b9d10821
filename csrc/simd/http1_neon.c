/* NEON: a block is four vectors; classes by two lookups of half bytes (tbl). */
#if defined(__aarch64__)
#include <arm_neon.h>

#include "../http1_private.h"
#include "half_bytes.h"

typedef struct {
    uint8x16_t v[4];
} fn_block;

FN_INLINE fn_block load(const char *p) {
    const uint8_t *u = (const uint8_t *)p;
    fn_block b = {{vld1q_u8(u), vld1q_u8(u + 16), vld1q_u8(u + 32), vld1q_u8(u + 48)}};
    return b;
}

/* A bit for each of 64 bytes that are 0 or 0xff: keep one bit of each, then add neighbours three times. */
FN_INLINE uint64_t join(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits));
    uint8x16_t high = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
    uint8x16_t sum = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

/* 0xff where the row of the byte's low half does not have the bit of its high half. */
FN_INLINE uint8x16_t not_in(uint8x16_t v, const uint8_t rows[16]) {
    uint8x16_t row = vqtbl1q_u8(vld1q_u8(rows), vandq_u8(v, vdupq_n_u8(15)));
    uint8x16_t bit = vqtbl1q_u8(vld1q_u8(fn_high_half_bit), vshrq_n_u8(v, 4));
    return vceqzq_u8(vandq_u8(row, bit));
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

FN_INLINE uint8x16_t is_mark(uint8x16_t v) {
    return vorrq_u8(vceqq_u8(v, vdupq_n_u8('?')), vceqq_u8(v, vdupq_n_u8('%')));
}

FN_INLINE uint64_t mark(fn_block b) {
    return join(is_mark(b.v[0]), is_mark(b.v[1]), is_mark(b.v[2]), is_mark(b.v[3]));
}

#define FN_OPS fn_http1_neon_ops
#include "http1_lines.h"
#endif
