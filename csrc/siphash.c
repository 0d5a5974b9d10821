/* SipHash with two rounds a word and four at the end. */
#include "fastnet/siphash.h"

static uint64_t word(const uint8_t *p, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value |= (uint64_t)p[i] << 8 * i;
    return value;
}

static uint64_t turn(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4], int rounds) {
    while (rounds--) {
        v[0] += v[1], v[2] += v[3];
        v[1] = turn(v[1], 13) ^ v[0], v[3] = turn(v[3], 16) ^ v[2];
        v[0] = turn(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = turn(v[1], 17) ^ v[2], v[3] = turn(v[3], 21) ^ v[0];
        v[2] = turn(v[2], 32);
    }
}

uint64_t fn_siphash(const uint8_t key[16], const void *data, size_t len) {
    const uint8_t *p = data;
    uint64_t k0 = word(key, 8), k1 = word(key + 8, 8), last = (uint64_t)len << 56;
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t m = word(p, 8);
        v[3] ^= m;
        mix(v, 2);
        v[0] ^= m;
    }
    last |= word(p, len);
    v[3] ^= last;
    mix(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
