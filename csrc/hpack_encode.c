/* The encoder: a field that is in a table becomes its index; another one a literal, in the shorter of two spellings. */
#include <string.h>

#include "hpack_constants.h"
#include "hpack_private.h"

static uint32_t mix(uint32_t hash, const char *bytes, size_t n) {
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        word = (word ^ hash) * 0x9e3779b97f4a7c15u;
        hash = (uint32_t)(word >> 32) ^ (uint32_t)word;
        bytes += 8;
        n -= 8;
    }
    while (n--) hash = (hash ^ (uint8_t)*bytes++) * 0x01000193u;
    return hash;
}

static int same(const char *a, const char *b, size_t n) { return n == 0 || memcmp(a, b, n) == 0; }

/* The first static index of a name, or 0. */
static uint32_t find_name(const char *name, size_t len) {
    if (len == 0 || len > LONGEST_STATIC_NAME) return 0;
    for (uint32_t i = static_lengths[len]; i < static_lengths[len + 1]; i++) {
        const char *known = static_bytes + static_table[static_names[i]].at;
        if (known[len - 1] == name[len - 1] && memcmp(known, name, len) == 0) return static_names[i];
    }
    return 0;
}

/* The static index of the whole field, or 0; entries of one name follow each other. */
static uint32_t find_static(uint32_t index, size_t name_len, const char *value, size_t value_len) {
    if (value_len == 0 && static_table[index].value_len) return 0;
    const char *name = static_bytes + static_table[index].at;
    for (; index <= FN_HPACK_STATIC && static_table[index].name_len == name_len; index++) {
        const char *known = static_bytes + static_table[index].at;
        if (memcmp(known, name, name_len)) return 0;
        if (static_table[index].value_len == value_len && same(known + name_len, value, value_len)) return index;
    }
    return 0;
}

static size_t put_integer(char *out, uint8_t first, unsigned bits, size_t n) {
    size_t most = ((size_t)1 << bits) - 1, at = 1;
    if (n < most) {
        out[0] = (char)(first | n);
        return 1;
    }
    out[0] = (char)(first | most);
    for (n -= most; n >= 128; n >>= 7) out[at++] = (char)(n | 128);
    out[at++] = (char)n;
    return at;
}

static size_t put_string(char *out, const char *text, size_t len) {
    size_t coded = fn_hpack_huffman_size(text, len), at;
    if (coded < len) {
        at = put_integer(out, 0x80, 7, coded);
        return at + fn_hpack_huffman_encode(out + at, text, len);
    }
    at = put_integer(out, 0, 7, len);
    if (len) memcpy(out + at, text, len);
    return at + len;
}

void fn_hpack_resize(fn_hpack_table *table, uint32_t size) {
    if (size > table->limit) size = table->limit;
    if (size == table->max_size && !table->update) return;
    if (!table->update || size < table->lowest) table->lowest = size;
    table->update = 1;
    fn_hpack_shrink(table, size);
}

size_t fn_hpack_begin(fn_hpack_table *table, char *out) {
    size_t at = 0;
    if (!table->update) return 0;
    table->update = 0;
    if (table->lowest < table->max_size) at = put_integer(out, 0x20, 5, table->lowest);
    return at + put_integer(out + at, 0x20, 5, table->max_size);
}

size_t fn_hpack_encode(fn_hpack_table *table, char *out, const char *name, size_t name_len, const char *value,
                       size_t value_len, fn_hpack_policy policy) {
    /* Secrets that are known by name are in no table, so looking for them finds nothing. */
    uint32_t index = find_name(name, name_len), hash = 0;
    size_t at;
    if (policy != FN_HPACK_SECRET) {
        uint32_t whole = index ? find_static(index, name_len, value, value_len) : 0;
        if (whole) return put_integer(out, 0x80, 7, whole);
        hash = mix(mix(index, name, index ? 0 : name_len), value, value_len);
        for (uint32_t age = 0; age < table->count; age++) {
            const fn_hpack_entry *entry = &table->entries[fn_hpack_slot(table, age)];
            if (entry->hash != hash || entry->name_len != name_len || entry->value_len != value_len) continue;
            const char *bytes = table->bytes + entry->at;
            if (same(bytes, name, name_len) && same(bytes + name_len, value, value_len))
                return put_integer(out, 0x80, 7, FN_HPACK_STATIC + 1 + age);
        }
    }
    if (policy == FN_HPACK_BY_NAME) policy = fn_hpack_policy_of(name, name_len, value_len);
    for (uint32_t age = 0; index == 0 && age < table->count; age++) {
        const fn_hpack_entry *entry = &table->entries[fn_hpack_slot(table, age)];
        if (entry->name_len == name_len && same(table->bytes + entry->at, name, name_len))
            index = FN_HPACK_STATIC + 1 + age;
    }
    /* What would empty half of the table for a single field is not worth it. */
    if (name_len + value_len + FN_HPACK_OVERHEAD > table->max_size / 2 && policy == FN_HPACK_INDEX) policy = FN_HPACK_PLAIN;
    if (policy == FN_HPACK_INDEX)
        at = put_integer(out, 0x40, 6, index);
    else
        at = put_integer(out, policy == FN_HPACK_SECRET ? 0x10 : 0, 4, index);
    if (index == 0) at += put_string(out + at, name, name_len);
    at += put_string(out + at, value, value_len);
    if (policy == FN_HPACK_INDEX) fn_hpack_insert(table, name, name_len, value, value_len, hash, 0);
    return at;
}

#define IS(text) (name_len == sizeof text - 1 && memcmp(name, text, sizeof text - 1) == 0)

fn_hpack_policy fn_hpack_policy_of(const char *name, size_t name_len, size_t value_len) {
    switch (name_len) {
    case 3: return IS("age") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 4: return IS("etag") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 5: return IS(":path") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 6: /* a short cookie could be guessed, one character after the other */
        return IS("cookie") && value_len < 20 ? FN_HPACK_SECRET : FN_HPACK_INDEX;
    case 8: return IS("location") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 10: return IS("set-cookie") ? FN_HPACK_SECRET : FN_HPACK_INDEX;
    case 13:
        if (IS("authorization")) return FN_HPACK_SECRET;
        return IS("if-none-match") || IS("content-range") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 14: return IS("content-length") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 17: return IS("if-modified-since") ? FN_HPACK_PLAIN : FN_HPACK_INDEX;
    case 19: return IS("proxy-authorization") ? FN_HPACK_SECRET : FN_HPACK_INDEX;
    default: return FN_HPACK_INDEX;
    }
}
