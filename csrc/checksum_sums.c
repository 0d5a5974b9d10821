/* Checksums by addition: Adler-32, Fletcher-16 and -32, Internet. Pieces of FN_SUMS_MOST bytes are summed plainly by
 * the operations of the level, then reduced. */
#include "sums_private.h"

static fn_sums scalar_bytes(const uint8_t *p, size_t n) {
    fn_sums s = {0, 0};
    return fn_sum_bytes(s, p, n);
}

static fn_sums scalar_words(const uint8_t *p, size_t n) {
    fn_sums s = {0, 0};
    return fn_sum_words(s, p, n);
}

static uint64_t scalar_words_once(const uint8_t *p, size_t n) {
    return fn_sum_words_once(0, p, n);
}

static const fn_sums_ops scalar_ops = {scalar_bytes, scalar_words, scalar_words_once};

static const fn_sums_ops *const ops_of_level[FN_CPU_COUNT] = {
    [FN_CPU_SCALAR] = &scalar_ops,
#if defined(__x86_64__)
    [FN_CPU_SSE42] = &fn_sums_sse42,
    [FN_CPU_AVX2] = &fn_sums_avx2,
    [FN_CPU_AVX512] = &fn_sums_avx512,
#elif defined(__aarch64__)
    [FN_CPU_NEON] = &fn_sums_neon,
    [FN_CPU_NEON_CRYPTO] = &fn_sums_neon,
#endif
};

typedef struct {
    uint64_t a, b;
} fn_pair;

FN_INLINE fn_pair add(fn_pair value, fn_sums s, uint64_t items, uint64_t modulus) {
    fn_pair next = {(value.a + s.sum) % modulus, (value.b + value.a * items + s.weighted) % modulus};
    return next;
}

FN_INLINE size_t piece(size_t len) {
    return len < FN_SUMS_MOST ? len : FN_SUMS_MOST;
}

FN_INLINE fn_pair add_bytes(fn_pair value, const uint8_t *p, size_t len, uint64_t modulus) {
    const fn_sums_ops *ops = ops_of_level[fn_cpu_now()];
    for (size_t n; len; p += n, len -= n) {
        n = piece(len);
        value = add(value, ops->bytes(p, n), n, modulus);
    }
    return value;
}

uint32_t fn_adler32(uint32_t value, const void *buf, size_t len) {
    fn_pair v = {value & 0xffff, value >> 16};
    v = add_bytes(v, buf, len, 65521);
    return (uint32_t)(v.b << 16 | v.a);
}

uint16_t fn_fletcher16(uint16_t value, const void *buf, size_t len) {
    fn_pair v = {value & 0xff, value >> 8};
    v = add_bytes(v, buf, len, 255);
    return (uint16_t)(v.b << 8 | v.a);
}

uint32_t fn_fletcher32(uint32_t value, const void *buf, size_t len) {
    const fn_sums_ops *ops = ops_of_level[fn_cpu_now()];
    const uint8_t *p = buf;
    fn_pair v = {value & 0xffff, value >> 16};
    for (size_t n; len > 1; p += n, len -= n) {
        n = piece(len) & ~(size_t)1;
        v = add(v, ops->words(p, n), n / 2, 65535);
    }
    if (len) {
        fn_sums last = {*p, *p};
        v = add(v, last, 1, 65535);
    }
    return (uint32_t)(v.b << 16 | v.a);
}

/* Ones' complement addition does not mind the order of bytes (RFC 1071, section 2B), so words are summed as this
 * machine loads them and the result is swapped. */
static uint16_t to_network(uint16_t word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap16(word);
#else
    return word;
#endif
}

static uint16_t fold_carries(uint64_t sum) {
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t fn_internet(uint16_t value, const void *buf, size_t len) {
    const fn_sums_ops *ops = ops_of_level[fn_cpu_now()];
    const uint8_t *p = buf;
    uint64_t sum = to_network((uint16_t)~value);
    for (size_t n; len > 1; p += n, len -= n) {
        n = piece(len) & ~(size_t)1;
        sum += ops->words_once(p, n);
    }
    if (len) {
        const uint8_t last[2] = {*p, 0};
        sum += fn_load16(last);
    }
    return (uint16_t)~to_network(fold_carries(sum));
}

uint16_t fn_internet_replace(uint16_t value, const void *before, const void *after, size_t len) {
    const uint8_t *m = before, *n = after;
    uint64_t sum = (uint16_t)~value;
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += (uint16_t)~to_network(fn_load16(m + i));
        sum += to_network(fn_load16(n + i));
    }
    return (uint16_t)~fold_carries(sum);
}

uint32_t fn_adler32_combine(uint32_t a, uint32_t b, uint64_t b_len) {
    const uint64_t m = 65521;
    uint64_t n = b_len % m, a1 = (a & 0xffff) % m, a2 = (a >> 16) % m, b1 = (b & 0xffff) % m, b2 = (b >> 16) % m;
    uint64_t first = a1 + m - 1; /* both sums began with 1 */
    return (uint32_t)((a2 + b2 + n * first) % m << 16 | (first + b1) % m);
}
