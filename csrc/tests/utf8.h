/* What is UTF-8, said in another way than the kernel's: characters are put together and judged by their number. */
#ifndef FASTNET_TESTS_UTF8_H
#define FASTNET_TESTS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes of p[0:n] could still become a text; `whole` if they are one. */
static inline size_t utf8_prefix(const uint8_t *p, size_t n, int *whole) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t at = 0;
    while (at < n) {
        uint8_t first = p[at];
        size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
        uint32_t low = size < 2 ? first : (uint32_t)(first & (0x7f >> size)), high = low;
        *whole = 0;
        if (size == 0) return at;
        /* The numbers that a beginning of the character leaves possible, and whether one of them is allowed. */
        for (size_t have = 1;; have++) {
            uint32_t from = low, to = high;
            for (size_t i = have; i < size; i++) from <<= 6, to = to << 6 | 0x3f;
            if (from < least[size]) from = least[size];
            if (to > 0x10ffff) to = 0x10ffff;
            if (from > to || (from >= 0xd800 && to <= 0xdfff)) return at + have - 1;
            if (have == size) break;
            if (at + have == n) return n;
            if (p[at + have] >> 6 != 2) return at + have;
            low = high = low << 6 | (p[at + have] & 0x3f);
        }
        at += size;
    }
    *whole = 1;
    return n;
}

#endif
