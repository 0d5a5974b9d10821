/* Requests of memcached's text protocol. A line is found, then its verb, then its words in the verb's own order. */
#include "memcache_private.h"

enum { MOST_WORDS = 8, BLOCK_MAX = INT32_MAX - 2 };

/* --- words and numbers --- */

size_t fn_memcache_next(const char *buf, size_t *at, size_t end, size_t *word) {
    size_t i = *at;
    while (i < end && buf[i] == ' ') i++;
    size_t start = i;
    while (i < end && buf[i] != ' ') i++;
    *word = start;
    *at = i;
    return i - start;
}

int fn_memcache_number(const char *word, size_t len, uint64_t *number) {
    uint64_t value = 0;
    if (len == 0) return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (uint8_t)word[i] - (unsigned)'0';
        if (digit > 9 || value > UINT64_MAX / 10) return 0;
        value *= 10;
        if (value > UINT64_MAX - digit) return 0;
        value += digit;
    }
    *number = value;
    return 1;
}

int fn_memcache_signed(const char *word, size_t len, int64_t *number) {
    uint64_t value;
    int negative = len > 0 && word[0] == '-';
    if (!fn_memcache_number(word + negative, len - (size_t)negative, &value) || value > INT64_MAX) return 0;
    *number = negative ? -(int64_t)value : (int64_t)value;
    return 1;
}

int fn_memcache_is_key(const char *key, size_t len, size_t max_key) {
    if (len < 1 || len > max_key) return 0;
    unsigned bad = 0;
    for (size_t i = 0; i < len; i++) bad |= (unsigned)((uint8_t)key[i] <= ' ') | (unsigned)(key[i] == 0x7f);
    return !bad;
}

/* --- lines and data blocks --- */

ptrdiff_t fn_memcache_find_line(fn_memcache_state *state, const char *buf, size_t len, size_t max_line, size_t *after) {
    size_t most = max_line + 2, there = len < most ? len : most;
    const char *lf = there > state->searched ? memchr(buf + state->searched, '\n', there - state->searched) : NULL;
    if (lf == NULL) {
        state->searched = there;
        return there == most ? FN_INVALID : FN_PARTIAL;
    }
    size_t end = (size_t)(lf - buf);
    *after = end + 1;
    if (end > 0 && buf[end - 1] == '\r') end--;
    state->searched = 0;
    return end <= max_line ? (ptrdiff_t)end : FN_INVALID;
}

int fn_memcache_check_block(fn_memcache_state *state, const char *buf, size_t len, size_t start, size_t value_len) {
    if (len - start < value_len + 2) {
        state->needed = start + value_len + 2;
        return 0;
    }
    state->needed = 0;
    return buf[start + value_len] == '\r' && buf[start + value_len + 1] == '\n' ? 1 : -1;
}

/* --- requests --- */

static uint8_t find_verb(const char *word, size_t len) {
#define IS(text) (memcmp(word, text, sizeof(text) - 1) == 0)
    switch (len) {
    case 2:
        if (word[0] != 'm') return 0;
        switch (word[1]) {
        case 'g': return FN_MEMCACHE_META_GET;
        case 's': return FN_MEMCACHE_META_SET;
        case 'd': return FN_MEMCACHE_META_DELETE;
        case 'a': return FN_MEMCACHE_META_ARITHMETIC;
        case 'n': return FN_MEMCACHE_META_NOOP;
        case 'e': return FN_MEMCACHE_META_DEBUG;
        default: return 0;
        }
    case 3:
        if (IS("get")) return FN_MEMCACHE_GET;
        if (IS("set")) return FN_MEMCACHE_SET;
        if (IS("add")) return FN_MEMCACHE_ADD;
        if (IS("cas")) return FN_MEMCACHE_CAS;
        return IS("gat") ? FN_MEMCACHE_GAT : 0;
    case 4:
        if (IS("gets")) return FN_MEMCACHE_GETS;
        if (IS("incr")) return FN_MEMCACHE_INCR;
        if (IS("decr")) return FN_MEMCACHE_DECR;
        if (IS("gats")) return FN_MEMCACHE_GATS;
        return IS("quit") ? FN_MEMCACHE_QUIT : 0;
    case 5:
        if (IS("touch")) return FN_MEMCACHE_TOUCH;
        return IS("stats") ? FN_MEMCACHE_STATS : 0;
    case 6:
        if (IS("delete")) return FN_MEMCACHE_DELETE;
        return IS("append") ? FN_MEMCACHE_APPEND : 0;
    case 7:
        if (IS("replace")) return FN_MEMCACHE_REPLACE;
        if (IS("prepend")) return FN_MEMCACHE_PREPEND;
        return IS("version") ? FN_MEMCACHE_VERSION : 0;
    case 9:
        if (IS("flush_all")) return FN_MEMCACHE_FLUSH_ALL;
        return IS("verbosity") ? FN_MEMCACHE_VERBOSITY : 0;
    default: return 0;
    }
}

/* What a browser sends that a page made talk to this port. */
static int is_http(const char *word, size_t len) {
    switch (len) {
    case 4: return IS("POST") || IS("HEAD");
    case 3: return IS("GET") || IS("PUT");
    case 5: return IS("Host:") || IS("PATCH");
    case 6: return IS("DELETE");
    case 7: return IS("OPTIONS");
    default: return 0;
    }
}

static int is_noreply(const char *buf, fn_memcache_word w) {
    const char *word = buf + w.at;
    return w.len == 7 && IS("noreply");
}
#undef IS

static uint8_t check_keys(fn_memcache_request *r, const fn_memcache_limits *limits, const char *buf, size_t at) {
    size_t word, n = fn_memcache_next(buf, &at, r->line_end, &word);
    if (n == 0) return FN_MEMCACHE_UNKNOWN;
    r->key = word;
    r->key_len = n;
    r->more = at;
    do {
        if (!fn_memcache_is_key(buf + word, n, limits->max_key)) return FN_MEMCACHE_BAD_FORMAT;
        n = fn_memcache_next(buf, &at, r->line_end, &word);
    } while (n);
    return FN_MEMCACHE_OK;
}

/* The line of a storage command, whose data block begins at `after`. Returns what the whole request consumes, or says
 * that the line is all that is consumed now and the block is passed over. */
static ptrdiff_t read_storage(fn_memcache_request *r, fn_memcache_state *state, const fn_memcache_limits *limits,
                              const char *buf, size_t len, size_t at, size_t after) {
    fn_memcache_word w[6];
    size_t count = 0, wanted = r->verb == FN_MEMCACHE_META_SET ? 2 : r->verb == FN_MEMCACHE_CAS ? 5 : 4;
    while (count < wanted && (w[count].len = fn_memcache_next(buf, &at, r->line_end, &w[count].at))) count++;
    uint64_t size, flags = 0;
    fn_memcache_word size_word = {0, 0};
    if (count == wanted) size_word = w[wanted == 2 ? 1 : 3];
    if (!fn_memcache_number(buf + size_word.at, size_word.len, &size) || size > BLOCK_MAX) {
        r->error = FN_MEMCACHE_BAD_LENGTH;
        return FN_INVALID;
    }
    r->key = w[0].at;
    r->key_len = w[0].len;
    r->more = at;
    int good = fn_memcache_is_key(buf + r->key, r->key_len, limits->max_key);
    if (wanted > 2) {
        good &= fn_memcache_number(buf + w[1].at, w[1].len, &flags) && flags <= UINT32_MAX;
        good &= fn_memcache_signed(buf + w[2].at, w[2].len, &r->exptime);
        if (wanted == 5) good &= fn_memcache_number(buf + w[4].at, w[4].len, &r->number);
        if ((w[5].len = fn_memcache_next(buf, &at, r->line_end, &w[5].at))) {
            r->noreply = (uint8_t)is_noreply(buf, w[5]);
            good &= r->noreply && fn_memcache_next(buf, &at, r->line_end, &w[5].at) == 0;
        }
        r->client_flags = (uint32_t)flags;
    }
    if (!good || size > limits->max_value) {
        r->error = good ? FN_MEMCACHE_TOO_LARGE : FN_MEMCACHE_BAD_FORMAT;
        state->skip = size + 2;
        return (ptrdiff_t)after;
    }
    r->value = after;
    r->value_len = (size_t)size;
    switch (fn_memcache_check_block(state, buf, len, after, r->value_len)) {
    case 0: return FN_PARTIAL;
    case 1: return (ptrdiff_t)(after + r->value_len + 2);
    default: r->error = FN_MEMCACHE_BAD_DATA; return FN_INVALID;
    }
}

/* delete, incr, decr, touch, flush_all, verbosity: words, and "noreply" as the last of them. */
static uint8_t read_words(fn_memcache_request *r, const fn_memcache_limits *limits, const char *buf, size_t at) {
    fn_memcache_word w[MOST_WORDS];
    size_t count = 0;
    while (count < MOST_WORDS && (w[count].len = fn_memcache_next(buf, &at, r->line_end, &w[count].at))) count++;
    if (count && is_noreply(buf, w[count - 1])) {
        r->noreply = 1;
        count--;
    }
    if (r->verb == FN_MEMCACHE_FLUSH_ALL) {
        r->exptime = -1;
        if (count > 1) return FN_MEMCACHE_UNKNOWN;
        if (count && !fn_memcache_signed(buf + w[0].at, w[0].len, &r->exptime)) return FN_MEMCACHE_BAD_EXPTIME;
        return FN_MEMCACHE_OK;
    }
    if (r->verb == FN_MEMCACHE_VERBOSITY) {
        if (count != 1) return FN_MEMCACHE_UNKNOWN;
        return fn_memcache_number(buf + w[0].at, w[0].len, &r->number) ? FN_MEMCACHE_OK : FN_MEMCACHE_BAD_FORMAT;
    }
    if (count < (r->verb == FN_MEMCACHE_DELETE ? 1u : 2u) || count > 2) return FN_MEMCACHE_UNKNOWN;
    r->key = w[0].at;
    r->key_len = w[0].len;
    if (!fn_memcache_is_key(buf + r->key, r->key_len, limits->max_key)) return FN_MEMCACHE_BAD_FORMAT;
    if (r->verb == FN_MEMCACHE_TOUCH) {
        return fn_memcache_signed(buf + w[1].at, w[1].len, &r->exptime) ? FN_MEMCACHE_OK : FN_MEMCACHE_BAD_EXPTIME;
    }
    if (r->verb == FN_MEMCACHE_DELETE) {
        /* Old clients send a time; only that of none means anything. */
        return count == 1 || (w[1].len == 1 && buf[w[1].at] == '0') ? FN_MEMCACHE_OK : FN_MEMCACHE_BAD_FORMAT;
    }
    return fn_memcache_number(buf + w[1].at, w[1].len, &r->number) ? FN_MEMCACHE_OK : FN_MEMCACHE_BAD_DELTA;
}

static ptrdiff_t pass_over(fn_memcache_request *r, fn_memcache_state *state, const char *buf, size_t len) {
    size_t most = state->skip - 2 < len ? (size_t)(state->skip - 2) : len;
    state->skip -= most;
    if (state->skip > 2 || len - most < 2) return most ? (ptrdiff_t)most : FN_PARTIAL;
    state->skip = 0;
    if (buf[most] == '\r' && buf[most + 1] == '\n') return (ptrdiff_t)(most + 2);
    r->error = FN_MEMCACHE_BAD_DATA;
    return FN_INVALID;
}

ptrdiff_t fn_memcache_parse_request(fn_memcache_request *r, fn_memcache_state *state, const fn_memcache_limits *limits,
                                    const char *buf, size_t len) {
    if (len < state->needed) return FN_PARTIAL;
    memset(r, 0, sizeof *r);
    if (state->skip) return pass_over(r, state, buf, len);
    size_t after, at = 0, word;
    ptrdiff_t end = fn_memcache_find_line(state, buf, len, limits->max_line, &after);
    if (end < 0) {
        if (end == FN_INVALID) r->error = FN_MEMCACHE_LINE_TOO_LONG;
        return end;
    }
    r->line_end = (size_t)end;
    size_t n = fn_memcache_next(buf, &at, r->line_end, &word);
    r->verb = find_verb(buf + word, n);
    r->more = at;
    switch (r->verb) {
    case FN_MEMCACHE_NOTHING:
        r->error = is_http(buf + word, n) ? FN_MEMCACHE_HTTP : FN_MEMCACHE_UNKNOWN;
        if (r->error == FN_MEMCACHE_HTTP) return FN_INVALID;
        break;
    case FN_MEMCACHE_GET:
    case FN_MEMCACHE_GETS: r->error = check_keys(r, limits, buf, at); break;
    case FN_MEMCACHE_GAT:
    case FN_MEMCACHE_GATS:
        n = fn_memcache_next(buf, &at, r->line_end, &word);
        if (n == 0) r->error = FN_MEMCACHE_UNKNOWN;
        else if (!fn_memcache_signed(buf + word, n, &r->exptime)) r->error = FN_MEMCACHE_BAD_EXPTIME;
        else r->error = check_keys(r, limits, buf, at);
        break;
    case FN_MEMCACHE_SET:
    case FN_MEMCACHE_ADD:
    case FN_MEMCACHE_REPLACE:
    case FN_MEMCACHE_APPEND:
    case FN_MEMCACHE_PREPEND:
    case FN_MEMCACHE_CAS:
    case FN_MEMCACHE_META_SET: return read_storage(r, state, limits, buf, len, at, after);
    case FN_MEMCACHE_META_GET:
    case FN_MEMCACHE_META_DELETE:
    case FN_MEMCACHE_META_ARITHMETIC:
    case FN_MEMCACHE_META_DEBUG:
        r->key_len = fn_memcache_next(buf, &at, r->line_end, &r->key);
        r->more = at;
        if (r->key_len == 0) r->error = FN_MEMCACHE_UNKNOWN;
        else if (!fn_memcache_is_key(buf + r->key, r->key_len, limits->max_key)) r->error = FN_MEMCACHE_BAD_FORMAT;
        break;
    case FN_MEMCACHE_DELETE:
    case FN_MEMCACHE_INCR:
    case FN_MEMCACHE_DECR:
    case FN_MEMCACHE_TOUCH:
    case FN_MEMCACHE_FLUSH_ALL:
    case FN_MEMCACHE_VERBOSITY: r->error = read_words(r, limits, buf, at); break;
    default: break; /* stats, version, quit, mn */
    }
    return (ptrdiff_t)after;
}

const char *fn_memcache_error_text(int error) {
    static const char *const texts[FN_MEMCACHE_ERROR_COUNT] = {
        "OK",
        "ERROR",
        "CLIENT_ERROR bad command line format",
        "CLIENT_ERROR invalid numeric delta argument",
        "CLIENT_ERROR invalid exptime argument",
        "SERVER_ERROR object too large for cache",
        "CLIENT_ERROR bad data chunk: its length cannot be read",
        "CLIENT_ERROR bad data chunk",
        "CLIENT_ERROR line too long",
        "CLIENT_ERROR this is no web server",
        "the server sent a line that no memcached server may send",
        "the server sent a value that is larger than the limit",
    };
    return (unsigned)error < FN_MEMCACHE_ERROR_COUNT ? texts[error] : "unknown error";
}
