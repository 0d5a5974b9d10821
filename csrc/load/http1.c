/* HTTP/1.1 answers for the load generator: parsed strictly, bodies counted and summed but never kept. */
#include <string.h>

#include "fastnet/checksum.h"
#include "fastnet/http1.h"
#include "load/protocol.h"

enum { HEAD = 0, BODY, CHUNKED, TRAILERS, UNTIL_END };
enum { MOST_FIELDS = 256, MOST_EXTENSIONS = 4096 };

/* The engine's buffer is larger than what these let a head have. */
static const fn_http1_limits LIMITS = {8192, 65536, MOST_FIELDS};

typedef struct {
    uint8_t phase, close, begun;
    uint16_t status;
    uint32_t crc;
    uint64_t remaining, length;
    fn_http1_chunked chunked;
} answer;

static int request(const fn_load_content *content, const fn_load_pending *pending, char *scratch,
                   struct iovec *pieces) {
    const fn_load_template *t = &content->templates[pending->template_index];
    int n = 0;
    (void)scratch;
    pieces[n++] = (struct iovec){(void *)(uintptr_t)t->head, t->head_len};
    if (t->body_len) pieces[n++] = (struct iovec){(void *)(uintptr_t)t->body, t->body_len};
    if (t->random_len) pieces[n++] = (struct iovec){(void *)(uintptr_t)(content->pool + pending->offset), t->random_len};
    return n;
}

static void take(answer *a, const fn_load_content *content, const char *data, size_t len) {
    a->length += len;
    if (content->digest != FN_DIGEST_NONE) a->crc = fn_crc32c(a->crc, data, len);
}

static void finish(answer *a, const fn_load_content *content, const fn_load_pending *pending,
                   fn_load_verdict *verdict) {
    const fn_load_template *t = &content->templates[pending->template_index];
    uint32_t expected = content->crc32c;
    verdict->done = 1;
    verdict->status = a->status;
    verdict->close = a->close;
    if (content->digest == FN_DIGEST_ECHO) {
        expected = fn_crc32c(FN_CRC32C_EMPTY, t->body, t->body_len);
        expected = fn_crc32c(expected, content->pool + pending->offset, t->random_len);
    }
    if (content->status ? a->status != content->status : a->status < 200 || a->status > 399)
        verdict->error = FN_LOAD_STATUS;
    else if (content->length >= 0 && a->length != (uint64_t)content->length && !t->no_body)
        verdict->error = FN_LOAD_LENGTH;
    else if (content->digest != FN_DIGEST_NONE && a->crc != expected && !t->no_body)
        verdict->error = FN_LOAD_DIGEST;
    memset(a, 0, sizeof *a);
}

static void spoil(answer *a, int error, fn_load_verdict *verdict) {
    (void)a;
    verdict->error = FN_LOAD_GARBAGE;
    verdict->detail = fn_http1_error_text(error);
}

/* What comes behind a head that has been read. */
static void begin_body(answer *a, const fn_http1_head *head, int no_body) {
    int keep = head->minor_version ? !(head->flags & FN_HTTP1_CLOSE) : !!(head->flags & FN_HTTP1_KEEP_ALIVE);
    a->status = head->status;
    a->close = !keep;
    if (no_body || head->status == 204 || head->status == 304) {
        a->phase = BODY;
    } else if (head->flags & FN_HTTP1_CHUNKED) {
        a->phase = CHUNKED;
    } else if (head->flags & FN_HTTP1_HAS_LENGTH) {
        a->phase = BODY;
        a->remaining = head->content_length;
    } else {
        a->phase = UNTIL_END;
        a->close = 1;
    }
}

static size_t receive(void *state, const fn_load_content *content, const fn_load_pending *pending, const char *buf,
                      size_t len, fn_load_verdict *verdict) {
    answer *a = state;
    fn_http1_head head;
    fn_http1_field fields[MOST_FIELDS];
    size_t at = 0;
    if (len) a->begun = 1;
    for (;;) {
        switch (a->phase) {
        case HEAD:
        case TRAILERS: {
            /* A head that comes in pieces is read again from its start: rare, small, and needs no memory. */
            fn_http1_head_init(&head);
            ptrdiff_t n = a->phase == HEAD ? fn_http1_parse_response(&head, buf + at, len - at, fields, &LIMITS)
                                           : fn_http1_parse_trailers(&head, buf + at, len - at, fields, &LIMITS);
            if (n == FN_PARTIAL) return at;
            if (n == FN_INVALID) {
                spoil(a, head.error, verdict);
                return at;
            }
            at += (size_t)n;
            if (a->phase == TRAILERS) {
                finish(a, content, pending, verdict);
                return at;
            }
            if (head.status >= 100 && head.status < 200 && head.status != 101) break; /* another head follows */
            begin_body(a, &head, content->templates[pending->template_index].no_body || head.status == 101);
            if (head.status == 101) a->close = 1; /* what follows would be another protocol */
            break;
        }
        case BODY: {
            size_t n = len - at < a->remaining ? len - at : (size_t)a->remaining;
            take(a, content, buf + at, n);
            a->remaining -= n;
            at += n;
            if (a->remaining) return at;
            finish(a, content, pending, verdict);
            return at;
        }
        case CHUNKED: {
            size_t data, data_len;
            ptrdiff_t n =
                fn_http1_decode_chunked(&a->chunked, buf + at, len - at, MOST_EXTENSIONS, &data, &data_len);
            if (n == FN_INVALID) {
                spoil(a, a->chunked.error, verdict);
                return at;
            }
            take(a, content, buf + at + data, data_len);
            at += (size_t)n;
            if (a->chunked.done)
                a->phase = TRAILERS;
            else if (at == len)
                return at;
            break;
        }
        default: /* UNTIL_END */
            take(a, content, buf + at, len - at);
            return len;
        }
    }
}

static void end(void *state, const fn_load_content *content, const fn_load_pending *pending,
                fn_load_verdict *verdict) {
    answer *a = state;
    if (a->phase == UNTIL_END) {
        finish(a, content, pending, verdict);
        return;
    }
    verdict->error = a->begun ? FN_LOAD_TRUNCATED : FN_LOAD_RESET;
    verdict->detail = a->begun ? "the server closed the connection within an answer"
                               : "the server closed the connection without an answer";
}

const fn_load_protocol fn_load_http1 = {sizeof(answer), 0, request, receive, end, NULL};
