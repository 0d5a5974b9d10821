/* A stream of memcached's protocol read in some way of cutting it, as text that compares. Shared by tests and fuzzers. */
#ifndef FASTNET_TESTS_MEMCACHED_H
#define FASTNET_TESTS_MEMCACHED_H

#include "check.h"
#include "fastnet/memcache.h"

#define MAX_STREAM 4096

/* FNV-1a over all parts of all messages, so that outcomes of any size compare. */
typedef struct {
    size_t messages, consumed;
    uint64_t hash;
    int error; /* the fatal one */
    char text[512]; /* verb or kind, its error and what it holds, as far as there is room */
} outcome;

static inline void note(outcome *found, const void *data, size_t len) {
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) found->hash = (found->hash ^ p[i]) * 0x100000001b3u;
    found->hash = (found->hash ^ 0xff) * 0x100000001b3u;
}

static inline void note_number(outcome *found, uint64_t number) { note(found, &number, sizeof number); }

static inline void inside(size_t at, size_t len, size_t consumed) {
    CHECK(at <= consumed && len <= consumed - at, "%zu bytes at %zu of %zu", len, at, consumed);
}

/* data[0:len], of which `step` bytes more are there at every call (0: all at once), each ending at the guarded page. */
static inline void read_requests(outcome *found, guarded g, const fn_memcache_limits *limits, const char *data,
                                 size_t len, size_t step) {
    fn_memcache_state state = {0};
    fn_memcache_request r;
    size_t there = step == 0 || step > len ? len : step, used = 0;
    memset(found, 0, sizeof *found);
    for (;;) {
        size_t left = there - found->consumed;
        const char *buf = guarded_put(g, data + found->consumed, left);
        ptrdiff_t n = fn_memcache_parse_request(&r, &state, limits, buf, left);
        if (n == FN_INVALID) {
            CHECK(r.error >= FN_MEMCACHE_BAD_LENGTH, "fatal error %d", r.error);
            found->error = r.error;
            return;
        }
        if (n >= 0) {
            size_t consumed = (size_t)n;
            CHECK(n > 0 && consumed <= left, "consumed %td of %zu", n, left);
            CHECK(r.error < FN_MEMCACHE_BAD_LENGTH, "error %d", r.error);
            found->consumed += consumed;
            if (r.verb == 0 && r.error == 0) continue;
            found->messages++;
            inside(r.key, r.key_len, consumed);
            inside(r.value, r.value_len, consumed);
            inside(r.more, r.line_end - r.more, consumed);
            CHECK(r.error || r.key_len <= limits->max_key, "a key of %zu", r.key_len);
            CHECK(r.value_len <= limits->max_value && r.line_end <= limits->max_line, "a value of %zu", r.value_len);
            note_number(found, (uint64_t)r.verb << 16 | (uint64_t)r.error << 8 | r.noreply);
            note_number(found, r.client_flags);
            note_number(found, (uint64_t)r.exptime);
            note_number(found, r.number);
            note(found, buf + r.key, r.key_len);
            note(found, buf + r.more, r.line_end - r.more);
            note(found, buf + r.value, r.value_len);
            int wrote = snprintf(found->text + used, sizeof found->text - used, "[%d/%d%s %.*s|%.*s|%.*s]", r.verb,
                                 r.error, r.noreply ? "q" : "", (int)r.key_len, buf + r.key,
                                 (int)(r.line_end - r.more), buf + r.more, (int)r.value_len, buf + r.value);
            used = used + (size_t)wrote < sizeof found->text ? used + (size_t)wrote : sizeof found->text - 1;
            continue;
        }
        if (there == len) return;
        there = len - there < step ? len : there + step;
    }
}

static inline void read_replies(outcome *found, guarded g, const fn_memcache_limits *limits, const char *data,
                                size_t len, size_t step) {
    fn_memcache_state state = {0};
    fn_memcache_reply r;
    size_t there = step == 0 || step > len ? len : step, used = 0;
    memset(found, 0, sizeof *found);
    for (;;) {
        size_t left = there - found->consumed;
        const char *buf = guarded_put(g, data + found->consumed, left);
        ptrdiff_t n = fn_memcache_parse_reply(&r, &state, limits, buf, left);
        if (n == FN_INVALID) {
            CHECK(r.error >= FN_MEMCACHE_BAD_LENGTH, "fatal error %d", r.error);
            found->error = r.error;
            return;
        }
        if (n >= 0) {
            size_t consumed = (size_t)n;
            CHECK(n > 0 && consumed <= left && r.kind && !r.error, "consumed %td of %zu", n, left);
            found->consumed += consumed;
            found->messages++;
            inside(r.key, r.key_len, consumed);
            inside(r.value, r.value_len, consumed);
            inside(r.more, r.line_end - r.more, consumed);
            CHECK(r.value_len <= limits->max_value && r.line_end <= limits->max_line, "a value of %zu", r.value_len);
            note_number(found, (uint64_t)r.kind << 8 | r.has_number);
            note_number(found, r.client_flags);
            note_number(found, r.number);
            note(found, buf + r.key, r.key_len);
            note(found, buf + r.more, r.line_end - r.more);
            note(found, buf + r.value, r.value_len);
            int wrote = snprintf(found->text + used, sizeof found->text - used, "[%d %.*s|%.*s|%.*s]", r.kind,
                                 (int)r.key_len, buf + r.key, (int)(r.line_end - r.more), buf + r.more,
                                 (int)r.value_len, buf + r.value);
            used = used + (size_t)wrote < sizeof found->text ? used + (size_t)wrote : sizeof found->text - 1;
            continue;
        }
        if (there == len) return;
        there = len - there < step ? len : there + step;
    }
}

static inline void same_outcome(const outcome *a, const outcome *b, size_t step) {
    CHECK(a->error == b->error, "cut every %zu: errors %d and %d", step, a->error, b->error);
    CHECK(a->messages == b->messages && a->hash == b->hash, "cut every %zu: %zu and %zu messages, %s and %s", step,
          a->messages, b->messages, a->text, b->text);
}

#endif
