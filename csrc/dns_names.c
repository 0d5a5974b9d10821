/* DNS names by themselves, and messages being written. */
#include <string.h>

#include "fastnet/dns.h"

static uint8_t small(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* A length byte is below 'A': folding all bytes alike leaves it as it is. */
void fn_dns_fold(uint8_t *out, const uint8_t *name, size_t len) {
    for (size_t i = 0; i < len; i++) out[i] = small(name[i]);
}

int fn_dns_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    if (a_len != b_len) return 0;
    for (size_t i = 0; i < a_len; i++) {
        if (small(a[i]) != small(b[i])) return 0;
    }
    return 1;
}

/* Eight bytes at a time, mixed by one multiplication; the seed is what a stranger must not know. */
uint32_t fn_dns_hash(const uint8_t *name, size_t len, uint32_t seed) {
    uint64_t h = seed ^ len * 0x9e3779b97f4a7c15u;
    while (len) {
        uint8_t folded[8] = {0};
        size_t n = len < 8 ? len : 8;
        for (size_t i = 0; i < n; i++) folded[i] = small(name[i]);
        uint64_t word;
        memcpy(&word, folded, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        name += n;
        len -= n;
    }
    return (uint32_t)h;
}

size_t fn_dns_name_to_text(const uint8_t *name, size_t len, char *text) {
    size_t used = 0;
    if (len <= 1) text[used++] = '.';
    for (size_t at = 0; at < len && name[at];) {
        size_t end = at + 1 + name[at];
        for (at++; at < end; at++) {
            uint8_t c = name[at];
            if (c > 0x20 && c < 0x7f) {
                if (c == '.' || c == '\\' || c == '"' || c == '(' || c == ')' || c == ';' || c == '@' || c == '$')
                    text[used++] = '\\';
                text[used++] = (char)c;
            } else {
                text[used++] = '\\';
                text[used++] = (char)('0' + c / 100);
                text[used++] = (char)('0' + c / 10 % 10);
                text[used++] = (char)('0' + c % 10);
            }
        }
        text[used++] = '.';
    }
    return used;
}

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

ptrdiff_t fn_dns_name_from_text(const char *text, size_t len, uint8_t *name) {
    size_t at = 0, label = 0, used = 1; /* label: where its length stands */
    if (len == 1 && text[0] == '.') {
        name[0] = 0;
        return 1;
    }
    while (at < len) {
        uint8_t c = (uint8_t)text[at++];
        if (c == '.') {
            if (used == label + 1) return FN_INVALID;
            name[label] = (uint8_t)(used - label - 1);
            if (used >= FN_DNS_NAME_MAX) return FN_INVALID;
            label = used++;
            continue;
        }
        if (c == '\\') {
            if (at == len) return FN_INVALID;
            if (is_digit(text[at])) {
                if (len - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) return FN_INVALID;
                unsigned value = (unsigned)(text[at] - '0') * 100 + (unsigned)(text[at + 1] - '0') * 10 +
                                 (unsigned)(text[at + 2] - '0');
                if (value > 255) return FN_INVALID;
                c = (uint8_t)value;
                at += 3;
            } else {
                c = (uint8_t)text[at++];
            }
        }
        if (used - label - 1 >= FN_DNS_LABEL_MAX || used >= FN_DNS_NAME_MAX - 1) return FN_INVALID;
        name[used++] = c;
    }
    if (used == 1) return FN_INVALID; /* no text */
    if (used > label + 1) {
        name[label] = (uint8_t)(used - label - 1);
        label = used++;
    }
    name[label] = 0;
    return (ptrdiff_t)used;
}

/* --- writing --- */

void fn_dns_write_begin(fn_dns_writer *w, uint8_t *buf, size_t room) {
    w->buf = buf;
    w->room = room < FN_DNS_MESSAGE_MAX ? room : FN_DNS_MESSAGE_MAX;
    w->used = w->named = 0;
    memset(w->slots, 0, sizeof w->slots);
}

int fn_dns_write_bytes(fn_dns_writer *w, const void *data, size_t len) {
    if (len > w->room - w->used) return -1;
    if (len) memcpy(w->buf + w->used, data, len);
    w->used += len;
    return 0;
}

int fn_dns_write_u16(fn_dns_writer *w, uint16_t value) {
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    return fn_dns_write_bytes(w, bytes, 2);
}

int fn_dns_write_u32(fn_dns_writer *w, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    return fn_dns_write_bytes(w, bytes, 4);
}

/* Whether the name at buf[at], below `end`, is `name`, byte for byte. Something else may stand there by now,
        if what was
 * written was taken back: so nothing is taken for granted. */
static int stands(const fn_dns_writer *w, size_t at, size_t end, const uint8_t *name) {
    for (;;) {
        if (at + 1 >= end) return at < end && w->buf[at] == 0 && name[0] == 0;
        if (w->buf[at] >= 0xc0) {
            size_t target = (size_t)(w->buf[at] & 0x3f) << 8 | w->buf[at + 1];
            if (target >= at || target < FN_DNS_HEADER_BYTES) return 0;
            at = target;
            continue;
        }
        size_t label = w->buf[at];
        if (label != name[0] || label + 1 > end - at || memcmp(w->buf + at, name, label + 1) != 0) return 0;
        if (label == 0) return 1;
        at += label + 1;
        name += label + 1;
    }
}

int fn_dns_write_name(fn_dns_writer *w, const uint8_t *name, size_t len, int compress) {
    size_t at = 0, start = w->used, target = 0, labels = 0;
    uint16_t fresh[FN_DNS_POINTERS_MAX];
    uint8_t places[FN_DNS_POINTERS_MAX];
    for (; compress && name[at]; at += name[at] + 1u) {
        size_t slot = fn_dns_hash(name + at, len - at, 0) % FN_DNS_SLOTS;
        while (w->slots[slot] && !target) {
            if (w->slots[slot] < start && stands(w, w->slots[slot], start, name + at)) target = w->slots[slot];
            else slot = (slot + 1) % FN_DNS_SLOTS;
        }
        if (target) break;
        fresh[labels] = (uint16_t)slot;
        places[labels++] = (uint8_t)at;
    }
    size_t written = target ? at + 2 : len;
    if (written > w->room - start) return -1;
    memcpy(w->buf + start, name, target ? at : len);
    if (target) {
        w->buf[start + at] = (uint8_t)(0xc0 | target >> 8);
        w->buf[start + at + 1] = (uint8_t)target;
    }
    w->used = start + written;
    /* Three quarters full at most, so that a search ends; and a pointer has 14 bits. */
    for (size_t i = 0; i < labels && w->named < FN_DNS_SLOTS * 3 / 4 && start + places[i] < 0x4000; i++) {
        size_t slot = fresh[i];
        while (w->slots[slot]) slot = (slot + 1) % FN_DNS_SLOTS;
        w->slots[slot] = (uint16_t)(start + places[i]);
        w->named++;
    }
    return 0;
}

void fn_dns_write_rewind(fn_dns_writer *w, size_t used) {
    if (used < w->used) w->used = used;
}
