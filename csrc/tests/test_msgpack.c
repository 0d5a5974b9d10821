/* Headers at every edge, objects skipped in pieces of every size, UTF-8 at its limits, arrays of every type. */
#include "fastnet/cpu.h"
#include "fastnet/msgpack.h"
#include "tests/check.h"

static guarded memory;

static void test_ints(void) {
    uint8_t out[FN_MSGPACK_HEAD_MAX];
    fn_msgpack_head head;
    for (int bits = 0; bits < 64; bits++)
        for (int add = -2; add <= 2; add++)
            for (int sign = 0; sign < 2; sign++) {
                uint64_t value = (UINT64_C(1) << bits) + (uint64_t)add;
                if (sign) value = 0 - value;
                size_t n = fn_msgpack_put_uint(out, value);
                CHECK(fn_msgpack_read(guarded_put(memory, out, n), n, &head) == (ptrdiff_t)n, "read");
                CHECK(head.kind == FN_MSGPACK_UINT && head.value.u == value, "%llu", (unsigned long long)value);
                n = fn_msgpack_put_int(out, (int64_t)value);
                CHECK(fn_msgpack_read(guarded_put(memory, out, n), n, &head) == (ptrdiff_t)n, "read");
                CHECK(head.value.u == value, "%lld", (long long)value);
                CHECK(head.kind == ((int64_t)value < 0 ? FN_MSGPACK_INT : FN_MSGPACK_UINT), "kind");
                for (size_t less = 0; less < n; less++)
                    CHECK(fn_msgpack_read(guarded_put(memory, out, less), less, &head) == FN_PARTIAL, "%zu", less);
            }
}

static void test_lengths(void) {
    static const uint32_t edges[] = {0, 1, 2, 4, 8, 15, 16, 17, 31, 32, 255, 256, 65535, 65536, UINT32_MAX};
    uint8_t out[FN_MSGPACK_HEAD_MAX];
    fn_msgpack_head head;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        for (int kind = FN_MSGPACK_STR; kind <= FN_MSGPACK_MAP; kind++)
            for (int str8 = 0; str8 < 2; str8++) {
                uint32_t length = edges[i];
                size_t n = kind == FN_MSGPACK_STR     ? fn_msgpack_put_str(out, length, str8)
                           : kind == FN_MSGPACK_BIN   ? fn_msgpack_put_bin(out, length)
                           : kind == FN_MSGPACK_EXT   ? fn_msgpack_put_ext(out, -5, length)
                           : kind == FN_MSGPACK_ARRAY ? fn_msgpack_put_array(out, length)
                                                      : fn_msgpack_put_map(out, length);
                CHECK(n <= FN_MSGPACK_HEAD_MAX && n == fn_msgpack_head_size(out[0]), "%zu bytes", n);
                CHECK(fn_msgpack_read(guarded_put(memory, out, n), n, &head) == (ptrdiff_t)n, "read");
                CHECK((int)head.kind == kind && head.length == length, "length %u of kind %d", length, kind);
                if (kind == FN_MSGPACK_EXT) CHECK(head.ext_type == -5, "type");
                if (kind == FN_MSGPACK_STR && !str8) CHECK(out[0] != 0xd9, "not known before 2013");
            }
    CHECK(fn_msgpack_read("\xc1", 1, &head) == FN_INVALID, "0xc1");
}

static void test_timestamps(void) {
    static const int64_t seconds[] = {0, 1, UINT32_MAX, (INT64_C(1) << 32), (INT64_C(1) << 34) - 1, INT64_C(1) << 34,
                                      -1, INT64_MIN, INT64_MAX};
    static const uint32_t nanoseconds[] = {0, 1, 999999999};
    uint8_t out[FN_MSGPACK_TIMESTAMP_MAX];
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        for (size_t k = 0; k < 3; k++) {
            int64_t s;
            uint32_t ns;
            fn_msgpack_head head;
            size_t n = fn_msgpack_put_timestamp(out, seconds[i], nanoseconds[k]);
            ptrdiff_t size = fn_msgpack_read(out, n, &head);
            CHECK(head.ext_type == FN_MSGPACK_TIMESTAMP && (size_t)size + head.length == n, "header");
            CHECK(fn_msgpack_read_timestamp(out + size, head.length, &s, &ns) == (ptrdiff_t)head.length, "read");
            CHECK(s == seconds[i] && ns == nanoseconds[k], "%lld %u", (long long)s, ns);
        }
    int64_t s;
    uint32_t ns;
    CHECK(fn_msgpack_read_timestamp("\x3b\x9a\xca\x00\0\0\0\0\0\0\0\0", 12, &s, &ns) == FN_INVALID, "a second of ns");
    for (size_t n = 0; n < 12; n++)
        if (n != 4 && n != 8) CHECK(fn_msgpack_read_timestamp("\0\0\0\0\0\0\0\0\0\0\0", n, &s, &ns) == FN_INVALID, "%zu", n);
}

/* {"a": [1, "two", 3.5, {}], "b": bin, "c": ext, "d": nil ...}, then what does not belong to it */
static const char OBJECT[] = "\x84\xa1" "a" "\x95\x01\xa3two\xcb\x40\x0c\0\0\0\0\0\0\x80\x90" "\xa1" "b" "\xc4\x03xyz"
                             "\xa1" "c" "\xc7\x05\x07hello" "\xa2\xc3\xa9\xc0" "rest";
enum { OBJECT_SIZE = sizeof OBJECT - 1 - 4 };

static void test_skip(void) {
    uint64_t left[3];
    fn_msgpack_walk walk;
    for (size_t size = 1; size <= OBJECT_SIZE; size++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            fn_msgpack_walk_init(&walk, left, 3, utf8);
            size_t at = 0, have = 0;
            ptrdiff_t answer = FN_PARTIAL;
            while (answer == FN_PARTIAL) {
                have = have + size < sizeof OBJECT - 1 ? have + size : sizeof OBJECT - 1;
                answer = fn_msgpack_skip(&walk, guarded_put(memory, OBJECT + at, have - at), have - at);
                at += walk.consumed;
            }
            CHECK(answer >= 0 && at == OBJECT_SIZE && walk.done, "%zu bytes at a time: %td at %zu", size, answer, at);
        }
    for (size_t less = 0; less < OBJECT_SIZE; less++) {
        fn_msgpack_walk_init(&walk, left, 3, 1);
        CHECK(fn_msgpack_skip(&walk, guarded_put(memory, OBJECT, less), less) == FN_PARTIAL, "cut at %zu", less);
    }
    fn_msgpack_walk_init(&walk, left, 1, 0);
    CHECK(fn_msgpack_skip(&walk, OBJECT, OBJECT_SIZE) == FN_INVALID && walk.consumed == 3, "a container too many");
    fn_msgpack_walk_init(&walk, NULL, 0, 0);
    CHECK(fn_msgpack_skip(&walk, "\x01", 1) == 1, "no container at all");
    fn_msgpack_walk_init(&walk, NULL, 0, 0);
    CHECK(fn_msgpack_skip(&walk, "\x90", 1) == FN_INVALID, "not even an empty one");
    fn_msgpack_walk_init(&walk, left, 3, 0);
    CHECK(fn_msgpack_skip(&walk, "\x92\x01\xc1", 3) == FN_INVALID && walk.consumed == 2, "0xc1");
    for (int utf8 = 0; utf8 < 2; utf8++) {
        fn_msgpack_walk_init(&walk, left, 3, utf8);
        CHECK(fn_msgpack_skip(&walk, "\x92\xa1\xff\x01", 4) == (utf8 ? FN_INVALID : 4), "a str that is none");
    }
}

static void test_utf8(void) {
    static const struct {
        const char *text;
        int good;
    } cases[] = {
        {"", 1}, {"plain", 1}, {"plain and long enough for words of eight", 1}, {"\xc2\x80", 1}, {"\xdf\xbf", 1},
        {"\xe0\xa0\x80", 1}, {"\xed\x9f\xbf", 1}, {"\xee\x80\x80", 1}, {"\xef\xbf\xbf", 1}, {"\xf0\x90\x80\x80", 1},
        {"\xf4\x8f\xbf\xbf", 1}, {"\x80", 0}, {"\xbf", 0}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xc2", 0}, {"\xc2\x7f", 0},
        {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0}, {"\xe1\x80", 0}, {"\xf0\x8f\xbf\xbf", 0},
        {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"\xf1\x80\x80", 0}, {"\xff", 0}, {"\xe1\x80\xc0", 0},
        {"\xf1\x80\x80\xc0", 0}, {"\xf1\x80\xc0\x80", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t before = 0; before < 10; before++)
            for (size_t after = 0; after < 10; after++) {
                char text[64];
                size_t n = strlen(cases[i].text);
                memset(text, 'x', sizeof text);
                memcpy(text + before, cases[i].text, n);
                if (n == 1 && !cases[i].good && after == 0 && before == 0) CHECK(!fn_msgpack_utf8(text, 1), "%zu", i);
                CHECK(fn_msgpack_utf8(guarded_put(memory, text, before + n + after), before + n + after) ==
                          cases[i].good, "case %zu after %zu before %zu", i, before, after);
            }
}

/* Numbers of every length, or, as vectors like them, nearly all of 32 bits. */
static uint64_t some_number(uint64_t *seed, int by_vectors) {
    uint64_t value = random_next(seed), chance = random_next(seed) % 64;
    if (!by_vectors || chance == 0) return value >> chance;
    value = (value & 0x7fffffff) | 0x10000;
    return chance & 1 && by_vectors > 1 ? 0 - value : value;
}

static void test_items(void) {
    enum { MOST = 512 };
    static uint8_t values[MOST * 8], again[MOST * 8];
    guarded room = guarded_new(MOST * 9);
    uint64_t seed = 1;
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        for (int type = 0; type <= FN_MSGPACK_F64; type++)
            for (size_t round = 0; round < 3 * (MOST + 1); round++) {
                size_t n = round / 3;
                size_t width = fn_msgpack_type_size((fn_msgpack_type)type), read;
                /* What is no number is not compared. */
                for (size_t i = 0; i < n; i++) {
                    uint64_t value = some_number(&seed, (int)(round % 3));
                    double real = (double)(int64_t)value * 0.5;
                    float single = (float)real;
                    const void *from = type == FN_MSGPACK_F64 ? (void *)&real
                                       : type == FN_MSGPACK_F32 ? (void *)&single : (void *)&value;
                    memcpy(values + i * width, from, width);
                }
                const void *in = guarded_put(memory, values, n * width);
                uint8_t *out = (uint8_t *)room.start + room.size - n * (width + 1);
                size_t size = fn_msgpack_put_items(out, (fn_msgpack_type)type, in, n);
                CHECK(size <= n * (width + 1), "room");
                const void *packed = guarded_put(memory, out, size);
                CHECK(fn_msgpack_read_items((fn_msgpack_type)type, again, n, packed, size, &read) == (ptrdiff_t)size,
                      "%zu of type %d at level %d", n, type, level);
                CHECK(read == n && memcmp(values, again, n * width) == 0, "%zu of type %d, level %d", n, type, level);
                if (n == 0) continue;
                packed = guarded_put(memory, out, size - 1);
                CHECK(fn_msgpack_read_items((fn_msgpack_type)type, again, n, packed, size - 1, &read) == FN_PARTIAL &&
                          read == n - 1, "%zu less a byte", n);
                out[size - 1] = 0;
                size_t before = fn_msgpack_put_items(out, (fn_msgpack_type)type, values, n - 1);
                out[before] = 0xc0;
                CHECK(fn_msgpack_read_items((fn_msgpack_type)type, again, n, out, before + 1, &read) == FN_INVALID &&
                          read == n - 1, "a nil after %zu", n - 1);
            }
    }
    fn_cpu_force(FN_CPU_SCALAR);
}

int main(void) {
    memory = guarded_new(65536);
    test_ints();
    test_lengths();
    test_timestamps();
    test_skip();
    test_utf8();
    test_items();
    puts("ok");
    return 0;
}
