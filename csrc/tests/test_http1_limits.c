/* Each limit of a head: met exactly it accepts; one over is refused as soon as the bytes show it, also without the
 * line's end, and byte by byte as in one piece. */
#include "fastnet/cpu.h"
#include "outcome.h"

static guarded memory;
static char text[70000];

static int error_of(parse_function parse, size_t len, fn_http1_limits limits) {
    static const size_t steps[] = {1, 2, 7, 16, 63, 64, 65};
    outcome whole = outcome_of(parse, memory, text, len, &limits, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        outcome cut = outcome_of(parse, memory, text, len, &limits, steps[i]);
        CHECK(memcmp(&whole, &cut, sizeof cut) == 0, "cut every %zu of %zu bytes", steps[i], len);
    }
    return whole.result == FN_PARTIAL ? -1 : whole.head.error;
}

/* "GET /aaa HTTP/1.1" of n bytes before its CRLF, after `empty` empty lines */
static size_t put_line(size_t n, int empty) {
    size_t at = 0;
    while (empty--) at += (size_t)sprintf(text + at, "\r\n");
    at += (size_t)sprintf(text + at, "GET /");
    memset(text + at, 'a', n - at - 9);
    return n - 9 + (size_t)sprintf(text + n - 9, " HTTP/1.1\r\n");
}

static void check_line(void) {
    for (size_t n = 20; n < 300; n += n < 150 ? 1 : 13) {
        for (int empty = 0; empty < 3; empty++) {
            size_t len = put_line(n, empty);
            len += (size_t)sprintf(text + len, "Host: a\r\n\r\n");
            CHECK(error_of(fn_http1_parse_request, len, (fn_http1_limits){(uint32_t)n, 9, 1}) == 0, "at %zu", n);
            fn_http1_limits below = {(uint32_t)n - 1, 9, 1};
            CHECK(error_of(fn_http1_parse_request, len, below) == FN_HTTP1_LINE_TOO_LONG, "above %zu", n);
            CHECK(error_of(fn_http1_parse_request, n, below) == FN_HTTP1_LINE_TOO_LONG, "unended, above %zu", n);
            CHECK(error_of(fn_http1_parse_request, n - 1, below) == -1, "unended, at %zu", n - 1);
        }
    }
    /* in the method, in the target, and in empty lines */
    memset(text, 'A', 40);
    CHECK(error_of(fn_http1_parse_request, 31, (fn_http1_limits){30, 9, 1}) == FN_HTTP1_LINE_TOO_LONG, "method");
    CHECK(error_of(fn_http1_parse_request, 30, (fn_http1_limits){30, 9, 1}) == -1, "method");
    memcpy(text, "A /", 3);
    CHECK(error_of(fn_http1_parse_request, 31, (fn_http1_limits){30, 9, 1}) == FN_HTTP1_LINE_TOO_LONG, "target");
    for (size_t i = 0; i < 40; i += 2) memcpy(text + i, "\r\n", 2);
    CHECK(error_of(fn_http1_parse_request, 40, (fn_http1_limits){30, 9, 1}) == FN_HTTP1_LINE_TOO_LONG, "empty lines");
    CHECK(error_of(fn_http1_parse_request, 30, (fn_http1_limits){30, 9, 1}) == -1, "empty lines");
    size_t len = (size_t)sprintf(text, "HTTP/1.1 200 all is well\r\n\r\n");
    CHECK(error_of(fn_http1_parse_response, len, (fn_http1_limits){24, 0, 0}) == 0, "status line");
    CHECK(error_of(fn_http1_parse_response, len, (fn_http1_limits){23, 0, 0}) == FN_HTTP1_LINE_TOO_LONG, "status line");
    CHECK(error_of(fn_http1_parse_response, 24, (fn_http1_limits){23, 0, 0}) == FN_HTTP1_LINE_TOO_LONG, "unended");
}

/* Field lines of n bytes in all, CRLFs counted. */
static void check_head(void) {
    for (size_t n = 16; n < 400; n += n < 150 ? 1 : 17) {
        size_t line = (size_t)sprintf(text, "GET / HTTP/1.1\r\n");
        size_t len = line + (size_t)sprintf(text + line, "Host: a\r\nX:");
        memset(text + len, 'v', n - 13);
        len = line + n - 2;
        len += (size_t)sprintf(text + len, "\r\n\r\n");
        fn_http1_limits at = {100, (uint32_t)n, 2}, below = {100, (uint32_t)n - 1, 2};
        CHECK(error_of(fn_http1_parse_request, len, at) == 0, "at %zu", n);
        CHECK(error_of(fn_http1_parse_request, len, below) == FN_HTTP1_HEAD_TOO_LARGE, "above %zu", n);
        CHECK(error_of(fn_http1_parse_request, len - 4, below) == FN_HTTP1_HEAD_TOO_LARGE, "unended, above %zu", n);
        CHECK(error_of(fn_http1_parse_request, len - 4, at) == -1, "unended, at %zu", n);
        CHECK(error_of(fn_http1_parse_trailers, 0, at) == -1, "nothing");
    }
    /* in a name */
    size_t len = (size_t)sprintf(text, "GET / HTTP/1.0\r\n");
    memset(text + len, 'n', 200);
    fn_http1_limits hundred = {100, 100, 2};
    CHECK(error_of(fn_http1_parse_request, len + 99, hundred) == FN_HTTP1_HEAD_TOO_LARGE, "name");
    CHECK(error_of(fn_http1_parse_request, len + 98, hundred) == -1, "name");
    /* a name longer than its 16 bits */
    memset(text, 'n', sizeof text);
    fn_http1_limits wide = {100, 1 << 20, 2};
    outcome o = outcome_of(fn_http1_parse_trailers, memory, text, sizeof text, &wide, 0);
    CHECK(o.head.error == FN_HTTP1_HEAD_TOO_LARGE, "error %d", o.head.error);
    o = outcome_of(fn_http1_parse_trailers, memory, text, 65535, &wide, 0);
    CHECK(o.result == FN_PARTIAL, "%td", o.result);
}

static void check_fields(void) {
    for (uint32_t n = 1; n < 40; n++) {
        size_t len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (uint32_t i = 1; i < n; i++) len += (size_t)sprintf(text + len, "Name-%u: value\r\n", i);
        size_t before_end = len;
        len += (size_t)sprintf(text + len, "\r\n");
        CHECK(error_of(fn_http1_parse_request, len, (fn_http1_limits){100, 10000, n}) == 0, "at %u", n);
        fn_http1_limits below = {100, 10000, n - 1};
        CHECK(error_of(fn_http1_parse_request, len, below) == FN_HTTP1_TOO_MANY_FIELDS, "above %u", n);
        /* shown by the first byte of one line more */
        text[before_end] = 'X';
        fn_http1_limits at = {100, 10000, n};
        CHECK(error_of(fn_http1_parse_request, before_end, at) == -1, "no more yet");
        CHECK(error_of(fn_http1_parse_request, before_end + 1, at) == FN_HTTP1_TOO_MANY_FIELDS, "one byte more");
    }
    size_t len = (size_t)sprintf(text, "GET / HTTP/1.0\r\n\r\n");
    CHECK(error_of(fn_http1_parse_request, len, (fn_http1_limits){14, 0, 0}) == 0, "no fields at all");
}

int main(void) {
    memory = guarded_new(sizeof text);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        check_line();
        check_head();
        check_fields();
    }
    return 0;
}
