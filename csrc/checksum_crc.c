/* CRCs: eight bytes a step by tables (the scalar level, and what is under 16 bytes), else the kernel of the level. */
#include "crc_constants.h"
#include "crc_private.h"

/* A table's entry is the sum of those of its index's bits, so eight constants make 256. */
#define BIT(i, b, x) ((i) >> (b) & 1 ? (x) : 0)
#define SUM(i, a, b, c, d, e, f, g, h)                                                                                 \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^          \
     BIT(i, 7, h))
#define ENTRIES4(i, ...) SUM(i, __VA_ARGS__), SUM(i + 1, __VA_ARGS__), SUM(i + 2, __VA_ARGS__), SUM(i + 3, __VA_ARGS__)
#define ENTRIES16(i, ...)                                                                                              \
    ENTRIES4(i, __VA_ARGS__), ENTRIES4(i + 4, __VA_ARGS__), ENTRIES4(i + 8, __VA_ARGS__), ENTRIES4(i + 12, __VA_ARGS__)
#define ENTRIES64(i, ...)                                                                                              \
    ENTRIES16(i, __VA_ARGS__), ENTRIES16(i + 16, __VA_ARGS__), ENTRIES16(i + 32, __VA_ARGS__),                         \
        ENTRIES16(i + 48, __VA_ARGS__)
#define SLICE(...)                                                                                                     \
    { ENTRIES64(0, __VA_ARGS__), ENTRIES64(64, __VA_ARGS__), ENTRIES64(128, __VA_ARGS__), ENTRIES64(192, __VA_ARGS__) }
#define SLICES(NAME)                                                                                                   \
    {                                                                                                                  \
        SLICE(FN_##NAME##_BITS_0), SLICE(FN_##NAME##_BITS_1), SLICE(FN_##NAME##_BITS_2), SLICE(FN_##NAME##_BITS_3),    \
            SLICE(FN_##NAME##_BITS_4), SLICE(FN_##NAME##_BITS_5), SLICE(FN_##NAME##_BITS_6), SLICE(FN_##NAME##_BITS_7) \
    }

#define DEFINE_BY_TABLE(name, NAME, type)                                                                              \
    static const type name##_slices[8][256] = SLICES(NAME);                                                            \
    static uint64_t name##_by_table(uint64_t state, const uint8_t *p, size_t n) {                                      \
        const type(*t)[256] = name##_slices;                                                                           \
        for (; n >= 8; n -= 8, p += 8) {                                                                               \
            uint64_t w = fn_load64(p) ^ state;                                                                         \
            state = (uint64_t)(t[7][w & 255] ^ t[6][w >> 8 & 255] ^ t[5][w >> 16 & 255] ^ t[4][w >> 24 & 255] ^        \
                               t[3][w >> 32 & 255] ^ t[2][w >> 40 & 255] ^ t[1][w >> 48 & 255] ^ t[0][w >> 56]);       \
        }                                                                                                              \
        for (; n; n--, p++) state = (uint64_t)(state >> 8 ^ t[0][(state ^ *p) & 255]);                                 \
        return state;                                                                                                  \
    }

DEFINE_BY_TABLE(crc32, CRC32, uint32_t)
DEFINE_BY_TABLE(crc32c, CRC32C, uint32_t)
DEFINE_BY_TABLE(crc64_xz, CRC64_XZ, uint64_t)
DEFINE_BY_TABLE(crc16_modbus, CRC16_MODBUS, uint16_t)
DEFINE_BY_TABLE(crc16_ccitt, CRC16_CCITT, uint16_t)

static const fn_crc_folds crc32_folds = {FN_CRC32_FOLDS};
static const fn_crc_folds crc32c_folds = {FN_CRC32C_FOLDS};
static const fn_crc_folds crc64_xz_folds = {FN_CRC64_XZ_FOLDS};
static const fn_crc_folds crc16_modbus_folds = {FN_CRC16_MODBUS_FOLDS};

static fn_crc_kernel *const kernels[FN_CPU_COUNT] = {
#if defined(__x86_64__)
    [FN_CPU_SSE42] = fn_crc_sse42,
    [FN_CPU_AVX2] = fn_crc_sse42, /* which knows no wider multiplication without carries */
    [FN_CPU_AVX512] = fn_crc_avx512,
#elif defined(__aarch64__)
    [FN_CPU_NEON_CRYPTO] = fn_crc_neon,
#endif
};

/* Where there is a kernel, n >= 16 goes to it. */
FN_INLINE uint64_t run(uint64_t state, const void *buf, size_t n, const fn_crc_folds *folds,
                       uint64_t (*by_table)(uint64_t, const uint8_t *, size_t)) {
    const uint8_t *p = buf;
    fn_crc_kernel *kernel = kernels[fn_cpu_now()];
    return n >= 16 && kernel ? kernel(state, p, n, folds) : by_table(state, p, n);
}

uint32_t fn_crc32(uint32_t value, const void *buf, size_t len) {
    return ~(uint32_t)run(~value, buf, len, &crc32_folds, crc32_by_table);
}

uint64_t fn_crc64_xz(uint64_t value, const void *buf, size_t len) {
    return ~run(~value, buf, len, &crc64_xz_folds, crc64_xz_by_table);
}

uint16_t fn_crc16_modbus(uint16_t value, const void *buf, size_t len) {
    return (uint16_t)run(value, buf, len, &crc16_modbus_folds, crc16_modbus_by_table);
}

uint16_t fn_crc16_ccitt(uint16_t value, const void *buf, size_t len) {
    return __builtin_bswap16((uint16_t)crc16_ccitt_by_table(__builtin_bswap16(value), buf, len));
}

uint32_t fn_crc32c(uint32_t value, const void *buf, size_t len) {
    const uint8_t *p = buf;
    switch (fn_cpu_now()) {
#if defined(__x86_64__)
    case FN_CPU_AVX512:
        return ~fn_crc32c_avx512(~value, p, len, &crc32c_folds);
    case FN_CPU_AVX2:
    case FN_CPU_SSE42:
        return ~fn_crc32c_sse42(~value, p, len, &crc32c_folds);
#elif defined(__aarch64__)
    case FN_CPU_NEON_CRYPTO:
        return ~fn_crc32c_neon(~value, p, len, &crc32c_folds);
#endif
    default:
        return ~(uint32_t)crc32c_by_table(~value, p, len);
    }
}

/* --- combining: a is multiplied by x^(8 * b_len), bit by bit ----------------------------------------------------- */

/* Bit i of a value is the coefficient of x^(width-1-i). */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t polynomial, unsigned width) {
    uint64_t product = 0;
    for (uint64_t bit = 1ull << (width - 1); bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b >> 1 ^ (b & 1 ? polynomial : 0);
    }
    return product;
}

static uint64_t move(uint64_t value, uint64_t bytes, uint64_t polynomial, unsigned width) {
    uint64_t factor = 1ull << (width - 1);
    factor >>= 4;
    factor = multiply(factor, factor, polynomial, width); /* x^8 */
    for (; bytes; bytes >>= 1) {
        if (bytes & 1) value = multiply(value, factor, polynomial, width);
        factor = multiply(factor, factor, polynomial, width);
    }
    return value;
}

uint32_t fn_crc32_combine(uint32_t a, uint32_t b, uint64_t b_len) {
    return (uint32_t)move(a, b_len, crc32_folds.polynomial, 32) ^ b;
}

uint32_t fn_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len) {
    return (uint32_t)move(a, b_len, crc32c_folds.polynomial, 32) ^ b;
}

uint64_t fn_crc64_xz_combine(uint64_t a, uint64_t b, uint64_t b_len) {
    return move(a, b_len, crc64_xz_folds.polynomial, 64) ^ b;
}

uint16_t fn_crc16_modbus_combine(uint16_t a, uint16_t b, uint64_t b_len) {
    return (uint16_t)move(a ^ FN_CRC16_MODBUS_EMPTY, b_len, crc16_modbus_folds.polynomial, 16) ^ b;
}

static uint16_t reverse_bits(uint16_t value) {
    uint16_t result = 0;
    for (int i = 0; i < 16; i++) result = (uint16_t)(result << 1 | (value >> i & 1));
    return result;
}

uint16_t fn_crc16_ccitt_combine(uint16_t a, uint16_t b, uint64_t b_len) {
    return reverse_bits((uint16_t)move(reverse_bits(a), b_len, 0x8408, 16)) ^ b;
}
