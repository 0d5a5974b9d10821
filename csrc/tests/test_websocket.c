/* WebSocket: heads as RFC 6455 has them, cut anywhere; masks of every length at every level; UTF-8 against another
 * way of saying what it is. */
#include "check.h"
#include "fastnet/cpu.h"
#include "fastnet/websocket.h"
#include "utf8.h"

static guarded memory, out;

static ptrdiff_t parse(fn_ws_head *head, const char *data, size_t n, unsigned how) {
    memset(head, 0xee, sizeof *head);
    return fn_ws_parse_head(head, guarded_put(memory, data, n), n, how);
}

/* A head of `n` bytes, read whole; every beginning of it is partial. */
static fn_ws_head reads(const char *data, size_t n, unsigned how) {
    fn_ws_head head, kept;
    for (size_t i = 0; i < n; i++) CHECK(parse(&head, data, i, how) == FN_PARTIAL, "%zu of %zu", i, n);
    CHECK(parse(&kept, data, n, how) == (ptrdiff_t)n, "%zu", n);
    char again[FN_WS_HEAD_ROOM];
    CHECK(fn_ws_write_head(again, &kept) == n && memcmp(again, data, n) == 0, "%zu", n);
    return kept;
}

/* What is wrong is known after `by` bytes, and stays so. */
static void fails(const char *data, size_t n, size_t by, unsigned how, fn_ws_error error) {
    fn_ws_head head;
    for (size_t i = 0; i <= n; i++) {
        ptrdiff_t got = parse(&head, data, i, how);
        CHECK(got == (i < by ? FN_PARTIAL : FN_INVALID), "%zu: %td", i, got);
        CHECK(i < by || head.error == error, "%zu: %s", i, fn_ws_error_text((fn_ws_error)head.error));
    }
}

static void test_heads(void) {
    fn_ws_head head = reads("\x81\x05", 2, 0);
    CHECK(head.fin && head.opcode == FN_WS_TEXT && head.length == 5 && !head.masked && !head.rsv1, "text");
    head = reads("\x82\x85\x01\x02\x03\x04", 6, FN_WS_FROM_CLIENT);
    CHECK(head.length == 5 && head.masked && memcmp(&head.key, "\x01\x02\x03\x04", 4) == 0, "masked");
    CHECK(reads("\x01\x7e\x00\x7e", 4, 0).length == 126, "126");
    CHECK(reads("\x00\x7e\xff\xff", 4, 0).length == 65535, "65535");
    CHECK(reads("\x80\x7f\0\0\0\0\0\1\0\0", 10, 0).length == 65536, "65536");
    CHECK(reads("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14, FN_WS_FROM_CLIENT).length == INT64_MAX, "most");
    CHECK(reads("\xc1\x00", 2, FN_WS_DEFLATE).rsv1, "compressed");
    CHECK(reads("\x88\x7d", 2, 0).length == 125, "close");
    fails("\xc1\x00", 2, 1, 0, FN_WS_RESERVED_BIT);
    fails("\xa1\x00", 2, 1, FN_WS_DEFLATE, FN_WS_RESERVED_BIT);
    fails("\x91\x00", 2, 1, FN_WS_DEFLATE, FN_WS_RESERVED_BIT);
    fails("\xc0\x00", 2, 1, FN_WS_DEFLATE, FN_WS_RESERVED_BIT);
    fails("\xc9\x00", 2, 1, FN_WS_DEFLATE, FN_WS_RESERVED_BIT);
    fails("\x09\x00", 2, 1, 0, FN_WS_CONTROL_FRAGMENTED);
    fails("\x89\x7e\0\x7e", 4, 2, 0, FN_WS_CONTROL_LONG);
    fails("\x88\x7f", 2, 2, 0, FN_WS_CONTROL_LONG);
    fails("\x81\x7e\0\x7d", 4, 4, 0, FN_WS_LENGTH);
    fails("\x81\x7f\0\0\0\0\0\0\xff\xff", 10, 10, 0, FN_WS_LENGTH);
    fails("\x81\x7f\x80\0\0\0\0\0\0\0", 10, 3, 0, FN_WS_LENGTH);
    fails("\x81\x85", 2, 2, 0, FN_WS_MASKED);
    fails("\x81\x05", 2, 2, FN_WS_FROM_CLIENT, FN_WS_UNMASKED);
    for (int opcode = 0; opcode < 16; opcode++) {
        char data[2] = {(char)(0x80 | opcode), 0};
        int known = opcode < 3 || (opcode > 7 && opcode < 11);
        if (known) reads(data, 2, 0);
        else fails(data, 2, 1, 0, FN_WS_RESERVED_OPCODE);
    }
    CHECK(strcmp(fn_ws_error_text((fn_ws_error)99), "unknown error") == 0, "text");
}

static void test_masks(void) {
    enum { MOST = 400 };
    uint64_t seed = 7;
    char data[MOST], want[MOST];
    for (size_t n = 0; n <= MOST; n++) {
        for (int kind = 0; kind < 3; kind++) {
            uint32_t key = kind ? (uint32_t)random_next(&seed) : 0;
            char bytes[4];
            memcpy(bytes, &key, 4);
            int high = 0;
            for (size_t i = 0; i < n; i++) {
                char plain = (char)(kind == 2 ? random_next(&seed) & 0x7f : random_next(&seed));
                want[i] = plain, data[i] = plain ^ bytes[i & 3];
                high |= plain & 0x80;
            }
            char *from = guarded_put(memory, data, n), *to = out.start + out.size - n;
            CHECK((fn_ws_mask(to, from, n, key) != 0) == (high != 0), "%zu", n);
            CHECK(memcmp(to, want, n) == 0, "%zu", n);
            size_t half = n ? random_next(&seed) % n : 0;
            fn_ws_mask(from, from, half, key);
            fn_ws_mask(from + half, from + half, n - half, fn_ws_next_key(key, half));
            CHECK(memcmp(from, want, n) == 0, "%zu and %zu", half, n - half);
            if (n) {
                to[n - 1] = (char)0x80; /* the last byte alone is none */
                CHECK(fn_ws_mask(to, to, n, 0) == 1, "%zu", n);
            }
        }
    }
}

static void judge(const uint8_t *data, size_t n, uint64_t *seed) {
    int whole = 1;
    size_t good = utf8_prefix(data, n, &whole);
    uint32_t state = 0;
    ptrdiff_t got = fn_utf8_check(&state, guarded_put(memory, data, n), n);
    CHECK(got == (good == n ? (ptrdiff_t)n : FN_INVALID), "%zu of %zu are good: %td", good, n, got);
    if (got >= 0) CHECK((state == 0) == whole, "%zu: %x", n, state);
    state = 0;
    for (size_t at = 0, step; at < n; at += step) {
        step = random_next(seed) % 9 + 1;
        if (step > n - at) step = n - at;
        got = fn_utf8_check(&state, guarded_put(memory, data + at, step), step);
        CHECK(got == (at + step <= good ? (ptrdiff_t)step : FN_INVALID), "%zu, %zu of %zu", at, step, n);
        if (got < 0) break;
    }
}

static void test_utf8(void) {
    uint64_t seed = 3;
    uint8_t data[300];
    for (uint32_t i = 0; i < 1 << 16; i++) {
        data[0] = (uint8_t)(i >> 8), data[1] = (uint8_t)i;
        data[2] = (uint8_t)random_next(&seed), data[3] = (uint8_t)(0x80 | (random_next(&seed) & 0x3f));
        for (size_t n = 1; n <= 4; n++) judge(data, n, &seed);
        data[2] = data[3];
        for (size_t n = 3; n <= 4; n++) judge(data, n, &seed);
    }
    for (int i = 0; i < 4000; i++) {
        size_t n = 0;
        while (n < 280) {
            uint64_t kind = random_next(&seed) % 60;
            if (kind < 40) {
                for (size_t run = random_next(&seed) % 90; run && n < 280; run--) data[n++] = 'a';
            } else if (kind < 59) {
                static const char *const some[] = {"\u00e4", "\u20ac", "\U0001f600", "\ud7ff", "\U0010ffff"};
                const char *one = some[random_next(&seed) % 5];
                memcpy(data + n, one, strlen(one));
                n += strlen(one);
            } else if (i % 2) {
                data[n++] = (uint8_t)random_next(&seed);
            }
        }
        judge(data, n, &seed);
    }
}

int main(void) {
    memory = guarded_new(4096);
    out = guarded_new(4096);
    test_heads();
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) < 0) continue;
        test_masks();
        test_utf8();
    }
    return 0;
}
