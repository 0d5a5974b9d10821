/* Heads and what they must give, each whole and byte by byte, at every level of this machine. */
#include "fastnet/cpu.h"
#include "outcome.h"

static guarded memory;
static const fn_http1_limits usual = {8190, 65536, MAX_OUTCOME_FIELDS};

typedef struct {
    const char *input;
    int error; /* 0: accepted */
} expectation;

#define H "Host: a\r\n"
static const expectation requests[] = {
    {"GET / HTTP/1.1\r\n" H "\r\n", 0},
    {"\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 0},
    {"M-SEARCH!# / HTTP/1.1\r\n" H "\r\n", 0},
    {"GET / HTTP/1.0\r\n\r\n", 0},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", 0},
    {"CONNECT a.example:443 HTTP/1.1\r\n" H "\r\n", 0},
    {"CONNECT [::1]:443 HTTP/1.1\r\n" H "\r\n", 0},
    {"GET http://a.example/x?y HTTP/1.1\r\n" H "\r\n", 0},
    {"GET http://a.example HTTP/1.1\r\n" H "\r\n", 0},
    {"GET http://a.example:?y HTTP/1.1\r\n" H "\r\n", 0},
    {"GET /%7Ea?b=%20 HTTP/1.1\r\n" H "\r\n", 0},
    {"GET //a/[]{}|^`\"<>\\ HTTP/1.1\r\n" H "\r\n", 0},
    {" GET / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_METHOD},
    {"\nGET / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_LINE_END},
    {"\rGET / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_LINE_END},
    {"G(T / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_METHOD},
    {"GET\t/ HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_METHOD},
    {"GET\r\n" H "\r\n", FN_HTTP1_BAD_METHOD},
    {"G\xc3\x89T / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_METHOD},
    {"GET  / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /  HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET /\tHTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /\r\n", FN_HTTP1_BAD_VERSION},
    {"GET /a#b HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /%zz HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /%4 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /% HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /%%20 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET /\x7f HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET * HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"OPTIONS ** HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET a HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET ?a HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET a.example:443 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http:///x HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http://:80/x HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http:// HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http:/x HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET ://x HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET 1a://x HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http://me@a/ HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http://a:99999/ HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET http://a\\b/ HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"CONNECT / HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"CONNECT a.example HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"CONNECT a.example: HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"CONNECT :443 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"CONNECT http://a:1 HTTP/1.1\r\n" H "\r\n", FN_HTTP1_BAD_TARGET},
    {"GET / HTTP/1.1 \r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET / http/1.1\r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET / HTTP/1.10\r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET / HTTP/1\r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET / HTTP/x.1\r\n" H "\r\n", FN_HTTP1_BAD_VERSION},
    {"GET / HTTP/2.0\r\n" H "\r\n", FN_HTTP1_UNSUPPORTED_VERSION},
    {"GET / HTTP/1.2\r\n" H "\r\n", FN_HTTP1_UNSUPPORTED_VERSION},
    {"GET / HTTP/0.9\r\n" H "\r\n", FN_HTTP1_UNSUPPORTED_VERSION},
    {"GET / HTTP/1.1\n" H "\r\n", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r" H "\r\n", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r\n" H "\n", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r\n" H "\rX", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", FN_HTTP1_BAD_LINE_END},
    {"GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n", FN_HTTP1_BAD_LINE_END},
    /* fields */
    {"GET / HTTP/1.1\r\n" H "A:\r\nB: \r\nC: \t x \t \r\nD:y\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\n" H "A: \xff\x80\tb\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "A\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H ": b\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "A(: b\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "\xc3\xa4: b\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
    {"GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", FN_HTTP1_OBS_FOLD},
    {"GET / HTTP/1.1\r\n A: b\r\n" H "\r\n", FN_HTTP1_OBS_FOLD},
    {"GET / HTTP/1.1\r\n" H "A: b\x01\r\n\r\n", FN_HTTP1_BAD_FIELD_VALUE},
    {"GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n", FN_HTTP1_BAD_FIELD_VALUE},
    {"GET / HTTP/1.1\r\n" H "A: b\x0b\r\n\r\n", FN_HTTP1_BAD_FIELD_VALUE},
    /* Host */
    {"GET / HTTP/1.1\r\n\r\n", FN_HTTP1_MISSING_HOST},
    {"GET / HTTP/1.1\r\n" H H "\r\n", FN_HTTP1_DUPLICATE_HOST},
    {"GET / HTTP/1.0\r\n" H H "\r\n", FN_HTTP1_DUPLICATE_HOST},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nhOST: a.b-c_d~!$&'()*+,;=%41:8080\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: [2001:db8::192.0.2.1]:1\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: [v1.a:b]\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: me@a\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: a%4\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: [:::]\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n", FN_HTTP1_BAD_HOST},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", FN_HTTP1_BAD_HOST},
    /* framing */
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 1000000000000000000\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", FN_HTTP1_BAD_CONTENT_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\ncontent-length: 5\r\n\r\n", FN_HTTP1_DUPLICATE_LENGTH},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", FN_HTTP1_LENGTH_WITH_CHUNKED},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", FN_HTTP1_LENGTH_WITH_CHUNKED},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" H "TRANSFER-ENCODING: ChUnKeD \r\n\r\n", 0},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked,\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", FN_HTTP1_UNKNOWN_TRANSFER},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip;level=1\r\n\r\n", FN_HTTP1_UNKNOWN_TRANSFER},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", FN_HTTP1_UNKNOWN_TRANSFER},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", FN_HTTP1_UNKNOWN_TRANSFER},
    {"POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n", FN_HTTP1_UNKNOWN_EXPECTATION},
    {"POST / HTTP/1.1\r\n" H "Expect:\r\n\r\n", FN_HTTP1_UNKNOWN_EXPECTATION},
    {"POST / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\n" H "Connection: a, ,close,\tUpgrade\r\n\r\n", 0},
    {"GET / HTTP/1.1\r\n" H "Connection: a b\r\n\r\n", FN_HTTP1_BAD_CONNECTION},
    {"GET / HTTP/1.1\r\n" H "Connection: close;q\r\n\r\n", FN_HTTP1_BAD_CONNECTION},
};

static const expectation responses[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 0},
    {"HTTP/1.0 404 \r\n\r\n", 0},
    {"HTTP/1.1 599 a\tb \xff\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", 0},
    {"HTTP/1.1 200\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 099 a\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 600 a\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 20 a\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 2000 a\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1  200 a\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 200 a\x01\r\n\r\n", FN_HTTP1_BAD_STATUS},
    {"HTTP/1.1 200 a\n\r\n", FN_HTTP1_BAD_LINE_END},
    {"HTTP/1.1 200 a\rb\r\n", FN_HTTP1_BAD_LINE_END},
    {"HTTP/2.0 200 a\r\n\r\n", FN_HTTP1_UNSUPPORTED_VERSION},
    {"ICY 200 OK\r\n\r\n", FN_HTTP1_BAD_VERSION},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", FN_HTTP1_BAD_VERSION},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", FN_HTTP1_DUPLICATE_LENGTH},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", FN_HTTP1_UNKNOWN_TRANSFER},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FN_HTTP1_BAD_TRANSFER_ENCODING},
    {"HTTP/1.1 200 OK\r\nHost: a b\r\nExpect: x\r\n\r\n", 0},
};

static const expectation trailers[] = {
    {"\r\n", 0},
    {"Digest: x\r\nContent-Length: +5\r\nContent-Length: 6\r\nTransfer-Encoding: gzip\r\n\r\n", 0},
    {" x\r\n\r\n", FN_HTTP1_OBS_FOLD},
    {"a b: x\r\n\r\n", FN_HTTP1_BAD_FIELD_NAME},
};

static void check_all(parse_function parse, const expectation *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list[i].input);
        outcome whole = outcome_of(parse, memory, list[i].input, len, &usual, 0);
        CHECK(whole.head.error == list[i].error, "%d instead of %d for %s", whole.head.error, list[i].error,
              list[i].input);
        CHECK(list[i].error || whole.result == (ptrdiff_t)len, "%td for %s", whole.result, list[i].input);
        for (size_t step = 1; step < 40; step++) {
            outcome cut = outcome_of(parse, memory, list[i].input, len, &usual, step);
            CHECK(memcmp(&whole, &cut, sizeof cut) == 0, "cut every %zu bytes: %s", step, list[i].input);
        }
        /* No beginning of an accepted head is refused. */
        for (size_t cut = 0; list[i].error == 0 && cut < len; cut++) {
            outcome part = outcome_of(parse, memory, list[i].input, cut, &usual, 0);
            CHECK(part.result == FN_PARTIAL, "first %zu bytes give %td: %s", cut, part.result, list[i].input);
        }
    }
}

static void check_parts(void) {
    const char *text = "\r\nPOST /a?b?c HTTP/1.1\r\nHost:a\r\nContent-Type: \t t \r\nX: \r\nContent-Length: 12\r\n"
                       "Connection: Keep-Alive, Upgrade\r\nUpgrade: x\r\nExpect: 100-continue\r\n\r\nbody";
    outcome o = outcome_of(fn_http1_parse_request, memory, text, strlen(text), &usual, 0);
    fn_http1_head *h = &o.head;
    CHECK(o.result == (ptrdiff_t)strlen(text) - 4, "%td", o.result);
    CHECK(h->method == 2 && h->method_len == 4 && h->target == 7 && h->target_len == 6, "request line");
    CHECK(h->query == 9, "query %u", h->query);
    CHECK(h->minor_version == 1 && h->target_form == FN_HTTP1_ORIGIN, "version, form");
    CHECK(h->n_fields == 7 && h->host == 0 && h->content_length == 12, "fields");
    CHECK(h->flags == (FN_HTTP1_HAS_LENGTH | FN_HTTP1_KEEP_ALIVE | FN_HTTP1_EXPECT_CONTINUE | FN_HTTP1_WANTS_UPGRADE |
                       FN_HTTP1_HAS_HOST),
          "flags %u", h->flags);
    static const int ids[] = {FN_HTTP1_HOST, FN_HTTP1_CONTENT_TYPE, FN_HTTP1_OTHER, FN_HTTP1_CONTENT_LENGTH,
                              FN_HTTP1_CONNECTION, FN_HTTP1_UPGRADE, FN_HTTP1_EXPECT};
    for (int i = 0; i < 7; i++) CHECK(o.fields[i].id == ids[i], "id of field %d is %d", i, o.fields[i].id);
    CHECK(text[o.fields[1].value] == 't' && o.fields[1].value_len == 1, "value without white space");
    CHECK(o.fields[2].name_len == 1 && o.fields[2].value_len == 0, "empty value");

    text = "HTTP/1.0 204 No Content\r\nA: b\r\n\r\n";
    o = outcome_of(fn_http1_parse_response, memory, text, strlen(text), &usual, 0);
    CHECK(h->status == 204 && h->reason == 13 && h->reason_len == 10 && h->minor_version == 0, "status line");
    text = "GET /abc HTTP/1.0\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    o = outcome_of(fn_http1_parse_request, memory, text, strlen(text), &usual, 0);
    CHECK(h->query == h->target + h->target_len, "no query");
    CHECK(h->flags == 0, "1.0 knows no Upgrade");
    CHECK(sizeof(fn_http1_head) <= 96 && sizeof(fn_http1_field) == 16, "sizes");
}

int main(void) {
    memory = guarded_new(4096);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        check_all(fn_http1_parse_request, requests, sizeof requests / sizeof requests[0]);
        check_all(fn_http1_parse_response, responses, sizeof responses / sizeof responses[0]);
        check_all(fn_http1_parse_trailers, trailers, sizeof trailers / sizeof trailers[0]);
        check_parts();
    }
    for (int error = 0; error < FN_HTTP1_ERROR_COUNT; error++) {
        CHECK(fn_http1_error_text(error) != NULL && strlen(fn_http1_error_text(error)) > 8, "text of %d", error);
        CHECK(fn_http1_error_status(error) >= 200, "status of %d", error);
    }
    return 0;
}
