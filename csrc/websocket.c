/* WebSocket frames. A head is judged byte by byte as far as it is there, so that what is wrong is known at once; masks
 * and ASCII are for the level's vectors; beyond ASCII, UTF-8 is a state machine (RFC 3629, section 4): after a first
 * byte, how many follow, and from where to where the next one may be. */
#include "websocket_private.h"

static int scalar_mask(uint8_t *out, const uint8_t *p, size_t n, uint32_t key) {
    return (int)fn_ws_mask_words(out, p, n, key);
}

static size_t scalar_ascii(const uint8_t *p, size_t n) {
    size_t at = 0;
    for (uint64_t word; n - at >= 8; at += 8) {
        memcpy(&word, p + at, 8);
        if (word & 0x8080808080808080u) break;
    }
    return at;
}

static const fn_ws_ops scalar_ops = {scalar_mask, scalar_ascii};

static const fn_ws_ops *const ops_of_level[FN_CPU_COUNT] = {
    [FN_CPU_SCALAR] = &scalar_ops,
#if defined(__x86_64__)
    [FN_CPU_SSE42] = &fn_ws_sse42,
    [FN_CPU_AVX2] = &fn_ws_avx2,
    [FN_CPU_AVX512] = &fn_ws_avx512,
#elif defined(__aarch64__)
    [FN_CPU_NEON] = &fn_ws_neon,
    [FN_CPU_NEON_CRYPTO] = &fn_ws_neon,
#endif
};

int fn_ws_mask(char *out, const char *buf, size_t len, uint32_t key) {
    return ops_of_level[fn_cpu_now()]->mask((uint8_t *)out, (const uint8_t *)buf, len, key) != 0;
}

static ptrdiff_t wrong(fn_ws_head *head, fn_ws_error error) {
    head->error = (uint8_t)error;
    return FN_INVALID;
}

/* A number of n bytes, most significant first. */
static uint64_t read_number(const uint8_t *p, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | p[i];
    return value;
}

enum { FIN = 0x80, RSV1 = 0x40, RSV23 = 0x30, OPCODE = 0x0f, CONTROL = 0x08, MASK = 0x80, SHORT = 125, TWO_BYTES = 126 };

ptrdiff_t fn_ws_parse_head(fn_ws_head *head, const char *buf, size_t len, unsigned how) {
    const uint8_t *p = (const uint8_t *)buf;
    size_t at = 2, more;
    if (len == 0) return FN_PARTIAL;
    head->opcode = p[0] & OPCODE;
    head->fin = p[0] >> 7;
    head->rsv1 = (p[0] & RSV1) != 0;
    head->error = FN_WS_OK;
    int begins = head->opcode == FN_WS_TEXT || head->opcode == FN_WS_BINARY;
    if (p[0] & RSV23 || (head->rsv1 && !(begins && how & FN_WS_DEFLATE))) return wrong(head, FN_WS_RESERVED_BIT);
    if (head->opcode > FN_WS_PONG || (head->opcode > FN_WS_BINARY && head->opcode < FN_WS_CLOSE)) {
        return wrong(head, FN_WS_RESERVED_OPCODE);
    }
    if (head->opcode & CONTROL && !head->fin) return wrong(head, FN_WS_CONTROL_FRAGMENTED);
    if (len < 2) return FN_PARTIAL;
    head->masked = p[1] >> 7;
    if (head->masked != ((how & FN_WS_FROM_CLIENT) != 0)) {
        return wrong(head, head->masked ? FN_WS_MASKED : FN_WS_UNMASKED);
    }
    head->length = p[1] & ~MASK;
    if (head->length > SHORT) {
        if (head->opcode & CONTROL) return wrong(head, FN_WS_CONTROL_LONG);
        more = head->length == TWO_BYTES ? 2 : 8;
        if (len > 2 && more == 8 && p[2] & 0x80) return wrong(head, FN_WS_LENGTH);
        if (len < at + more) return FN_PARTIAL;
        head->length = read_number(p + at, more);
        if (head->length <= (more == 2 ? SHORT : 0xffff)) return wrong(head, FN_WS_LENGTH);
        at += more;
    }
    head->key = 0;
    if (head->masked) {
        if (len < at + 4) return FN_PARTIAL;
        memcpy(&head->key, p + at, 4);
        at += 4;
    }
    return (ptrdiff_t)at;
}

size_t fn_ws_write_head(char *out, const fn_ws_head *head) {
    uint8_t *p = (uint8_t *)out;
    size_t at = 2, more = head->length <= SHORT ? 0 : head->length <= 0xffff ? 2 : 8;
    p[0] = (uint8_t)((head->fin ? FIN : 0) | (head->rsv1 ? RSV1 : 0) | head->opcode);
    p[1] = (uint8_t)((head->masked ? MASK : 0) | (more == 0 ? head->length : more == 2 ? TWO_BYTES : TWO_BYTES + 1));
    for (size_t i = 0; i < more; i++) p[at++] = (uint8_t)(head->length >> 8 * (more - 1 - i));
    if (head->masked) {
        memcpy(p + at, &head->key, 4);
        at += 4;
    }
    return at;
}

const char *fn_ws_error_text(fn_ws_error error) {
    static const char *const texts[] = {
        "no error",
        "a frame has a reserved bit set",
        "a frame has a reserved opcode",
        "a control frame is fragmented",
        "a control frame has more than 125 bytes",
        "the length of a frame is not written in the fewest bytes, or has its highest bit set",
        "a server's frame is masked",
        "a client's frame is not masked",
    };
    return (unsigned)error < sizeof texts / sizeof *texts ? texts[error] : "unknown error";
}

/* state: bytes that follow, then the lowest and the highest that the next one may be. */
#define FOLLOW(n, low, high) ((uint32_t)(n) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)

static uint32_t after_first(uint8_t byte) {
    if (byte < 0xc2) return 0;
    if (byte < 0xe0) return FOLLOW(1, 0x80, 0xbf);
    if (byte < 0xf0) return FOLLOW(2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
    if (byte < 0xf5) return FOLLOW(3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
    return 0;
}

ptrdiff_t fn_utf8_check(uint32_t *state, const char *buf, size_t len) {
    const uint8_t *p = (const uint8_t *)buf;
    uint32_t now = *state;
    size_t at = 0, run = 0;
    while (at < len) {
        uint8_t byte = p[at];
        if (now) {
            if (byte < (now >> 8 & 0xff) || byte > now >> 16) return FN_INVALID;
            now = (now & 0xff) == 1 ? 0 : FOLLOW((now & 0xff) - 1, 0x80, 0xbf);
            at++;
        } else if (byte < 0x80) {
            at++;
            /* A vector at a time where ASCII is more than an interlude. */
            if (++run == 8) {
                at += ops_of_level[fn_cpu_now()]->ascii(p + at, len - at);
                run = 0;
            }
        } else {
            now = after_first(byte);
            if (now == 0) return FN_INVALID;
            at++, run = 0;
        }
    }
    *state = now;
    return (ptrdiff_t)len;
}
