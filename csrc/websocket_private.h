/* Private: what the instruction sets do for WebSocket. */
#ifndef FASTNET_WEBSOCKET_PRIVATE_H
#define FASTNET_WEBSOCKET_PRIVATE_H

#include "cpu_level.h"
#include "fastnet/websocket.h"

typedef struct {
    int (*mask)(uint8_t *out, const uint8_t *p, size_t n, uint32_t key); /* see fn_ws_mask() */
    size_t (*ascii)(const uint8_t *p, size_t n); /* how many bytes are ASCII, in whole vectors; what follows may be, too */
} fn_ws_ops;

extern FN_HIDDEN const fn_ws_ops fn_ws_sse42, fn_ws_avx2, fn_ws_avx512, fn_ws_neon;

enum { FN_WS_HIGH = 0x80 };

/* The rest of a mask, less than a vector. Returns a byte with the high bit set if one is not ASCII. */
FN_INLINE unsigned fn_ws_mask_words(uint8_t *out, const uint8_t *p, size_t n, uint32_t key) {
    uint64_t wide = key | (uint64_t)key << 32, word, seen = 0;
    for (; n >= 8; n -= 8, p += 8, out += 8) {
        memcpy(&word, p, 8);
        word ^= wide;
        seen |= word;
        memcpy(out, &word, 8);
    }
    if (n & 4) {
        uint32_t half;
        memcpy(&half, p, 4);
        half ^= key;
        seen |= half;
        memcpy(out, &half, 4);
        p += 4, out += 4;
    }
    uint8_t bytes[4];
    memcpy(bytes, &key, 4);
    for (size_t i = 0; i < (n & 3); i++) seen |= out[i] = p[i] ^ bytes[i];
    return (seen & 0x8080808080808080u) != 0 ? FN_WS_HIGH : 0;
}

#endif
