/* Numbers of five bytes (32 bits and their type), twelve at a time, and doubles of nine, seven at a time: 60 and 63
 * bytes of MessagePack. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "../msgpack_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi2")

enum { FIVES = 12, NINES = 7 };
#define EVERY_5TH UINT64_C(0x0084210842108421)  /* where the types of twelve numbers of five bytes stand */
#define EVERY_9TH UINT64_C(0x0040201008040201)  /* of seven of nine */

/* For each byte of the packed form the byte of the items it comes from, or for a type 64 + its number. */
FN_INLINE __m512i packing_order(unsigned width) {
    uint8_t order[64] = {0};
    for (unsigned at = 0; at < 64; at++) {
        unsigned item = at / (width + 1), byte = at % (width + 1);
        order[at] = (uint8_t)(byte ? item * width + width - byte : 64 + item * width);
    }
    return _mm512_loadu_si512(order);
}

FN_INLINE __m512i unpacking_order(unsigned width) {
    uint8_t order[64] = {0};
    for (unsigned at = 0; at < 64 / (width + 1) * width; at++)
        order[at] = (uint8_t)(at / width * (width + 1) + width - at % width);
    return _mm512_loadu_si512(order);
}

/* Sixteen lanes of 32 bits, of which as many are looked at as `lanes` says, with the types they are written with;
 * 0 when one of them is written in fewer bytes. */
FN_INLINE int types_of(__m512i values, __mmask16 lanes, int is_signed, __m512i *types) {
    const __m512i u32 = _mm512_set1_epi32(0xce), i32 = _mm512_set1_epi32(0xd2);
    __mmask16 large = _mm512_cmpgt_epu32_mask(values, _mm512_set1_epi32(0xffff));
    *types = u32;
    if (is_signed) {
        __mmask16 negative = _mm512_movepi32_mask(values);
        large &= (__mmask16)~(negative & _mm512_cmpge_epi32_mask(values, _mm512_set1_epi32(-0x8000)));
        *types = _mm512_mask_mov_epi32(u32, negative, i32);
    }
    return (large & lanes) == lanes;
}

FN_INLINE size_t put_fives(uint8_t *out, fn_msgpack_type type, const uint8_t *items, size_t n) {
    const __m512i order = packing_order(4);
    __m512i types = _mm512_set1_epi32(0xca);
    size_t done = 0;
    /* Sixteen are read, and a store writes four bytes after the twelve. */
    for (; n - done >= 16; done += FIVES, out += 5 * FIVES) {
        __m512i values = _mm512_loadu_si512(items + 4 * done);
        if (type != FN_MSGPACK_F32 && !types_of(values, 0xfff, type == FN_MSGPACK_I32, &types)) break;
        _mm512_storeu_si512(out, _mm512_permutex2var_epi8(values, order, types));
    }
    return done;
}

/* Of 64-bit items that are written with 32 bits; those that are not have other upper halves. */
FN_INLINE size_t put_halves(uint8_t *out, int is_signed, const uint8_t *items, size_t n) {
    const __m512i order = packing_order(4);
    size_t done = 0;
    for (; n - done >= 8; done += 8, out += 5 * 8) {
        __m512i wide = _mm512_loadu_si512(items + 8 * done), types;
        __m512i values = _mm512_castsi256_si512(_mm512_cvtepi64_epi32(wide));
        __mmask8 same = _mm512_cmpeq_epi64_mask(wide, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(values)));
        __mmask8 negative = 0;
        if (is_signed) {
            negative = _mm512_movepi64_mask(wide);
            same |= negative & _mm512_cmpeq_epi64_mask(wide, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(values)));
        }
        if (same != 0xff) break;
        __mmask16 large = _mm512_cmpgt_epu32_mask(values, _mm512_set1_epi32(0xffff));
        large &= (__mmask16)~(negative & _mm512_cmpge_epi32_mask(values, _mm512_set1_epi32(-0x8000)));
        if ((large & 0xff) != 0xff) break;
        types = _mm512_mask_mov_epi32(_mm512_set1_epi32(0xce), negative, _mm512_set1_epi32(0xd2));
        /* Sixty-four bytes into room for eight times nine. */
        _mm512_storeu_si512(out, _mm512_permutex2var_epi8(values, order, types));
    }
    return done;
}

FN_INLINE size_t put_nines(uint8_t *out, const uint8_t *items, size_t n) {
    const __m512i order = packing_order(8), types = _mm512_set1_epi64(0xcb);
    size_t done = 0;
    /* Eight are read, and a store writes a byte after the seven. */
    for (; n - done >= 8; done += NINES, out += 9 * NINES)
        _mm512_storeu_si512(out, _mm512_permutex2var_epi8(_mm512_loadu_si512(items + 8 * done), order, types));
    return done;
}

size_t fn_msgpack_put_vectors_avx512(uint8_t *out, fn_msgpack_type type, const uint8_t *items, size_t n) {
    switch (type) {
    case FN_MSGPACK_I32: return put_fives(out, FN_MSGPACK_I32, items, n);
    case FN_MSGPACK_U32: return put_fives(out, FN_MSGPACK_U32, items, n);
    case FN_MSGPACK_F32: return put_fives(out, FN_MSGPACK_F32, items, n);
    case FN_MSGPACK_I64: return put_halves(out, 1, items, n);
    case FN_MSGPACK_U64: return put_halves(out, 0, items, n);
    case FN_MSGPACK_F64: return put_nines(out, items, n);
    default: return 0;
    }
}

FN_INLINE size_t read_fives(uint8_t *items, fn_msgpack_type type, const uint8_t *p, size_t len, size_t n) {
    const __m512i order = unpacking_order(4);
    const int is_signed = type == FN_MSGPACK_I32 || type == FN_MSGPACK_I64;
    const int wide = type == FN_MSGPACK_I64 || type == FN_MSGPACK_U64;
    const size_t step = wide ? 8 : FIVES;
    const uint64_t every = EVERY_5TH & (wide ? (UINT64_C(1) << 40) - 1 : ~UINT64_C(0));
    const __m512i first = _mm512_set1_epi8((char)(type == FN_MSGPACK_F32 ? 0xca : 0xce));
    size_t done = 0;
    for (; n - done >= step && len >= 64; done += step, p += 5 * step, len -= 5 * step) {
        __m512i packed = _mm512_loadu_si512(p);
        uint64_t plain = _mm512_mask_cmpeq_epi8_mask(every, packed, first), negative = 0;
        if (is_signed) negative = _mm512_mask_cmpeq_epi8_mask(every, packed, _mm512_set1_epi8((char)0xd2));
        if ((plain | negative) != every) break;
        __m512i values = _mm512_permutexvar_epi8(order, packed);
        if (wide) {
            __m256i half = _mm512_castsi512_si256(values);
            __m512i all = _mm512_cvtepu32_epi64(half);
            if (negative) all = _mm512_mask_cvtepi32_epi64(all, (__mmask8)_pext_u64(negative, EVERY_5TH), half);
            _mm512_storeu_si512(items + 8 * done, all);
        } else {
            if (type == FN_MSGPACK_I32 && (_mm512_movepi32_mask(values) & _pext_u64(plain, EVERY_5TH))) break;
            _mm512_mask_storeu_epi32(items + 4 * done, 0xfff, values);
        }
    }
    return done;
}

FN_INLINE size_t read_nines(uint8_t *items, const uint8_t *p, size_t len, size_t n) {
    const __m512i order = unpacking_order(8), type = _mm512_set1_epi8((char)0xcb);
    size_t done = 0;
    for (; n - done >= NINES && len >= 64; done += NINES, p += 9 * NINES, len -= 9 * NINES) {
        __m512i packed = _mm512_loadu_si512(p);
        if (_mm512_mask_cmpeq_epi8_mask(EVERY_9TH, packed, type) != EVERY_9TH) break;
        _mm512_mask_storeu_epi64(items + 8 * done, 0x7f, _mm512_permutexvar_epi8(order, packed));
    }
    return done;
}

size_t fn_msgpack_read_vectors_avx512(uint8_t *items, fn_msgpack_type type, const uint8_t *p, size_t len, size_t n) {
    switch (type) {
    case FN_MSGPACK_I32: return read_fives(items, FN_MSGPACK_I32, p, len, n);
    case FN_MSGPACK_U32: return read_fives(items, FN_MSGPACK_U32, p, len, n);
    case FN_MSGPACK_F32: return read_fives(items, FN_MSGPACK_F32, p, len, n);
    case FN_MSGPACK_I64: return read_fives(items, FN_MSGPACK_I64, p, len, n);
    case FN_MSGPACK_U64: return read_fives(items, FN_MSGPACK_U64, p, len, n);
    case FN_MSGPACK_F64: return read_nines(items, p, len, n);
    default: return 0;
    }
}

FN_TARGET_END
#endif
