/* Echo over TCP (as it is, or in frames with a length of four bytes before them) and over UDP: a request is the
 * template's body and random data, and the answer must be the same bytes. */
#include <string.h>

#include "load/protocol.h"

typedef struct {
    size_t at;            /* bytes of the answer read */
} answer;

static const char SHORT[] = "the server closed the connection within an answer";
static const char NONE[] = "the server closed the connection without an answer";

static size_t prefix(const fn_load_template *t, char *out) {
    size_t n = t->body_len + t->random_len;
    for (int i = 0; i < 4; i++) out[i] = (char)(n >> 8 * (3 - i));
    return 4;
}

static int payload(const fn_load_content *content, const fn_load_pending *pending, struct iovec *pieces) {
    const fn_load_template *t = &content->templates[pending->template_index];
    int n = 0;
    if (t->body_len) pieces[n++] = (struct iovec){(void *)(uintptr_t)t->body, t->body_len};
    if (t->random_len) pieces[n++] = (struct iovec){(void *)(uintptr_t)(content->pool + pending->offset), t->random_len};
    return n;
}

static int echo_request(const fn_load_content *content, const fn_load_pending *pending, char *scratch,
                        struct iovec *pieces) {
    (void)scratch;
    return payload(content, pending, pieces);
}

static int framed_request(const fn_load_content *content, const fn_load_pending *pending, char *scratch,
                          struct iovec *pieces) {
    pieces[0] = (struct iovec){scratch, prefix(&content->templates[pending->template_index], scratch)};
    return 1 + payload(content, pending, pieces + 1);
}

/* The datagram begins with its tag, so that an answer that comes late or twice is known. */
static int udp_request(const fn_load_content *content, const fn_load_pending *pending, char *scratch,
                       struct iovec *pieces) {
    memcpy(scratch, &pending->tag, sizeof pending->tag);
    pieces[0] = (struct iovec){scratch, sizeof pending->tag};
    return 1 + payload(content, pending, pieces + 1);
}

/* Compare with what was sent, piece by piece; every difference is garbage, since bytes have no other frame. */
static size_t compare(answer *a, const struct iovec *pieces, int n, const char *buf, size_t len,
                      fn_load_verdict *verdict) {
    size_t used = 0, start = 0;
    for (int i = 0; i < n; start += pieces[i].iov_len, i++) {
        size_t end = start + pieces[i].iov_len;
        if (a->at >= end) continue;
        size_t piece = end - a->at < len - used ? end - a->at : len - used;
        if (memcmp((const char *)pieces[i].iov_base + (a->at - start), buf + used, piece)) {
            verdict->error = FN_LOAD_GARBAGE;
            verdict->detail = "the answer is not what was sent";
            return used;
        }
        a->at += piece;
        used += piece;
        if (a->at < end) return used;
    }
    a->at = 0;
    verdict->done = 1;
    return used;
}

static size_t echo_receive(void *state, const fn_load_content *content, const fn_load_pending *pending,
                           const char *buf, size_t len, fn_load_verdict *verdict) {
    struct iovec pieces[FN_LOAD_MOST_PIECES];
    return compare(state, pieces, payload(content, pending, pieces), buf, len, verdict);
}

static size_t framed_receive(void *state, const fn_load_content *content, const fn_load_pending *pending,
                             const char *buf, size_t len, fn_load_verdict *verdict) {
    char scratch[FN_LOAD_SCRATCH_BYTES];
    struct iovec pieces[FN_LOAD_MOST_PIECES];
    return compare(state, pieces, framed_request(content, pending, scratch, pieces), buf, len, verdict);
}

static size_t udp_receive(void *state, const fn_load_content *content, const fn_load_pending *pending,
                          const char *buf, size_t len, fn_load_verdict *verdict) {
    char scratch[FN_LOAD_SCRATCH_BYTES];
    struct iovec pieces[FN_LOAD_MOST_PIECES];
    answer *a = state;
    size_t used = compare(a, pieces, udp_request(content, pending, scratch, pieces), buf, len, verdict);
    a->at = 0; /* a datagram is an answer, or none */
    if (verdict->error != FN_LOAD_GARBAGE && (!verdict->done || used != len)) {
        verdict->error = FN_LOAD_LENGTH;
        verdict->detail = "the answer is shorter or longer than what was sent";
    }
    verdict->done = 1;
    return len;
}

static int udp_tag(const char *buf, size_t len, uint32_t *tag) {
    if (len < sizeof *tag) return -1;
    memcpy(tag, buf, sizeof *tag);
    return 0;
}

static void end(void *state, const fn_load_content *content, const fn_load_pending *pending,
                fn_load_verdict *verdict) {
    const answer *a = state;
    (void)content;
    (void)pending;
    verdict->error = a->at ? FN_LOAD_TRUNCATED : FN_LOAD_RESET;
    verdict->detail = a->at ? SHORT : NONE;
}

const fn_load_protocol fn_load_echo = {sizeof(answer), 0, echo_request, echo_receive, end, NULL};
const fn_load_protocol fn_load_framed = {sizeof(answer), 0, framed_request, framed_receive, end, NULL};
const fn_load_protocol fn_load_udp_echo = {sizeof(answer), 1, udp_request, udp_receive, end, udp_tag};
