/* The dynamic table, and the decoder. An entry's bytes lie together: the table's memory is twice its size, and what is
 * left of it moves to the front when the end is reached, which is paid for by as many bytes of insertions. */
#include "hpack_private.h"

#include <string.h>

#include "hpack_constants.h"

void fn_hpack_init(fn_hpack_table *table, void *memory, uint32_t limit) {
    memset(table, 0, sizeof *table);
    table->entries = memory;
    table->slots = limit / FN_HPACK_OVERHEAD + 1;
    table->bytes = (char *)(table->entries + table->slots);
    table->limit = table->most = table->max_size = table->lowest = limit;
}

static void make_room(fn_hpack_table *table, uint32_t size) {
    while (table->count && table->size > size) {
        const fn_hpack_entry *oldest = &table->entries[fn_hpack_slot(table, table->count - 1)];
        table->size -= oldest->name_len + oldest->value_len + FN_HPACK_OVERHEAD;
        table->count--;
        table->changes++;
    }
    if (table->count == 0) table->used = 0;
}

void fn_hpack_shrink(fn_hpack_table *table, uint32_t size) {
    table->max_size = size;
    make_room(table, size);
}

void fn_hpack_insert(fn_hpack_table *table, const char *name, size_t name_len, const char *value, size_t value_len,
                     uint32_t hash, uint32_t flags) {
    size_t n = name_len + value_len;
    if (n + FN_HPACK_OVERHEAD > table->max_size) {
        make_room(table, 0);
        return;
    }
    make_room(table, table->max_size - (uint32_t)n - FN_HPACK_OVERHEAD);
    if (table->used + n > 2 * (size_t)table->limit) {
        uint32_t start = table->entries[fn_hpack_slot(table, table->count - 1)].at;
        memmove(table->bytes, table->bytes + start, table->used - start);
        for (uint32_t age = 0; age < table->count; age++) table->entries[fn_hpack_slot(table, age)].at -= start;
        table->used -= start;
    }
    table->newest = table->newest + 1 == table->slots ? 0 : table->newest + 1;
    fn_hpack_entry *entry = &table->entries[table->newest];
    *entry = (fn_hpack_entry){table->used, (uint32_t)name_len, (uint32_t)value_len, hash, flags};
    if (name_len) memcpy(table->bytes + table->used, name, name_len);
    if (value_len) memcpy(table->bytes + table->used + name_len, value, value_len);
    table->used += (uint32_t)n;
    table->size += (uint32_t)n + FN_HPACK_OVERHEAD;
    table->count++;
    table->changes++;
}

/* --- decoding --- */

typedef struct {
    fn_hpack_table *table;
    const uint8_t *in, *end;
    char *out;
    size_t at, room; /* of out */
} reader;

static int fail(reader *r, fn_hpack_error error) {
    r->table->error = (uint8_t)error;
    return 0;
}

/* An integer whose first byte, of which the low `bits` count, is at r->in (section 5.1). */
static int read_integer(reader *r, unsigned bits, uint32_t *value) {
    uint32_t most = (1u << bits) - 1, n = *r->in++ & most;
    if (n == most) {
        for (unsigned shift = 0;; shift += 7) {
            if (r->in == r->end) return fail(r, FN_HPACK_CUT);
            if (shift > 21) return fail(r, FN_HPACK_BAD_INTEGER);
            uint8_t byte = *r->in++;
            n += (uint32_t)(byte & 127) << shift;
            if (byte < 128) break;
        }
        if (n > FN_HPACK_LONGEST) return fail(r, FN_HPACK_BAD_INTEGER);
    }
    *value = n;
    return 1;
}

static int put(reader *r, const char *bytes, size_t n) {
    if (n > r->room - r->at) return fail(r, FN_HPACK_NO_ROOM);
    if (n) memcpy(r->out + r->at, bytes, n);
    r->at += n;
    return 1;
}

/* A string literal (section 5.2), unpacked to the end of what is written. */
static int read_string(reader *r, uint32_t *len) {
    uint32_t n;
    if (r->in == r->end) return fail(r, FN_HPACK_CUT);
    int coded = *r->in & 128;
    if (!read_integer(r, 7, &n)) return 0;
    if (n > (size_t)(r->end - r->in)) return fail(r, FN_HPACK_CUT);
    const char *start = (const char *)r->in;
    r->in += n;
    if (!coded) {
        *len = n;
        return put(r, start, n);
    }
    ptrdiff_t size = fn_hpack_huffman_decode(r->out + r->at, r->room - r->at, start, n);
    if (size < 0) return fail(r, size == FN_INVALID ? FN_HPACK_BAD_HUFFMAN : FN_HPACK_NO_ROOM);
    *len = (uint32_t)size;
    r->at += *len;
    return 1;
}

static uint32_t upper(const char *name, size_t len) {
    unsigned found = 0;
    for (size_t i = 0; i < len; i++) found |= (uint8_t)(name[i] - 'A') < 26;
    return found ? FN_HPACK_UPPER : 0;
}

/* Name, and value too if `whole`, of entry `index` of both tables. */
static int read_entry(reader *r, uint32_t index, fn_hpack_field *field, int whole) {
    const char *bytes;
    uint32_t name_len, value_len;
    if (index == 0) return fail(r, FN_HPACK_BAD_INDEX);
    if (index <= FN_HPACK_STATIC) {
        bytes = static_bytes + static_table[index].at;
        name_len = static_table[index].name_len;
        value_len = static_table[index].value_len;
        field->index = (uint16_t)index;
        field->from_table = (uint8_t)whole;
    } else {
        uint32_t age = index - FN_HPACK_STATIC - 1;
        if (age >= r->table->count) return fail(r, FN_HPACK_BAD_INDEX);
        uint32_t slot = fn_hpack_slot(r->table, age);
        const fn_hpack_entry *entry = &r->table->entries[slot];
        bytes = r->table->bytes + entry->at;
        name_len = entry->name_len;
        value_len = entry->value_len;
        field->flags |= (uint16_t)entry->flags;
        if (whole) {
            field->from_table = 2;
            field->place = slot;
        }
    }
    field->name = (uint32_t)r->at;
    field->name_len = name_len;
    if (!put(r, bytes, name_len)) return 0;
    if (!whole) return 1;
    if (!put(r, ": ", 2)) return 0;
    field->value = (uint32_t)r->at;
    field->value_len = value_len;
    return put(r, bytes + name_len, value_len);
}

static int read_literal(reader *r, unsigned bits, fn_hpack_field *field) {
    uint32_t index;
    if (!read_integer(r, bits, &index)) return 0;
    if (index) {
        if (!read_entry(r, index, field, 0)) return 0;
    } else {
        field->name = (uint32_t)r->at;
        if (!read_string(r, &field->name_len)) return 0;
        field->flags |= (uint16_t)upper(r->out + field->name, field->name_len);
    }
    if (!put(r, ": ", 2)) return 0;
    field->value = (uint32_t)r->at;
    return read_string(r, &field->value_len);
}

static int read_update(reader *r, int after_a_field) {
    uint32_t size;
    if (!read_integer(r, 5, &size)) return 0;
    if (after_a_field || size > r->table->most) return fail(r, FN_HPACK_BAD_UPDATE);
    fn_hpack_shrink(r->table, size);
    return 1;
}

ptrdiff_t fn_hpack_decode(fn_hpack_table *table, const char *block, size_t len, char *out, size_t room,
                          fn_hpack_field *fields, const fn_hpack_limits *limits, size_t *used, int *over) {
    reader r = {table, (const uint8_t *)block, (const uint8_t *)block + len, out, 0, room};
    uint32_t n = 0;
    size_t size = 0;
    int any = 0;
    *over = 0;
    table->error = FN_HPACK_OK;
    while (r.in < r.end) {
        uint8_t first = *r.in;
        if ((first & 0xe0) == 0x20) {
            if (!read_update(&r, any)) return FN_INVALID;
            continue;
        }
        fn_hpack_field field = {0};
        any = 1;
        if (*over) r.at = 0;
        if (first & 0x80) {
            uint32_t index;
            if (!read_integer(&r, 7, &index) || !read_entry(&r, index, &field, 1)) return FN_INVALID;
        } else if (first & 0x40) {
            if (!read_literal(&r, 6, &field)) return FN_INVALID;
            fn_hpack_insert(table, out + field.name, field.name_len, out + field.value, field.value_len, 0, field.flags);
            if (table->count) {
                field.flags |= FN_HPACK_ADDED;
                field.place = table->newest;
            }
        } else {
            if (!read_literal(&r, 4, &field)) return FN_INVALID;
            if (first & 0x10) field.flags |= FN_HPACK_NEVER;
        }
        size += (size_t)field.name_len + field.value_len + FN_HPACK_OVERHEAD;
        if (n == limits->max_fields || size > limits->max_bytes) *over = 1;
        if (*over) continue;
        if (!put(&r, "\r\n", 2)) return FN_INVALID;
        fields[n++] = field;
    }
    *used = r.at;
    return (ptrdiff_t)n;
}
