/* VPCLMULQDQ: four registers of 64 bytes. For CRC-32C the instruction crc32, which another unit executes, takes a
 * part of the input at the same time. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../crc_constants.h"
#include "../crc_private.h"
#include "target.h"

FN_TARGET_BEGIN("sse4.2,pclmul,avx2,avx512f,avx512vl,avx512dq,vpclmulqdq")
#include "crc_x86.h"

typedef __m512i fn_w;

FN_INLINE fn_w wide(const uint8_t *p) {
    return _mm512_loadu_si512(p);
}

FN_INLINE fn_w everywhere(const uint64_t *pair) {
    return _mm512_broadcast_i64x2(_mm_loadu_si128((const __m128i *)pair));
}

/* fold(v, factors) ^ next */
FN_INLINE fn_w fold_into(fn_w v, fn_w factors, fn_w next) {
    fn_w first = _mm512_clmulepi64_epi128(v, factors, 0x00), second = _mm512_clmulepi64_epi128(v, factors, 0x11);
    return _mm512_ternarylogic_epi64(first, second, next, 0x96);
}

typedef struct {
    fn_w a, b, c, d;
} fn_four;

FN_INLINE fn_four four(const uint8_t *p) {
    fn_four v = {wide(p), wide(p + 64), wide(p + 128), wide(p + 192)};
    return v;
}

FN_INLINE fn_four fold_four(fn_four v, fn_w by256, const uint8_t *p) {
    fn_four next = {fold_into(v.a, by256, wide(p)), fold_into(v.b, by256, wide(p + 64)),
                    fold_into(v.c, by256, wide(p + 128)), fold_into(v.d, by256, wide(p + 192))};
    return next;
}

FN_INLINE fn_w join(fn_four v, const fn_crc_folds *k) {
    fn_w left = fold_into(v.a, everywhere(k->by192), fold_into(v.b, everywhere(k->by128), v.d));
    return _mm512_xor_si512(left, fold_into(v.c, everywhere(k->by64), _mm512_setzero_si512()));
}

/* The state of a register that is followed by p[0:n]. */
FN_INLINE uint64_t finish_wide(fn_w v, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    fn_w by64 = everywhere(k->by64);
    for (; n >= 64; n -= 64, p += 64) v = fold_into(v, by64, wide(p));
    fn_v a = _mm512_castsi512_si128(v), b = _mm512_extracti64x2_epi64(v, 1), c = _mm512_extracti64x2_epi64(v, 2);
    fn_v d = _mm512_extracti64x2_epi64(v, 3);
    a = xor(fold(a, load_pair(k->by48)), fold(b, load_pair(k->by32)));
    return finish(xor(a, xor(fold(c, load_pair(k->by16)), d)), p, n, k);
}

FN_INLINE fn_w with_state(fn_w v, uint64_t state) {
    return _mm512_xor_si512(v, _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)state)));
}

FN_INLINE uint64_t fold_wide(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    if (n < 64) return fold_all(state, p, n, k);
    if (n < 256) return finish_wide(with_state(wide(p), state), p + 64, n - 64, k);
    fn_w by256 = everywhere(k->by256);
    fn_four v = four(p);
    v.a = with_state(v.a, state);
    for (p += 256, n -= 256; n >= 256; p += 256, n -= 256) v = fold_four(v, by256, p);
    return finish_wide(join(v, k), p, n, k);
}

uint64_t fn_crc_avx512(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    return fold_wide(state, p, n, k);
}

/* --- CRC-32C: a block is three streams for the instruction, each of 24 bytes a turn, then 256 bytes a turn for the
 * registers. Streams hide the instruction's latency of three cycles. ------------------------------------------------ */

enum { STREAM = 24, VECTOR = 256, TURN = 3 * STREAM + VECTOR, ALIGN_FROM = 16384 };

/* state * x^(8 * bytes), where factor = x^(8 * bytes - 33) */
FN_INLINE uint32_t move(uint32_t state, uint32_t factor) {
    fn_v product = low(_mm_cvtsi32_si128((int)state), _mm_cvtsi32_si128((int)factor));
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

FN_INLINE uint64_t step(uint64_t state, const uint8_t *p) {
    for (int i = 0; i < STREAM; i += 8) state = _mm_crc32_u64(state, fn_load64(p + i));
    return state;
}

/* Eight bytes of each stream. What is read before stays before, and after after: that the two units get their work in
 * turns is worth a ninth. */
#define STEP(at)                                                                                                       \
    __asm__ volatile("" ::: "memory");                                                                                 \
    a = _mm_crc32_u64(a, fn_load64(p + at)), b = _mm_crc32_u64(b, fn_load64(p + length + at));                         \
    c = _mm_crc32_u64(c, fn_load64(p + 2 * length + at));                                                              \
    __asm__ volatile("" ::: "memory");

FN_INLINE uint32_t block(uint32_t state, const uint8_t *p, size_t turns, uint32_t by_stream2, uint32_t by_stream,
                         uint32_t by_vector, const fn_crc_folds *k) {
    const uint8_t *v = p + 3 * STREAM * turns;
    size_t length = STREAM * turns;
    uint64_t a = step(state, p), b = step(0, p + length), c = step(0, p + 2 * length);
    fn_w by256 = everywhere(k->by256);
    fn_four f = four(v);
    for (size_t turn = 1; turn < turns; turn++) {
        p += STREAM, v += VECTOR;
        STEP(0)
        f.a = fold_into(f.a, by256, wide(v)), f.b = fold_into(f.b, by256, wide(v + 64));
        STEP(8)
        f.c = fold_into(f.c, by256, wide(v + 128));
        STEP(16)
        f.d = fold_into(f.d, by256, wide(v + 192));
    }
    uint32_t streams = move((uint32_t)a, by_stream2) ^ move((uint32_t)b, by_stream) ^ (uint32_t)c;
    return move(streams, by_vector) ^ (uint32_t)finish_wide(join(f, k), v + VECTOR, 0, k);
}

uint32_t fn_crc32c_avx512(uint32_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    if (n < 80) return crc32c_short(state, p, n);
    if (n >= ALIGN_FROM) { /* then no load of 64 bytes touches two lines of the cache */
        size_t head = -(uintptr_t)p % 64;
        state = crc32c_short(state, p, head);
        p += head, n -= head;
    }
/* Longer blocks need fewer ends; how far the streams are apart matters, too: 64 turns and 192 were slower. */
#define BLOCKS(turns)                                                                                                  \
    for (; n >= turns * TURN; p += turns * TURN, n -= turns * TURN)                                                    \
        state = block(state, p, turns, FN_CRC32C_STREAM2_##turns, FN_CRC32C_STREAM_##turns, FN_CRC32C_VECTOR_##turns, k);
    BLOCKS(128) BLOCKS(48) BLOCKS(16)
#undef BLOCKS
    return n < 80 ? crc32c_short(state, p, n) : (uint32_t)fold_wide(state, p, n, k);
}

FN_TARGET_END
#endif
