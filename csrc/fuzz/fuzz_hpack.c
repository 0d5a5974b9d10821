/* Blocks, one after the other, through a decoder. What it gives is within its limits and its memory, and comes back the
 * same from an encoder and a second decoder. The input: limits, then blocks of a length byte (times 4) each. */
#include "fastnet/hpack.h"
#include "tests/check.h"

enum { MOST_FIELDS = 40, ROOM = 9000 };

static char *new_memory(uint32_t limit) { return malloc(FN_HPACK_MEMORY(limit)); }

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size < 4) return 0;
    uint32_t limit = input[0] * 20u;
    fn_hpack_limits limits = {input[1] * 32u, input[2] % MOST_FIELDS};
    char *memory[3] = {new_memory(limit), new_memory(limit), new_memory(limit)};
    char *out = malloc(ROOM), *again = malloc(ROOM), *coded = malloc(2 * ROOM);
    fn_hpack_table table, encoder, decoder;
    fn_hpack_init(&table, memory[0], limit);
    fn_hpack_init(&encoder, memory[1], limit);
    fn_hpack_init(&decoder, memory[2], limit);
    size_t at = 3;
    while (at < size) {
        fn_hpack_field fields[MOST_FIELDS], back[MOST_FIELDS];
        size_t len = input[at++] * 4u, used, used_again;
        int over;
        if (len > size - at) len = size - at;
        char *block = malloc(len + 1); /* so that ASan sees its end */
        memcpy(block, input + at, len);
        block = realloc(block, len ? len : 1);
        ptrdiff_t n = fn_hpack_decode(&table, block, len, out, ROOM, fields, &limits, &used, &over);
        free(block);
        at += len;
        if (n == FN_INVALID) {
            CHECK(table.error, "without an error");
            break;
        }
        CHECK(table.size <= table.max_size && table.max_size <= limit && table.used <= 2 * limit, "%u", table.size);
        CHECK(n <= limits.max_fields && used <= ROOM, "%td fields, %zu bytes", n, used);
        if (over) continue;
        size_t counted = 0, coded_len = fn_hpack_begin(&encoder, coded);
        for (ptrdiff_t i = 0; i < n; i++) {
            const fn_hpack_field *f = &fields[i];
            CHECK(f->name + f->name_len + 2 == f->value && f->value + f->value_len + 2 <= used, "field %td", i);
            CHECK(memcmp(out + f->name + f->name_len, ": ", 2) == 0, "field %td", i);
            counted += (size_t)f->name_len + f->value_len + 32;
            fn_hpack_policy policy = f->flags & FN_HPACK_NEVER ? FN_HPACK_SECRET
                                                               : fn_hpack_policy_of(out + f->name, f->name_len, f->value_len);
            coded_len += fn_hpack_encode(&encoder, coded + coded_len, out + f->name, f->name_len, out + f->value,
                                         f->value_len, policy);
        }
        CHECK(counted <= limits.max_bytes, "%zu bytes over %u", counted, limits.max_bytes);
        ptrdiff_t m = fn_hpack_decode(&decoder, coded, coded_len, again, ROOM, back, &limits, &used_again, &over);
        CHECK(m == n && !over && used_again == used && memcmp(out, again, used) == 0, "%td fields became %td", n, m);
        CHECK(encoder.size == decoder.size && encoder.count == decoder.count, "the tables differ");
        if (len % 8 == 4) fn_hpack_resize(&encoder, (uint32_t)len);
    }
    for (int i = 0; i < 3; i++) free(memory[i]);
    free(out);
    free(again);
    free(coded);
    return 0;
}
