/* Replies of memcached's text protocol. */
#include "memcache_private.h"

static uint8_t find_kind(const char *word, size_t len) {
#define IS(text) (memcmp(word, text, sizeof(text) - 1) == 0)
    switch (len) {
    case 2:
        if (IS("VA")) return FN_MEMCACHE_VA;
        if (IS("HD")) return FN_MEMCACHE_HD;
        if (IS("EN")) return FN_MEMCACHE_EN;
        if (IS("NS")) return FN_MEMCACHE_NS;
        if (IS("EX")) return FN_MEMCACHE_EX;
        if (IS("NF")) return FN_MEMCACHE_NF;
        if (IS("MN")) return FN_MEMCACHE_MN;
        if (IS("ME")) return FN_MEMCACHE_ME;
        return IS("OK") ? FN_MEMCACHE_DONE : 0;
    case 3: return IS("END") ? FN_MEMCACHE_END : 0;
    case 4: return IS("STAT") ? FN_MEMCACHE_STAT : 0;
    case 5:
        if (IS("VALUE")) return FN_MEMCACHE_VALUE;
        if (IS("RESET")) return FN_MEMCACHE_RESET;
        return IS("ERROR") ? FN_MEMCACHE_ERROR : 0;
    case 6:
        if (IS("STORED")) return FN_MEMCACHE_STORED;
        return IS("EXISTS") ? FN_MEMCACHE_EXISTS : 0;
    case 7:
        if (IS("DELETED")) return FN_MEMCACHE_DELETED;
        if (IS("TOUCHED")) return FN_MEMCACHE_TOUCHED;
        return IS("VERSION") ? FN_MEMCACHE_VERSION_REPLY : 0;
    case 9: return IS("NOT_FOUND") ? FN_MEMCACHE_NOT_FOUND : 0;
    case 10: return IS("NOT_STORED") ? FN_MEMCACHE_NOT_STORED : 0;
    case 12:
        if (IS("CLIENT_ERROR")) return FN_MEMCACHE_CLIENT_ERROR;
        return IS("SERVER_ERROR") ? FN_MEMCACHE_SERVER_ERROR : 0;
    default: return 0;
    }
#undef IS
}

static ptrdiff_t refuse(fn_memcache_reply *r, uint8_t error) {
    r->error = error;
    return FN_INVALID;
}

/* The words behind VALUE or VA; how many bytes the data block has in *size. */
static int read_value_line(fn_memcache_reply *r, const fn_memcache_limits *limits, const char *buf, uint64_t *size) {
    size_t word, n, at = r->more;
    if (r->kind == FN_MEMCACHE_VALUE) {
        uint64_t flags;
        r->key_len = fn_memcache_next(buf, &at, r->line_end, &r->key);
        if (!fn_memcache_is_key(buf + r->key, r->key_len, limits->max_key)) return 0;
        n = fn_memcache_next(buf, &at, r->line_end, &word);
        if (!fn_memcache_number(buf + word, n, &flags) || flags > UINT32_MAX) return 0;
        r->client_flags = (uint32_t)flags;
    }
    n = fn_memcache_next(buf, &at, r->line_end, &word);
    if (!fn_memcache_number(buf + word, n, size)) return 0;
    r->more = at;
    if (r->kind == FN_MEMCACHE_VA) return 1;
    n = fn_memcache_next(buf, &at, r->line_end, &word);
    if (n == 0) return 1;
    r->has_number = 1;
    return fn_memcache_number(buf + word, n, &r->number) && fn_memcache_next(buf, &at, r->line_end, &word) == 0;
}

ptrdiff_t fn_memcache_parse_reply(fn_memcache_reply *r, fn_memcache_state *state, const fn_memcache_limits *limits,
                                  const char *buf, size_t len) {
    if (len < state->needed) return FN_PARTIAL;
    memset(r, 0, sizeof *r);
    size_t after, at = 0, word;
    ptrdiff_t end = fn_memcache_find_line(state, buf, len, limits->max_line, &after);
    if (end < 0) return end == FN_INVALID ? refuse(r, FN_MEMCACHE_LINE_TOO_LONG) : FN_PARTIAL;
    r->line_end = (size_t)end;
    size_t n = fn_memcache_next(buf, &at, r->line_end, &word);
    if (n == 0 || word != 0) return refuse(r, FN_MEMCACHE_BAD_REPLY);
    r->kind = find_kind(buf, n);
    r->more = at;
    if (r->kind == FN_MEMCACHE_VALUE || r->kind == FN_MEMCACHE_VA) {
        uint64_t size;
        if (!read_value_line(r, limits, buf, &size)) return refuse(r, FN_MEMCACHE_BAD_LENGTH);
        if (size > limits->max_value) return refuse(r, FN_MEMCACHE_VALUE_TOO_LARGE);
        r->value = after;
        r->value_len = (size_t)size;
        switch (fn_memcache_check_block(state, buf, len, after, r->value_len)) {
        case 0: return FN_PARTIAL;
        case 1: return (ptrdiff_t)(after + r->value_len + 2);
        default: return refuse(r, FN_MEMCACHE_BAD_DATA);
        }
    }
    if (r->kind == 0) {
        if (!fn_memcache_number(buf, n, &r->number)) return refuse(r, FN_MEMCACHE_BAD_REPLY);
        r->kind = FN_MEMCACHE_NUMBER;
        r->has_number = 1;
    } else if (r->kind == FN_MEMCACHE_STAT) {
        r->key_len = fn_memcache_next(buf, &at, r->line_end, &r->key);
        if (r->key_len == 0) return refuse(r, FN_MEMCACHE_BAD_REPLY);
        r->more = at;
    }
    /* The text begins at its first word. */
    while (r->more < r->line_end && buf[r->more] == ' ') r->more++;
    return (ptrdiff_t)after;
}
