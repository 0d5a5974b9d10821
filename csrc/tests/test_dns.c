/* Messages at a guard page: what is well formed, each way not to be, each limit below, at and above it. */
#include "tests/dns.h"

static guarded memory;
static dns_read found;

#define HEADER(questions, answers, more) "\x12\x34\x81\x80\0" questions "\0" answers "\0\0\0" more
#define QUESTION "\3www\7example\3com\0\0\1\0\1"
#define ANSWER "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"

static ptrdiff_t reads(const void *data, size_t len) {
    return read_message(&found, (const uint8_t *)guarded_put(memory, data, len), len);
}

static void is_read(const char *what, const void *data, size_t len) {
    ptrdiff_t n = reads(data, len);
    CHECK(n == (ptrdiff_t)len, "%s: %td, %s", what, n, fn_dns_error_text(found.m.error));
    for (size_t cut = 0; cut < len; cut++) CHECK(reads(data, cut) < 0, "%s: %zu of %zu bytes", what, cut, len);
    reads(data, len);
}

static void is_refused(const char *what, const void *data, size_t len, int error) {
    ptrdiff_t n = reads(data, len);
    CHECK(n == (error == FN_DNS_ENDS ? FN_PARTIAL : FN_INVALID), "%s: %td", what, n);
    CHECK(found.m.error == error, "%s: %s", what, fn_dns_error_text(found.m.error));
}

/* A record of this type and data, alone in a message. */
static size_t message_of(uint8_t *out, unsigned type, unsigned rclass, const void *data, size_t len) {
    memcpy(out, "\0\0\x80\0\0\0\0\1\0\0\0\0\0", 13);
    const uint8_t head[] = {(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(rclass >> 8), (uint8_t)rclass,
                            0, 0, 0, 0, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(out + 13, head, 10);
    memcpy(out + 23, data, len);
    return 23 + len;
}

static void data_of(unsigned type, const char *data, size_t len, int right) {
    uint8_t message[2048];
    char what[40];
    snprintf(what, sizeof what, "type %u, %zu bytes", type, len);
    size_t size = message_of(message, type, 1, data, len);
    if (right) is_read(what, message, size);
    else is_refused(what, message, size, FN_DNS_BAD_DATA);
    /* In a class that is none, data are nobody's business. */
    is_read(what, message, message_of(message, type, 254, data, len));
}

#define RIGHT(type, data) data_of(type, data, sizeof(data) - 1, 1)
#define WRONG(type, data) data_of(type, data, sizeof(data) - 1, 0)
#define READ(what, data) is_read(what, data, sizeof(data) - 1)
#define REFUSED(what, data, error) is_refused(what, data, sizeof(data) - 1, error)

static void messages(void) {
    READ("a header", HEADER("\0", "\0", "\0"));
    READ("a question", HEADER("\1", "\0", "\0") QUESTION);
    READ("an answer", HEADER("\1", "\2", "\0") QUESTION ANSWER ANSWER);
    CHECK(found.m.id == 0x1234 && found.m.flags == 0x8180, "%04x %04x", found.m.id, found.m.flags);
    CHECK(found.records[2].name == 12 && found.records[2].ttl == 300 && found.records[2].data_len == 4, "the answer");
    READ("an OPT record", HEADER("\1", "\0", "\1") QUESTION "\0\0\x29\x10\0\0\0\x80\0\0\6\0\x0a\0\2ab");
    REFUSED("one byte more", HEADER("\1", "\0", "\0") QUESTION "x", FN_DNS_TRAILING);
    REFUSED("a question that is not there", HEADER("\2", "\0", "\0") QUESTION, FN_DNS_ENDS);
    REFUSED("two OPT records", HEADER("\0", "\0", "\2") "\0\0\x29\0\0\0\0\0\0\0\0\0\0\x29\0\0\0\0\0\0\0\0",
        FN_DNS_BAD_OPT);
    REFUSED("OPT in the answer", HEADER("\0", "\1", "\0") "\0\0\x29\0\0\0\0\0\0\0\0", FN_DNS_BAD_OPT);
    REFUSED("OPT with an owner", HEADER("\0", "\0", "\1") "\1a\0\0\x29\0\0\0\0\0\0\0\0", FN_DNS_BAD_OPT);
    REFUSED("an option cut off", HEADER("\0", "\0", "\1") "\0\0\x29\0\0\0\0\0\0\0\5\0\x0a\0\2a", FN_DNS_BAD_OPT);
    static char zeros[FN_DNS_MESSAGE_MAX + 1];
    is_refused("64 KiB", zeros, FN_DNS_MESSAGE_MAX + 1, FN_DNS_TOO_LONG);
    is_refused("a byte less", zeros, FN_DNS_MESSAGE_MAX, FN_DNS_TRAILING);
}

static void pointers(void) {
    REFUSED("to itself", HEADER("\1", "\0", "\0") "\xc0\x0c\0\1\0\1", FN_DNS_BAD_POINTER);
    REFUSED("forward", HEADER("\1", "\0", "\0") "\xc0\x10\0\1\0\1\0", FN_DNS_BAD_POINTER);
    REFUSED("into the header", HEADER("\1", "\0", "\0") "\xc0\x0b\0\1\0\1", FN_DNS_BAD_POINTER);
    REFUSED("round in a loop", HEADER("\1", "\0", "\0") "\1a\xc0\x0c\0\1\0\1", FN_DNS_BAD_POINTER);
    REFUSED("half of one", HEADER("\1", "\0", "\0") "\4abcd\xc0", FN_DNS_ENDS);
    REFUSED("a label of kind 01", HEADER("\1", "\0", "\0") "\x40\0\0\1\0\1", FN_DNS_BAD_LABEL);
    REFUSED("a label of kind 10", HEADER("\1", "\0", "\0") "\x80\0\0\1\0\1", FN_DNS_BAD_LABEL);
    /* A root name, and pointers each to the one before: the last name has `n` of them. */
    for (size_t n = FN_DNS_POINTERS_MAX - 1; n <= FN_DNS_POINTERS_MAX + 1; n++) {
        uint8_t message[12 + 5 + 6 * 200] = {0}, *at = message + 12;
        size_t before = 12;
        message[5] = (uint8_t)(n + 1);
        at += 5;
        for (size_t i = 0; i < n; i++, at += 6) {
            at[0] = (uint8_t)(0xc0 | before >> 8);
            at[1] = (uint8_t)before;
            before = (size_t)(at - message);
        }
        size_t len = (size_t)(at - message);
        if (n <= FN_DNS_POINTERS_MAX) is_read("pointers", message, len);
        else is_refused("one pointer too many", message, len, FN_DNS_BAD_POINTER);
    }
}

/* A name of so many bytes, in wire form. */
static size_t name_of(uint8_t *name, size_t len) {
    size_t at = 0;
    while (at + 1 < len) {
        size_t label = len - at - 2 < FN_DNS_LABEL_MAX ? len - at - 2 : FN_DNS_LABEL_MAX;
        if (len - at - 2 == FN_DNS_LABEL_MAX + 1) label--; /* leaves room for a label of its own */
        name[at] = (uint8_t)label;
        memset(name + at + 1, 'x', label);
        at += label + 1;
    }
    name[at] = 0;
    return at + 1;
}

static void names(void) {
    for (size_t len = FN_DNS_NAME_MAX - 1; len <= FN_DNS_NAME_MAX + 1; len++) {
        uint8_t message[12 + 300 + 4] = {0}, name[300];
        size_t made = name_of(name, len);
        CHECK(made == len, "%zu", made);
        message[5] = 1;
        memcpy(message + 12, name, len);
        if (len <= FN_DNS_NAME_MAX) is_read("a long name", message, 12 + len + 4);
        else is_refused("a name too long", message, 12 + len + 4, FN_DNS_NAME_TOO_LONG);
    }
    uint8_t name[FN_DNS_NAME_MAX], wire[] = "\3a.b\2\\\"\1\0\1\xff";
    char text[FN_DNS_TEXT_MAX], long_text[300];
    size_t n = fn_dns_name_to_text(wire, sizeof wire, text);
    CHECK(n == 20 && memcmp(text, "a\\.b.\\\\\\\".\\000.\\255.", 20) == 0, "%zu %.*s", n, (int)n, text);
    CHECK(fn_dns_name_from_text(text, n, name) == sizeof wire && !memcmp(name, wire, sizeof wire), "%.*s", (int)n,
        text);
    CHECK(fn_dns_name_from_text("a.b", 3, name) == 5 && !memcmp(name, "\1a\1b", 5), "no dot at the end");
    CHECK(fn_dns_name_from_text(".", 1, name) == 1, "the root");
    const char *const wrong[] = {"", "..", ".a", "a..b", "\\", "a\\1", "\\12", "\\1x3", "\\256", "\\300"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(fn_dns_name_from_text(wrong[i], strlen(wrong[i]), name) == FN_INVALID, "%s", wrong[i]);
    memset(long_text, 'x', sizeof long_text);
    for (size_t len = 62; len <= 64; len++)
        CHECK((fn_dns_name_from_text(long_text, len, name) > 0) == (len <= 63), "a label of %zu", len);
    for (size_t i = 1; i < sizeof long_text; i += 2) long_text[i] = '.';
    for (size_t len = 252; len <= 256; len++) /* 127 labels of one character */
        CHECK((fn_dns_name_from_text(long_text, len, name) > 0) == (len <= 254), "text of %zu", len);
    CHECK(fn_dns_equal((const uint8_t *)"\1A", 3, (const uint8_t *)"\1a", 3), "case");
    CHECK(!fn_dns_equal((const uint8_t *)"\1A", 3, (const uint8_t *)"\1b", 3), "letters");
    CHECK(!fn_dns_equal((const uint8_t *)"\1[", 3, (const uint8_t *)"\1{", 3), "what is no letter");
    CHECK(fn_dns_hash((const uint8_t *)"\011ABCDEFGHi", 11, 7) == fn_dns_hash((const uint8_t *)"\011abcdefghI", 11,
        7), "case");
    CHECK(fn_dns_hash((const uint8_t *)"\1a", 3, 7) != fn_dns_hash((const uint8_t *)"\1a", 3, 8), "the seed");
}

static void data(void) {
    RIGHT(1, "abcd"), WRONG(1, "abc"), WRONG(1, "abcde");
    RIGHT(28, "0123456789abcdef"), WRONG(28, "0123456789abcde"), WRONG(28, "0123456789abcdefg");
    for (const char *types = "\2\5\14"; *types; types++) {
        RIGHT((unsigned)*types, "\1a\0"), RIGHT((unsigned)*types, "\1a\xc0\x0c");
        WRONG((unsigned)*types, ""), WRONG((unsigned)*types, "\1a"), WRONG((unsigned)*types, "\1a\0x");
    }
    uint8_t message[300];
    is_refused("a pointer to itself", message, message_of(message, 2, 1, "\xc0\x17", 2), FN_DNS_BAD_POINTER);
    RIGHT(15, "\0\1\1a\0"), WRONG(15, "\0"), WRONG(15, "\0\1"), WRONG(15, "\0\1\1a\0x");
    RIGHT(6, "\1a\0\0" "01234567890123456789"), WRONG(6, "\1a\0\0" "0123456789012345678"), WRONG(6, "\1a\0");
    RIGHT(16, "\0"), RIGHT(16, "\1a\2bc"), WRONG(16, ""), WRONG(16, "\2a"), WRONG(16, "\1a\1");
    RIGHT(33, "\0\1\0\2\0\3\1a\0"), WRONG(33, "\0\1\0\2\0"), WRONG(33, "\0\1\0\2\0\3\1a\0x");
    RIGHT(257, "\0\5issueca"), RIGHT(257, "\0\1a"), WRONG(257, "\0\0a"), WRONG(257, "\0\2a"),
    WRONG(257, "\0\2a-b"), WRONG(257, "\0");
    RIGHT(64, "\0\1\0"), RIGHT(65, "\0\1\1a\0\0\1\0\3\2h2\0\3\0\2\0\x50"), WRONG(65, "\0\1\xc0\x0c");
    WRONG(65, "\0\1"), WRONG(65, "\0\1\0\0\3\0\2\0\x50\0\3\0\2\0\x50"), WRONG(65, "\0\1\0\0\3\0\2\0\x50\0\2\0\0");
    WRONG(65, "\0\1\0\0\3\0\3\0\x50"), WRONG(65, "\0\1\0\0\3\0"), WRONG(65, "\0\1\0\0\3\0\1x"),
    WRONG(65, "\0\1\0\xff\xff\0\0");
    RIGHT(65, "\0\1\0\0\0\0\2\0\1\0\1\0\3\2h2"), WRONG(65, "\0\1\0\0\0\0\2\0\0"), WRONG(65, "\0\1\0\0\0\0\4\0\2\0\1");
    WRONG(65, "\0\1\0\0\0\0\0"), WRONG(65, "\0\1\0\0\1\0\0"), WRONG(65, "\0\1\0\0\1\0\1\0"),
    WRONG(65, "\0\1\0\0\1\0\2\3a");
    RIGHT(65, "\0\1\0\0\1\0\3\2h2\0\2\0\0"), WRONG(65, "\0\1\0\0\2\0\1x"), WRONG(65, "\0\1\0\0\4\0\3abc"),
    WRONG(65, "\0\1\0\0\4\0\0");
    RIGHT(65, "\0\1\0\0\4\0\4abcd\0\6\0\x10" "0123456789abcdef\x12\x34\0\1x"), WRONG(65, "\0\1\0\0\6\0\4abcd");
    RIGHT(999, ""), RIGHT(999, "\xff\xff\xff");
    uint8_t long_name[300];
    for (size_t len = FN_DNS_NAME_MAX - 1; len <= FN_DNS_NAME_MAX + 1; len++) {
        uint8_t service[302] = {0, 1};
        name_of(long_name, len);
        memcpy(service + 2, long_name, len);
        data_of(65, (const char *)service, 2 + len, len <= FN_DNS_NAME_MAX);
    }
}

static void writing(void) {
    static uint8_t out[FN_DNS_MESSAGE_MAX], third[FN_DNS_MESSAGE_MAX];
    const char text[] = HEADER("\1", "\1", "\1") QUESTION "\3WWW\7example\3com\0\0\5\0\1\0\0\0\1\0\6\3mx1\xc0\x10"
                        "\3foo\xc0\x10\0\x0f\0\1\0\0\0\1\0\x0b\0\1\7example\0";
    CHECK(reads(text, sizeof text - 1) == (ptrdiff_t)sizeof text - 1, "%s", fn_dns_error_text(found.m.error));
    size_t len = write_again(&found, (const uint8_t *)text, sizeof text - 1, out);
    /* WWW is another name than www, byte by byte; "example.com" after it is not, and "example" is. */
    CHECK(len == sizeof text - 1 - 11, "%zu, not %zu bytes", len, sizeof text - 1 - 11);
    CHECK(reads(out, len) == (ptrdiff_t)len, "%s", fn_dns_error_text(found.m.error));
    CHECK(write_again(&found, out, len, third) == len && memcmp(out, third, len) == 0, "a second time");
    fn_dns_writer w;
    char *end = memory.start + memory.size;
    for (size_t room = 4; room < 18; room++) {
        fn_dns_write_begin(&w, (uint8_t *)end - 12 - room, 12 + room);
        fn_dns_write_bytes(&w, text, 12);
        int first = fn_dns_write_name(&w, (const uint8_t *)"\1a\1b", 5, 1);
        CHECK((first == 0) == (room >= 5) && w.used == (room >= 5 ? 17 : 12), "room for %zu", room);
        if (room < 5) continue;
        int second = fn_dns_write_name(&w, (const uint8_t *)"\1c\1a\1b", 7, 1);
        CHECK((second == 0) == (room >= 9) && w.used == (room >= 9 ? 21 : 17), "room for %zu", room);
        if (room < 9) continue;
        int whole = fn_dns_write_name(&w, (const uint8_t *)"\1d\1a\1b", 7, 0);
        CHECK((whole == 0) == (room >= 16) && w.used == (room >= 16 ? 28 : 21), "room for %zu", room);
    }
    fn_dns_write_begin(&w, out, sizeof out);
    fn_dns_write_bytes(&w, text, 12);
    fn_dns_write_name(&w, (const uint8_t *)"\1a\1b", 5, 1);
    fn_dns_write_rewind(&w, 12);
    fn_dns_write_name(&w, (const uint8_t *)"\1x\1y", 5, 1);
    fn_dns_write_name(&w, (const uint8_t *)"\1a\1b", 5, 1);
    CHECK(w.used == 22 && memcmp(out + 17, "\1a\1b", 5) == 0, "what was taken back is not pointed to");
    /* More names than the table holds: all are still right. */
    fn_dns_write_begin(&w, out, sizeof out);
    fn_dns_write_bytes(&w, "\0\0\0\0\2\x58\0\0\0\0\0", 12);
    for (int i = 0; i < 600; i++) {
        uint8_t name[] = {3, (uint8_t)('a' + i % 26), (uint8_t)('a' + i / 26), 'x', 2, 'z', (uint8_t)('a' + i % 7), 0};
        fn_dns_write_name(&w, name, sizeof name, 1);
        fn_dns_write_u32(&w, 0x00010001);
    }
    CHECK(reads(out, w.used) == (ptrdiff_t)w.used && found.count == 600, "%s", fn_dns_error_text(found.m.error));
    for (int i = 0; i < 600; i++) {
        uint8_t name[FN_DNS_NAME_MAX], error;
        size_t n;
        fn_dns_name(out, w.used, found.records[i].name, name, &n, &error);
        CHECK(n == 8 && name[1] == 'a' + i % 26 && name[2] == 'a' + i / 26 && name[6] == 'a' + i % 7, "name %d", i);
    }
    for (int i = 0; i < FN_DNS_ERROR_COUNT; i++) CHECK(strlen(fn_dns_error_text(i)) > 5, "text of %d", i);
}

int main(void) {
    memory = guarded_new(FN_DNS_MESSAGE_MAX + 1);
    messages();
    pointers();
    names();
    data();
    writing();
    return 0;
}
