/* Folding by multiplication without carries in registers of 16 bytes. Included once for each instruction set, which
 * defines fn_v and, in these names: load, load_pair, xor, low (product of the first halves), high (of the second),
 * first_second (of a's first and b's second), upper (second half moved to the first), permute, blend, to_words. */

static const uint8_t shifts[48] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};

FN_INLINE fn_v fold(fn_v v, fn_v factors) {
    return xor(low(v, factors), high(v, factors));
}

/* The state of a register that is followed by p[0:n], n < 64; the 16 bytes before p are readable. */
FN_INLINE uint64_t finish(fn_v v, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    fn_v by16 = load_pair(k->by16);
    for (; n >= 16; n -= 16, p += 16) v = xor(fold(v, by16), load(p));
    if (n) { /* v's first n bytes move on; the rest of it and the tail make the next register */
        fn_v up = load(shifts + n), rest = permute(v, load(shifts + 16 + n));
        v = xor(fold(permute(v, up), by16), blend(load(p + n - 16), rest, up));
    }
    fn_v barrett = load_pair(&k->finish), u = xor(low(v, barrett), upper(v));
    fn_v q = first_second(u, barrett), r = xor(u, low(q, load_pair(&k->divisor)));
    return to_words(r).second ^ (to_words(q).first & k->odd);
}

/* n >= 16 */
FN_INLINE uint64_t fold_all(uint64_t state, const uint8_t *p, size_t n, const fn_crc_folds *k) {
    const uint64_t begin[2] = {state, 0};
    fn_v a = xor(load(p), load_pair(begin));
    p += 16, n -= 16;
    if (n >= 48) {
        fn_v b = load(p), c = load(p + 16), d = load(p + 32), by64 = load_pair(k->by64);
        for (p += 48, n -= 48; n >= 64; p += 64, n -= 64) {
            a = xor(fold(a, by64), load(p));
            b = xor(fold(b, by64), load(p + 16));
            c = xor(fold(c, by64), load(p + 32));
            d = xor(fold(d, by64), load(p + 48));
        }
        a = xor(xor(fold(a, load_pair(k->by48)), fold(b, load_pair(k->by32))), xor(fold(c, load_pair(k->by16)), d));
    }
    return finish(a, p, n, k);
}
