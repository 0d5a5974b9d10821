/* An object skipped whole and in any pieces ends at the same byte, or breaks at the same one; headers written again have
 * the same values; arrays read as one type, written and read again are the same. */
#include "fastnet/msgpack.h"

#include "fastnet/cpu.h"
#include "tests/check.h"

enum { MOST = 4096, DEPTH = 16 };

/* The bytes of the object, or where it is wrong or wants more, by one call or by many. */
static ptrdiff_t skip(const char *p, size_t n, int utf8, uint64_t *seed, size_t *at) {
    uint64_t left[DEPTH];
    fn_msgpack_walk walk;
    fn_msgpack_walk_init(&walk, left, DEPTH, utf8);
    size_t have = seed == NULL ? n : 0;
    *at = 0;
    for (;;) {
        ptrdiff_t answer = fn_msgpack_skip(&walk, p + *at, have - *at);
        *at += walk.consumed;
        CHECK(*at <= have, "%zu consumed of %zu", *at, have);
        if (answer >= 0) return (ptrdiff_t)*at;
        if (answer == FN_INVALID || have == n) return answer;
        have += random_next(seed) % 9 + 1;
        if (have > n) have = n;
    }
}

static void rewrite(const char *p, size_t n) {
    fn_msgpack_head head, again;
    ptrdiff_t size = fn_msgpack_read(p, n, &head), written;
    uint8_t out[FN_MSGPACK_TIMESTAMP_MAX];
    if (size < 0) return;
    CHECK((size_t)size == fn_msgpack_head_size((uint8_t)p[0]), "the size of a header");
    for (size_t less = 0; less < (size_t)size; less++)
        CHECK(fn_msgpack_read(p, less, &again) == FN_PARTIAL, "a header cut at %zu", less);
    switch (head.kind) {
    case FN_MSGPACK_UINT: written = (ptrdiff_t)fn_msgpack_put_uint(out, head.value.u); break;
    case FN_MSGPACK_INT: written = (ptrdiff_t)fn_msgpack_put_int(out, head.value.i); break;
    case FN_MSGPACK_FLOAT: written = (ptrdiff_t)fn_msgpack_put_double(out, head.value.f); break;
    case FN_MSGPACK_STR: written = (ptrdiff_t)fn_msgpack_put_str(out, head.length, p[0] & 1); break;
    case FN_MSGPACK_BIN: written = (ptrdiff_t)fn_msgpack_put_bin(out, head.length); break;
    case FN_MSGPACK_EXT: written = (ptrdiff_t)fn_msgpack_put_ext(out, head.ext_type, head.length); break;
    case FN_MSGPACK_ARRAY: written = (ptrdiff_t)fn_msgpack_put_array(out, head.length); break;
    case FN_MSGPACK_MAP: written = (ptrdiff_t)fn_msgpack_put_map(out, head.length); break;
    default: return;
    }
    CHECK(head.kind == FN_MSGPACK_FLOAT || written <= size || !(p[0] & 1), "%td bytes for %td", written, size);
    CHECK(fn_msgpack_read(out, (size_t)written, &again) == written, "read again");
    if (head.kind <= FN_MSGPACK_FLOAT)
        CHECK(head.value.u == again.value.u || head.value.f != head.value.f, "the value of a number");
    else
        CHECK(head.kind == again.kind && head.length == again.length, "the length");
    int64_t seconds, seconds_again;
    uint32_t nanoseconds, nanoseconds_again;
    if (head.kind != FN_MSGPACK_EXT || head.length > n - (size_t)size) return;
    if (fn_msgpack_read_timestamp(p + size, head.length, &seconds, &nanoseconds) < 0) return;
    written = (ptrdiff_t)fn_msgpack_put_timestamp(out, seconds, nanoseconds);
    size = fn_msgpack_read(out, (size_t)written, &again);
    CHECK(again.ext_type == FN_MSGPACK_TIMESTAMP && again.length <= head.length, "a timestamp");
    CHECK(fn_msgpack_read_timestamp(out + size, again.length, &seconds_again, &nanoseconds_again) > 0, "a timestamp");
    CHECK(seconds == seconds_again && nanoseconds == nanoseconds_again, "the time");
}

static void items(const char *p, size_t n, fn_msgpack_type type, size_t count) {
    static uint8_t first[MOST * 8], second[MOST * 8], out[MOST * 9];
    size_t read, again, at_scalar;
    fn_cpu_level usual = fn_cpu();
    CHECK(fn_cpu_force(FN_CPU_SCALAR) == 0, "scalar");
    ptrdiff_t expected = fn_msgpack_read_items(type, second, count, p, n, &at_scalar);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        ptrdiff_t size = fn_msgpack_read_items(type, first, count, p, n, &read);
        CHECK(size == expected && read == at_scalar, "%td after %zu at level %d", size, read, level);
        CHECK(memcmp(first, second, read * fn_msgpack_type_size(type)) == 0, "the items at level %d", level);
        size_t written = fn_msgpack_put_items(out, type, first, read);
        CHECK(written <= read * (fn_msgpack_type_size(type) + 1), "room");
        CHECK(fn_msgpack_read_items(type, second, read, out, written, &again) == (ptrdiff_t)written, "read again");
        CHECK(memcmp(first, second, read * fn_msgpack_type_size(type)) == 0, "the same items");
    }
    fn_cpu_force(usual);
}

/* input: UTF-8 or not and seed of the cuts, type of the items, the object */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static guarded memory;
    if (memory.start == NULL) memory = guarded_new(MOST);
    if (size < 2 || size - 2 > MOST) return 0;
    size_t n = size - 2, at, at_again;
    uint64_t seed = input[0] + 1u;
    const char *p = guarded_put(memory, input + 2, n);
    ptrdiff_t whole = skip(p, n, input[0] & 1, NULL, &at);
    ptrdiff_t pieces = skip(p, n, input[0] & 1, &seed, &at_again);
    CHECK(whole == pieces && at == at_again, "%td at %zu whole, %td at %zu in pieces", whole, at, pieces, at_again);
    rewrite(p, n);
    items(p, n, (fn_msgpack_type)(input[1] % (FN_MSGPACK_F64 + 1)), input[1] & 0x80 ? n : n / 9);
    return 0;
}
