/* The load generator's protocols: answers, run together and cut anywhere, are the same answers; each input ends at a
 * page that may not be touched. */
#include "check.h"
#include "fastnet/checksum.h"
#include "load/protocol.h"

enum { MOST_ANSWERS = 8 };

typedef struct {
    int n;                                /* answers over */
    fn_load_verdict verdicts[MOST_ANSWERS + 1];
} outcome;

static guarded memory;
static char pool[64];
static fn_load_template template = {"GET / HTTP/1.1\r\n\r\n", "", 18, 0, 0, UINT64_MAX, 0};

static fn_load_content content_of(fn_load_digest digest, uint32_t crc32c, int64_t length) {
    fn_load_content c = {pool, sizeof pool, &template, 1, 0, length, digest, crc32c};
    return c;
}

/* Input in pieces of `step` bytes, those not used given again, then the end of the stream. */
static outcome fed(const fn_load_protocol *protocol, const fn_load_content *content, const char *input, size_t len,
                   size_t step, int ends) {
    char state[256] = {0};
    fn_load_pending pending = {0, 0, 0, 3, 7};
    outcome o = {0, {{0, 0, FN_LOAD_FINE, 0, NULL}}};
    CHECK(protocol->state_size <= sizeof state, "%zu", protocol->state_size);
    for (size_t used = 0, given = 0; given < len;) {
        given = len - given > step ? given + step : len;
        while (used < given) {
            fn_load_verdict *v = &o.verdicts[o.n];
            *v = (fn_load_verdict){0, 0, FN_LOAD_FINE, 0, NULL};
            const char *buf = guarded_put(memory, input + used, given - used);
            size_t n = protocol->receive(state, content, &pending, buf, given - used, v);
            CHECK(n <= given - used, "%zu of %zu", n, given - used);
            used += n;
            if (!v->done && v->error != FN_LOAD_FINE) return o;
            if (!v->done) break;
            CHECK(++o.n <= MOST_ANSWERS, "too many answers");
        }
    }
    o.verdicts[o.n] = (fn_load_verdict){0, 0, FN_LOAD_FINE, 0, NULL};
    if (ends) {
        protocol->end(state, content, &pending, &o.verdicts[o.n]);
        o.n += o.verdicts[o.n].done;
    }
    return o;
}

static outcome same_for_all_cuts(const fn_load_protocol *protocol, const fn_load_content *content, const char *input,
                                 size_t len, int ends) {
    outcome whole = fed(protocol, content, input, len, len, ends);
    for (size_t step = 1; step < len; step++) {
        outcome o = fed(protocol, content, input, len, step, ends);
        CHECK(o.n == whole.n, "%d answers in pieces of %zu, %d whole", o.n, step, whole.n);
        for (int i = 0; i <= o.n; i++) {
            CHECK(o.verdicts[i].error == whole.verdicts[i].error, "error of %d in pieces of %zu", i, step);
            CHECK(o.verdicts[i].status == whole.verdicts[i].status, "status of %d in pieces of %zu", i, step);
            CHECK(o.verdicts[i].close == whole.verdicts[i].close, "close of %d in pieces of %zu", i, step);
        }
    }
    return whole;
}

static void test_http1(void) {
    static const char four[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"
        "HTTP/1.1 204 Empty\r\n\r\n"
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhullo";
    fn_load_content c = content_of(FN_DIGEST_FIXED, fn_crc32c(0, "hello", 5), -1);
    outcome o = same_for_all_cuts(&fn_load_http1, &c, four, sizeof four - 1, 0);
    CHECK(o.n == 4, "%d", o.n);
    CHECK(o.verdicts[0].error == FN_LOAD_FINE && o.verdicts[0].status == 200, "first");
    CHECK(o.verdicts[1].error == FN_LOAD_STATUS && o.verdicts[1].status == 404, "second");
    CHECK(o.verdicts[2].error == FN_LOAD_DIGEST && o.verdicts[2].status == 204, "third");
    CHECK(o.verdicts[3].error == FN_LOAD_DIGEST && !o.verdicts[3].close, "fourth");
    c = content_of(FN_DIGEST_NONE, 0, 5);
    static const char to_the_end[] = "HTTP/1.1 200 OK\r\n\r\nhello";
    o = same_for_all_cuts(&fn_load_http1, &c, to_the_end, sizeof to_the_end - 1, 1);
    CHECK(o.n == 1 && o.verdicts[0].error == FN_LOAD_FINE && o.verdicts[0].close, "up to the end");
    o = same_for_all_cuts(&fn_load_http1, &c, to_the_end, sizeof to_the_end - 2, 1);
    CHECK(o.n == 1 && o.verdicts[0].error == FN_LOAD_LENGTH, "one byte short");
    static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell";
    for (size_t n = 1; n < sizeof cut; n++) {
        o = same_for_all_cuts(&fn_load_http1, &c, cut, n, 1);
        CHECK(o.n == 0 && o.verdicts[0].error == FN_LOAD_TRUNCATED, "cut at %zu", n);
    }
    o = fed(&fn_load_http1, &c, cut, 0, 1, 1);
    CHECK(o.verdicts[0].error == FN_LOAD_RESET, "no byte");
    static const char *const garbage[] = {"HTTP/2 200\r\n\r\n", "220 mail\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        o = same_for_all_cuts(&fn_load_http1, &c, garbage[i], strlen(garbage[i]), 0);
        CHECK(o.n == 0 && o.verdicts[0].error == FN_LOAD_GARBAGE && o.verdicts[0].detail, "%s", garbage[i]);
    }
    template.no_body = 1;
    o = same_for_all_cuts(&fn_load_http1, &c, cut, sizeof cut - 5, 0);
    CHECK(o.n == 1 && o.verdicts[0].error == FN_LOAD_FINE, "the answer to HEAD");
    template.no_body = 0;
}

static void test_echo(const fn_load_protocol *protocol, size_t random_len) {
    char scratch[FN_LOAD_SCRATCH_BYTES], wire[64];
    struct iovec pieces[FN_LOAD_MOST_PIECES];
    fn_load_pending pending = {0, 0, 0, 3, 7};
    size_t len = 0;
    template.body = "abc", template.body_len = 3, template.random_len = random_len;
    fn_load_content c = content_of(FN_DIGEST_NONE, 0, -1);
    int n = protocol->request(&c, &pending, scratch, pieces);
    for (int twice = 0; twice < 2; twice++) {
        for (int i = 0; i < n; i++) {
            memcpy(wire + len, pieces[i].iov_base, pieces[i].iov_len);
            len += pieces[i].iov_len;
        }
    }
    if (protocol->datagram) {
        uint32_t tag;
        outcome o = fed(protocol, &c, wire, len / 2, len, 0);
        CHECK(o.n == 1 && o.verdicts[0].error == FN_LOAD_FINE, "a datagram");
        CHECK(protocol->tag(wire, len / 2, &tag) == 0 && tag == 7, "its tag");
        CHECK(protocol->tag(wire, 3, &tag) == -1, "too short for one");
        o = fed(protocol, &c, wire, len / 2 - 1, len, 0);
        CHECK(o.n == 1 && o.verdicts[0].error == FN_LOAD_LENGTH, "a short one");
        return;
    }
    outcome o = same_for_all_cuts(protocol, &c, wire, len, 0);
    CHECK(o.n == 2 && o.verdicts[1].error == FN_LOAD_FINE, "two answers");
    o = same_for_all_cuts(protocol, &c, wire, len - 1, 1);
    CHECK(o.n == 1 && o.verdicts[1].error == FN_LOAD_TRUNCATED, "one and a half");
    wire[len - 1] ^= 1;
    o = same_for_all_cuts(protocol, &c, wire, len, 0);
    CHECK(o.n == 1 && o.verdicts[1].error == FN_LOAD_GARBAGE, "another byte");
}

int main(void) {
    memory = guarded_new(4096);
    for (size_t i = 0; i < sizeof pool; i++) pool[i] = (char)(i * 7);
    test_http1();
    for (size_t random_len = 0; random_len < 20; random_len += 19) {
        test_echo(&fn_load_echo, random_len);
        test_echo(&fn_load_framed, random_len);
        test_echo(&fn_load_udp_echo, random_len);
    }
    puts("ok");
    return 0;
}
