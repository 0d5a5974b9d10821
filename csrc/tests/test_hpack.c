/* HPACK: every example of RFC 7541's appendix C in both directions, what is wrong, each limit, and random lists through
 * encoder and decoder; all memory ends where nobody may touch. */
#include "check.h"
#include "fastnet/hpack.h"

static guarded input, output, coded;
static char text[70000], hex_bytes[1024];

typedef struct {
    fn_hpack_table table;
    guarded memory;
} side;

static side new_side(uint32_t limit) {
    side s;
    s.memory = guarded_new(FN_HPACK_MEMORY(limit));
    /* aligned, and as near to the guard as that lets it be */
    fn_hpack_init(&s.table, s.memory.start + (s.memory.size - FN_HPACK_MEMORY(limit)) / 4 * 4, limit);
    return s;
}

static size_t from_hex(const char *hex) {
    size_t n = 0;
    for (; *hex; hex++) {
        if (*hex == ' ') continue;
        unsigned byte;
        CHECK(sscanf(hex, "%2x", &byte) == 1 && n < sizeof hex_bytes, "%s", hex);
        hex_bytes[n++] = (char)byte;
        hex++;
    }
    return n;
}

/* Decode into a room of exactly that size; the fields stand in text as lines. */
static ptrdiff_t decode(side *s, const char *block, size_t len, size_t room, fn_hpack_limits limits, int *over,
                        fn_hpack_field *fields) {
    char *out = output.start + output.size - room;
    size_t used = 0;
    ptrdiff_t n = fn_hpack_decode(&s->table, guarded_put(input, block, len), len, out, room, fields, &limits, &used, over);
    if (n >= 0 && !*over) {
        memcpy(text, out, used);
        text[used] = 0;
    }
    return n;
}

static const fn_hpack_limits wide = {65536, 100};

typedef struct {
    const char *hex, *lines;
    uint32_t size; /* of the table afterwards */
} example;

static void run_examples(uint32_t limit, const example *examples, int n, int same_spelling) {
    side decoder = new_side(limit), encoder = new_side(limit);
    fn_hpack_field fields[100];
    for (int i = 0; i < n; i++) {
        int over;
        size_t len = from_hex(examples[i].hex);
        ptrdiff_t count = decode(&decoder, hex_bytes, len, 4096, wide, &over, fields);
        CHECK(count > 0 && !over && strcmp(text, examples[i].lines) == 0, "%s: %td, %s", examples[i].hex, count, text);
        CHECK(decoder.table.size == examples[i].size, "%s: %u", examples[i].hex, decoder.table.size);
        char *out = coded.start;
        size_t size = fn_hpack_begin(&encoder.table, out);
        for (int k = 0; k < count; k++) {
            fn_hpack_policy policy = fields[k].flags & FN_HPACK_NEVER ? FN_HPACK_SECRET : FN_HPACK_INDEX;
            size += fn_hpack_encode(&encoder.table, out + size, text + fields[k].name, fields[k].name_len,
                                    text + fields[k].value, fields[k].value_len, policy);
        }
        if (same_spelling) {
            /* "307" is as long either way, where ours is not coded */
            int differs = strstr(examples[i].lines, "307") != NULL;
            CHECK(size == len && (differs || memcmp(out, hex_bytes, len) == 0), "%s: encoded otherwise", examples[i].hex);
            CHECK(encoder.table.size == examples[i].size, "%s: %u", examples[i].hex, encoder.table.size);
        }
    }
}

static void check_examples(void) {
    static const example single[] = {
        {"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header\r\n", 55}};
    static const example plain_path[] = {{"040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\r\n", 0}};
    static const example never[] = {{"1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret\r\n", 0}};
    static const example indexed[] = {{"82", ":method: GET\r\n", 0}};
#define REQUEST_1 ":method: GET\r\n:scheme: http\r\n:path: /\r\n:authority: www.example.com\r\n"
#define REQUEST_2 REQUEST_1 "cache-control: no-cache\r\n"
#define REQUEST_3                                                                                                      \
    ":method: GET\r\n:scheme: https\r\n:path: /index.html\r\n:authority: www.example.com\r\ncustom-key: custom-value\r\n"
    static const example requests[] = {{"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST_1, 57},
                                       {"8286 84be 5808 6e6f 2d63 6163 6865", REQUEST_2, 110},
                                       {"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                                        REQUEST_3, 164}};
    static const example coded_requests[] = {{"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST_1, 57},
                                             {"8286 84be 5886 a8eb 1064 9cbf", REQUEST_2, 110},
                                             {"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", REQUEST_3, 164}};
#define RESPONSE(status, second)                                                                                       \
    ":status: " status "\r\ncache-control: private\r\ndate: Mon, 21 Oct 2013 20:13:" second                           \
    " GMT\r\nlocation: https://www.example.com\r\n"
#define COOKIE                                                                                                         \
    "content-encoding: gzip\r\nset-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\r\n"
    static const example responses[] = {
        {"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d"
         "546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
         RESPONSE("302", "21"), 222},
        {"4803 3330 37c1 c0bf", RESPONSE("307", "21"), 222},
        {"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f"
         "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b"
         "2076 6572 7369 6f6e 3d31",
         RESPONSE("200", "22") COOKIE, 215}};
    static const example coded_responses[] = {
        {"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7"
         "8f0b 97c8 e9ae 82ae 43d3",
         RESPONSE("302", "21"), 222},
        {"4883 640e ffc1 c0bf", RESPONSE("307", "21"), 222},
        {"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335"
         "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
         RESPONSE("200", "22") COOKIE, 215}};
    run_examples(4096, single, 1, 0);
    run_examples(4096, plain_path, 1, 0);
    run_examples(4096, never, 1, 0);
    run_examples(4096, indexed, 1, 1);
    run_examples(4096, requests, 3, 0);
    run_examples(4096, coded_requests, 3, 1);
    run_examples(256, responses, 3, 0);
    run_examples(256, coded_responses, 3, 1);
}

static void check_errors(void) {
    static const struct {
        const char *hex;
        fn_hpack_error error;
    } wrong[] = {
        {"80", FN_HPACK_BAD_INDEX},                      /* index 0 */
        {"be", FN_HPACK_BAD_INDEX},                      /* 62, of an empty table */
        {"7e 0161", FN_HPACK_BAD_INDEX},                 /* as a name */
        {"ff", FN_HPACK_CUT},                            /* an integer's end is missing */
        {"ff80", FN_HPACK_CUT},
        {"ff80808001", FN_HPACK_BAD_INDEX},              /* 2^21 + 127 */
        {"ff8080808001", FN_HPACK_BAD_INTEGER},          /* in more bytes than it may have */
        {"ffffffff7f", FN_HPACK_BAD_INTEGER},            /* over FN_HPACK_LONGEST */
        {"40", FN_HPACK_CUT},
        {"4001", FN_HPACK_CUT},
        {"400161", FN_HPACK_CUT},
        {"40016102", FN_HPACK_CUT},
        {"400161 0262", FN_HPACK_CUT},
        {"4081", FN_HPACK_CUT},
        {"00 81ff 00", FN_HPACK_BAD_HUFFMAN},            /* a byte of padding */
        {"00 8118 00", FN_HPACK_BAD_HUFFMAN},            /* of zeros */
        {"00 84ffffffff 00", FN_HPACK_BAD_HUFFMAN},      /* end of string */
        {"00 843ffffffc 00", FN_HPACK_BAD_HUFFMAN},
        {"3fe21f", FN_HPACK_BAD_UPDATE},                 /* 4097 */
        {"82 20", FN_HPACK_BAD_UPDATE},                  /* behind a field */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        side s = new_side(4096);
        fn_hpack_field fields[100];
        int over;
        size_t len = from_hex(wrong[i].hex);
        ptrdiff_t n = decode(&s, hex_bytes, len, 4096, wide, &over, fields);
        CHECK(n == FN_INVALID && s.table.error == wrong[i].error, "%s: %td, %d", wrong[i].hex, n, s.table.error);
    }
    static const char *right[] = {"3fe11f 82", "20 3fe11f 82", "20 82", "00 811f 00", ""};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        side s = new_side(4096);
        fn_hpack_field fields[100];
        int over;
        size_t len = from_hex(right[i]);
        CHECK(decode(&s, hex_bytes, len, 4096, wide, &over, fields) == (len > 0), "%s", right[i]);
    }
}

/* A list at a limit is given, one over it is not; the table is the same either way. */
static void check_limits(void) {
    size_t len = from_hex("82 4001610162 0001610162 be"); /* :method: GET; a: b, three times */
    uint32_t size = 10 + 32 + 3 * 34;
    for (int delta = -1; delta <= 1; delta++) {
        for (int kind = 0; kind < 2; kind++) {
            side s = new_side(4096);
            fn_hpack_field fields[10];
            int over;
            fn_hpack_limits limits = {kind ? 1000 : size + (uint32_t)delta, kind ? 4 + (uint32_t)delta : 100};
            ptrdiff_t n = decode(&s, hex_bytes, len, 1000, limits, &over, fields);
            CHECK(n >= 0 && over == (delta < 0), "%d at %d: %td, %d", kind, delta, n, over);
            CHECK(s.table.count == 1 && s.table.size == 34, "%u", s.table.count);
        }
    }
    side s = new_side(4096);
    fn_hpack_field fields[10];
    int over;
    CHECK(decode(&s, hex_bytes, len, 14 + 3 * 6, wide, &over, fields) == 4, "room for all lines");
    CHECK(decode(&s, hex_bytes, len, 14 + 3 * 6 - 1, wide, &over, fields) == FN_INVALID, "a byte less");
    CHECK(s.table.error == FN_HPACK_NO_ROOM, "%d", s.table.error);
    /* a bomb: one entry of 4,000 bytes, referred to 20,000 times, is read to its end without being written */
    static char bomb[25000];
    s = new_side(4096);
    bomb[0] = 0x40, bomb[1] = 1, bomb[2] = 'a', bomb[3] = 0x7f, bomb[4] = (char)(0x80 | ((4000 - 127) & 127)), bomb[5] = (4000 - 127) >> 7;
    memset(bomb + 6, 'v', 4000);
    memset(bomb + 4006, 0xbe, 20000);
    ptrdiff_t n = decode(&s, bomb, 24006, 16000, (fn_hpack_limits){12000, 100}, &over, fields);
    CHECK(n == 2 && over, "%td", n);
}

static void check_huffman(void) {
    uint64_t seed = 7;
    for (int i = 0; i < 3000; i++) {
        size_t len = random_next(&seed) % 300;
        for (size_t k = 0; k < len; k++) text[k] = (char)(i % 3 ? 32 + random_next(&seed) % 95 : random_next(&seed));
        size_t size = fn_hpack_huffman_size(text, len);
        char *out = coded.start + coded.size - size;
        CHECK(fn_hpack_huffman_encode(out, guarded_put(input, text, len), len) == size, "%zu", len);
        char *back = output.start + output.size - len;
        CHECK(fn_hpack_huffman_decode(back, len, out, size) == (ptrdiff_t)len && memcmp(back, text, len) == 0, "%zu", len);
        if (len) CHECK(fn_hpack_huffman_decode(back + 1, len - 1, out, size) == FN_PARTIAL, "%zu", len);
    }
}

/* Lists of few different fields, so that tables fill, evict, and move; sizes change in between. */
static void check_round_trips(void) {
    uint64_t seed = 99;
    for (uint32_t limit = 0; limit < 700; limit += 37) {
        side encoder = new_side(limit), decoder = new_side(limit);
        for (int block = 0; block < 300; block++) {
            static char expected[70000];
            size_t at = 0, count = random_next(&seed) % 12, size;
            if (block % 20 == 19)
                for (int k = 0; k < 2; k++) fn_hpack_resize(&encoder.table, (uint32_t)(random_next(&seed) % (limit + 2)));
            size = fn_hpack_begin(&encoder.table, coded.start);
            for (size_t k = 0; k < count; k++) {
                char name[32], value[600];
                int name_len = sprintf(name, random_next(&seed) % 3 ? "x-%d" : "etag", (int)(random_next(&seed) % 5));
                size_t value_len = random_next(&seed) % 40 ? random_next(&seed) % 5 : random_next(&seed) % 600;
                memset(value, 'a' + (int)(random_next(&seed) % 3), value_len);
                size_t room = FN_HPACK_ROOM(name_len, value_len);
                char *out = output.start + output.size - room;
                size_t n = fn_hpack_encode(&encoder.table, out, name, (size_t)name_len, value, value_len,
                                           (fn_hpack_policy)(random_next(&seed) % 8 > 5 ? random_next(&seed) % 3 : 0));
                CHECK(n <= room, "%zu", n);
                memcpy(coded.start + size, out, n);
                size += n;
                at += (size_t)sprintf(expected + at, "%s: %.*s\r\n", name, (int)value_len, value);
            }
            fn_hpack_field fields[100];
            int over;
            expected[at] = 0;
            ptrdiff_t n = decode(&decoder, coded.start, size, at, wide, &over, fields);
            CHECK(n == (ptrdiff_t)count && strcmp(text, expected) == 0, "limit %u, block %d: %td", limit, block, n);
            CHECK(encoder.table.size == decoder.table.size && encoder.table.count == decoder.table.count, "%u", limit);
            CHECK(decoder.table.size <= decoder.table.max_size, "%u", limit);
        }
        munmap(encoder.memory.start, encoder.memory.size);
        munmap(decoder.memory.start, decoder.memory.size);
    }
}

static void check_policy(void) {
    CHECK(fn_hpack_policy_of("authorization", 13, 40) == FN_HPACK_SECRET, "authorization");
    CHECK(fn_hpack_policy_of("proxy-authorization", 19, 40) == FN_HPACK_SECRET, "proxy-authorization");
    CHECK(fn_hpack_policy_of("set-cookie", 10, 40) == FN_HPACK_SECRET, "set-cookie");
    CHECK(fn_hpack_policy_of("cookie", 6, 19) == FN_HPACK_SECRET, "a short cookie");
    CHECK(fn_hpack_policy_of("cookie", 6, 20) == FN_HPACK_INDEX, "a long cookie");
    CHECK(fn_hpack_policy_of("content-length", 14, 2) == FN_HPACK_PLAIN, "content-length");
    CHECK(fn_hpack_policy_of("server", 6, 2) == FN_HPACK_INDEX, "server");
    side s = new_side(4096);
    size_t n = fn_hpack_encode(&s.table, coded.start, "authorization", 13, "abc", 3, FN_HPACK_SECRET);
    CHECK((coded.start[0] & 0xf0) == 0x10 && n > 3 && s.table.count == 0, "a secret is marked, and in no table");
    fn_hpack_encode(&s.table, coded.start, "a", 1, "b", 1, FN_HPACK_INDEX);
    fn_hpack_encode(&s.table, coded.start, "a", 1, "b", 1, FN_HPACK_SECRET);
    CHECK((coded.start[0] & 0xf0) == 0x10, "also if it is in the table");
}

int main(void) {
    input = guarded_new(70000), output = guarded_new(70000), coded = guarded_new(70000);
    check_examples();
    check_errors();
    check_limits();
    check_huffman();
    check_round_trips();
    check_policy();
    return 0;
}
