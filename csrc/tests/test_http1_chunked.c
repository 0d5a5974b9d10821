/* Chunked bodies and what they must give, in any way of cutting them. */
#include "body.h"

static guarded memory;

static body same_in_pieces(const char *input, size_t len, uint32_t max_extensions) {
    body whole = body_of(memory, input, len, max_extensions, 0);
    for (size_t step = 1; step < 20; step++) {
        body cut = body_of(memory, input, len, max_extensions, step);
        CHECK(cut.error == whole.error && cut.done == whole.done && cut.data_len == whole.data_len &&
                  memcmp(cut.data, whole.data, whole.data_len) == 0 && (whole.error || cut.consumed == whole.consumed),
              "cut every %zu: %.*s", step, (int)len, input);
    }
    return whole;
}

static void gives(const char *input, const char *data) {
    size_t len = strlen(input);
    body b = same_in_pieces(input, len, 100);
    CHECK(b.done && b.error == 0 && b.consumed == len, "error %d, consumed %zu: %s", b.error, b.consumed, input);
    CHECK(b.data_len == strlen(data) && memcmp(b.data, data, b.data_len) == 0, "%.*s", (int)b.data_len, b.data);
}

static void fails(const char *input, int error) {
    body b = same_in_pieces(input, strlen(input), 100);
    CHECK(b.error == error, "%d instead of %d: %s", b.error, error, input);
}

static void check_extension_limit(void) {
    char input[400], text[101];
    memset(text, 'e', 100);
    text[100] = 0;
    for (int n = 1; n < 60; n++) {
        /* n bytes of extensions in two chunks */
        int len = sprintf(input, "1;%.*s\r\nx\r\n0;\r\n", n > 2 ? n - 2 : 0, text);
        if (n < 2) len = sprintf(input, "1;\r\nx\r\n0\r\n");
        body b = same_in_pieces(input, (size_t)len, (uint32_t)n);
        CHECK(b.done, "%d bytes of extensions: error %d", n, b.error);
        b = same_in_pieces(input, (size_t)len, (uint32_t)n - 1);
        CHECK(b.error == FN_HTTP1_CHUNK_EXTENSIONS_TOO_LONG, "over %d: error %d", n - 1, b.error);
    }
    body b = same_in_pieces("5;eeeee", 7, 5);
    CHECK(b.error == FN_HTTP1_CHUNK_EXTENSIONS_TOO_LONG, "without the line's end: %d", b.error);
}

static void check_large(void) {
    static char input[MAX_BODY + 100];
    int at = sprintf(input, "%x\r\n", 8000);
    memset(input + at, 'd', 8000);
    at += 8000 + sprintf(input + at + 8000, "\r\n0\r\n");
    body b = same_in_pieces(input, (size_t)at, 0);
    CHECK(b.done && b.data_len == 8000, "%zu", b.data_len);
    /* A run ends with the input, and what remains is counted in 64 bits. */
    fn_http1_chunked state;
    memset(&state, 0, sizeof state);
    size_t data, run;
    ptrdiff_t n = fn_http1_decode_chunked(&state, "fffffffffffffff\r\nabc", 20, 0, &data, &run);
    CHECK(n == 20 && data == 17 && run == 3, "%td %zu %zu", n, data, run);
    CHECK(state.remaining == 0xfffffffffffffffu - 3, "%llu", (unsigned long long)state.remaining);
}

int main(void) {
    memory = guarded_new(16384);
    gives("0\r\n", "");
    gives("000\r\n", "");
    gives("5\r\nhello\r\n0\r\n", "hello");
    gives("A\r\n0123456789\r\n1\r\na\r\n0b\r\n0123456789a\r\n0\r\n", "0123456789a0123456789a");
    gives("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n", "hello");
    gives("5 \t;a\r\nhello\r\n0\r\n", "hello");
    gives("000000000000005\r\nhello\r\n000000000000000\r\n", "hello");
    body b = same_in_pieces("0\r\nA: b\r\n\r\n", 11, 0);
    CHECK(b.done && b.consumed == 3, "the trailer section is left: %zu", b.consumed);
    fails("\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("g\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("0x5\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("+5\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("-1\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails(" 5\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("5 \r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("5_\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails(";a\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("1000000000000000\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("0000000000000005\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_SIZE);
    fails("5\nhello\r\n", FN_HTTP1_BAD_LINE_END);
    fails("5\rhello\r\n", FN_HTTP1_BAD_LINE_END);
    fails("5;a\nhello\r\n", FN_HTTP1_BAD_LINE_END);
    fails("5;a\rb\r\nhello\r\n", FN_HTTP1_BAD_LINE_END);
    fails("5;a\x01\r\nhello\r\n", FN_HTTP1_BAD_CHUNK_EXTENSION);
    fails("5\r\nhello\n0\r\n", FN_HTTP1_BAD_CHUNK_END);
    fails("5\r\nhello\rx", FN_HTTP1_BAD_CHUNK_END);
    fails("5\r\nhelloo\r\n", FN_HTTP1_BAD_CHUNK_END);
    fails("5\r\nhello0\r\n", FN_HTTP1_BAD_CHUNK_END);
    check_extension_limit();
    check_large();
    return 0;
}
