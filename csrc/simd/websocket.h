/* Masks and ASCII in vectors of the compiler (gcc and clang alike), so that one text serves every instruction set.
 * Included with VECTOR, the bytes of a vector, and OPS, the table to define. */
typedef uint64_t fn_v64 __attribute__((vector_size(VECTOR)));

FN_INLINE fn_v64 load_vector(const uint8_t *p) {
    fn_v64 v;
    memcpy(&v, p, VECTOR);
    return v;
}

FN_INLINE int any_high(fn_v64 v) {
    uint64_t all = 0;
    for (size_t i = 0; i < VECTOR / 8; i++) all |= v[i];
    return (all & 0x8080808080808080u) != 0;
}

static int mask(uint8_t *out, const uint8_t *p, size_t n, uint32_t key) {
    uint64_t wide = key | (uint64_t)key << 32;
    fn_v64 keys = wide - (fn_v64){0}, seen = {0}, more = {0};
    if (n < VECTOR) return (int)fn_ws_mask_words(out, p, n, key);
    for (; n >= 2 * VECTOR; n -= 2 * VECTOR, p += 2 * VECTOR, out += 2 * VECTOR) {
        fn_v64 a = load_vector(p) ^ keys, b = load_vector(p + VECTOR) ^ keys;
        seen |= a, more |= b;
        memcpy(out, &a, VECTOR);
        memcpy(out + VECTOR, &b, VECTOR);
    }
    if (n >= VECTOR) {
        fn_v64 a = load_vector(p) ^ keys;
        seen |= a;
        memcpy(out, &a, VECTOR);
        n -= VECTOR, p += VECTOR, out += VECTOR;
    }
    unsigned rest = fn_ws_mask_words(out, p, n, key);
    return any_high(seen | more) || rest;
}

static size_t ascii(const uint8_t *p, size_t n) {
    size_t at = 0;
    for (; n - at >= VECTOR; at += VECTOR) {
        if (any_high(load_vector(p + at))) break;
    }
    return at;
}

const fn_ws_ops OPS = {mask, ascii};
