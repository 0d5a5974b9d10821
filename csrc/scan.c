/* Scanning and case, portably: what the scalar level uses, and every level for its last bytes. */
#include "http1_private.h"

static size_t scan_class(const char *buf, size_t len, int class) {
    size_t i = 0;
    while (i < len && fn_char_is(buf[i], class)) i++;
    return i;
}

static size_t scan_value(const char *buf, size_t len) {
    return scan_class(buf, len, FN_CHAR_VALUE);
}

static size_t scan_token(const char *buf, size_t len) {
    return scan_class(buf, len, FN_CHAR_TOKEN);
}

const fn_http1_ops fn_http1_scalar_ops = {{NULL, NULL}, scan_value, scan_token};

/* A-Z made a-z in eight bytes at once: bit 7 of (c + 0x25) and of (c + 0x3f), without carries between bytes, tell
 * whether c is above 'Z' and at or above 'A'. */
static uint64_t lower_word(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t low = word & ones * 0x7f;
    uint64_t is_upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~word & ones * 0x80;
    return word | is_upper >> 2;
}

void fn_http1_lower(char *out, const char *buf, size_t len) {
    uint64_t word;
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        memcpy(&word, buf + i, 8);
        word = lower_word(word);
        memcpy(out + i, &word, 8);
    }
    for (; i < len; i++) out[i] = (char)(buf[i] >= 'A' && buf[i] <= 'Z' ? buf[i] | 0x20 : buf[i]);
}
