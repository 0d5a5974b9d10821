/* Decoding looks at the next bits at once: one table for codes up to PRIMARY_BITS, which is all of ASCII that headers
 * are made of; a longer code is found by its length, of which the first code is known. */
#include <string.h>

#include "fastnet/hpack.h"
#include "hpack_constants.h"

size_t fn_hpack_huffman_size(const char *text, size_t len) {
    size_t bits = 0;
    for (size_t i = 0; i < len; i++) bits += huffman_lengths[(uint8_t)text[i]];
    return (bits + 7) / 8;
}

size_t fn_hpack_huffman_encode(char *out, const char *text, size_t len) {
    uint64_t held = 0;
    unsigned n = 0;
    char *at = out;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = (uint8_t)text[i];
        held = held << huffman_lengths[ch] | huffman_codes[ch];
        n += huffman_lengths[ch];
        while (n >= 8) {
            n -= 8;
            *at++ = (char)(held >> n);
        }
    }
    if (n) *at++ = (char)(held << (8 - n) | 0xffu >> n);
    return (size_t)(at - out);
}

ptrdiff_t fn_hpack_huffman_decode(char *out, size_t room, const char *coded, size_t len) {
    const uint8_t *in = (const uint8_t *)coded, *end = in + len;
    uint64_t held = 0; /* the next bits, from the top */
    unsigned n = 0;
    size_t written = 0;
    for (;;) {
        while (n <= 56 && in < end) {
            held |= (uint64_t)*in++ << (56 - n);
            n += 8;
        }
        uint32_t entry = huffman_primary[held >> (64 - PRIMARY_BITS)];
        unsigned length = entry >> 8;
        uint32_t symbol = entry & 255;
        if (length == 0) {
            uint64_t top = held >> 32;
            length = PRIMARY_BITS + 1;
            while (top >= huffman_first[length + 1]) length++;
            symbol = huffman_order[huffman_rank[length] + (uint32_t)((top - huffman_first[length]) >> (32 - length))];
        }
        if (length > n) break;
        if (symbol == 256) return FN_INVALID;
        if (written == room) return FN_PARTIAL;
        out[written++] = (char)symbol;
        held <<= length;
        n -= length;
    }
    /* What is left must be padding: fewer than 8 bits, the first ones of the end-of-string code. */
    if (n >= 8 || (n && held >> (64 - n) != (1u << n) - 1)) return FN_INVALID;
    return (ptrdiff_t)written;
}
