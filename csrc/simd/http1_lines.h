/* The fast path of the head parser, written once. Each instruction set's file defines, for a block of 64 bytes,
 *   fn_block, load(p), not_token(b), not_value(b), not_target(b), not_host(b), mark(b) ('?' or '%'): a bit a byte,
 *   the lowest first;
 *   load_some(p, n) of 0 < n < 64 bytes, zeros behind them, if it defines FN_HAS_LOAD_SOME;
 *   FN_OPS, the name of its operations,
 * and includes this file. A block is classified once; all lines in it are found by counting zeros in its masks, so
 * that finding one line's end does not wait for the one before. Anything that is not a whole, faultless line
 * within the limits is left to the machine. */
#include "../http1_private.h"

/* The block at base, and where its masks stop. Bytes from the input's end on count as not allowed. */
typedef struct {
    fn_block block;
    unsigned shift; /* bytes of the block that stand before base */
    uint64_t beyond;
} fn_window;

#ifndef FN_HAS_LOAD_SOME
/* 0 < n < 64 bytes, with no call. */
FN_INLINE void copy_some(char *to, const char *from, size_t n) {
    if (n >= 32) {
        memcpy(to, from, 32);
        memcpy(to + n - 32, from + n - 32, 32);
    } else if (n >= 16) {
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    }
}
#endif

FN_INLINE fn_window window_at(const char *buf, size_t len, size_t base) {
    fn_window w = {.shift = 0, .beyond = 0};
    size_t n = len - base;
    if (FN_LIKELY(n >= 64)) {
        w.block = load(buf + base);
        return w;
    }
#ifdef FN_HAS_LOAD_SOME
    w.block = load_some(buf + base, (unsigned)n);
#else
    w.beyond = ~(uint64_t)0 << n;
    if (len >= 64) {
        w.block = load(buf + len - 64);
        w.shift = (unsigned)(64 - n);
    } else {
        char copy[64] = {0};
        copy_some(copy, buf + base, n);
        w.block = load(copy);
    }
#endif
    return w;
}

FN_INLINE uint64_t stops(const fn_window *w, uint64_t mask) {
    return mask >> w->shift | w->beyond;
}

FN_INLINE uint64_t hits(const fn_window *w, uint64_t mask) {
    return mask >> w->shift & ~w->beyond;
}

FN_INLINE unsigned lowest(uint64_t mask) {
    return (unsigned)__builtin_ctzll(mask);
}

FN_INLINE uint64_t word_at(const char *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

FN_INLINE int is_pair(const char *p, const char *wanted) {
    uint16_t pair, other;
    memcpy(&pair, p, 2);
    memcpy(&other, wanted, 2);
    return pair == other;
}

FN_INLINE int is_crlf(const char *p) {
    return is_pair(p, "\r\n");
}

/* 0 or 1 for "HTTP/1.0" and "HTTP/1.1", more for anything else. */
FN_INLINE uint64_t minor_version(const char *p) {
    uint64_t difference = word_at(p) ^ word_at("HTTP/1.0");
    return difference << 8 ? 2 : difference >> 56;
}

/* The known names by length: the eight bytes that end at the colon, where the name is shorter with a mask that hides
 * the bytes before it, and the first eight of the longer ones. */
#define ALL_BYTES "\xff\xff\xff\xff\xff\xff\xff\xff"
static const char known_end[32][8] = {
    "-", "-", "-", "-", "\0\0\0\0host", "-", "\0\0expect", "\0upgrade", "-", "-", "nnection", "-", "ent-type", "-",
    "t-length", "-", "-", "encoding", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"};
static const char known_mask[32][8] = {
    [4] = "\0\0\0\0\xff\xff\xff\xff", [6] = "\0\0\xff\xff\xff\xff\xff\xff", [7] = "\0\xff\xff\xff\xff\xff\xff\xff",
    [10] = ALL_BYTES, [12] = ALL_BYTES, [14] = ALL_BYTES, [17] = ALL_BYTES};
static const char known_begin[18][8] = {
    [10] = "connecti", [12] = "content-", [14] = "content-", [17] = "transfer"};
static const uint8_t known_id[18] = {
    [4] = FN_HTTP1_HOST, [6] = FN_HTTP1_EXPECT, [7] = FN_HTTP1_UPGRADE, [10] = FN_HTTP1_CONNECTION,
    [12] = FN_HTTP1_CONTENT_TYPE, [14] = FN_HTTP1_CONTENT_LENGTH, [17] = FN_HTTP1_TRANSFER_ENCODING};
#define LOWER_BITS 0x2020202020202020u /* in tokens, they make no other character a letter or '-' */

/* May be, since a name 32 bytes longer has the same place in the tables. At least 8 bytes stand before the colon. */
FN_INLINE int may_be_known(const char *colon, size_t len) {
    return ((word_at(colon - 8) | LOWER_BITS) & word_at(known_mask[len & 31])) == word_at(known_end[len & 31]);
}

FN_INLINE unsigned id_of(const char *name, size_t len) {
    if (len >= 18) return FN_HTTP1_OTHER;
    if (len >= 8 && (word_at(name) | LOWER_BITS) != word_at(known_begin[len])) return FN_HTTP1_OTHER;
    if (len == 17 && name[8] != '-') return FN_HTTP1_OTHER;
    return known_id[len];
}

/* Are the bytes between colon and end digits of a number up to 65535? 1 to 5 of them; 8 bytes before the end are
 * readable. */
FN_INLINE int is_port(const char *end, size_t len) {
    if (len - 1 > 4) return 0;
    uint64_t digits = word_at(end - 8) >> (64 - 8 * len), low = digits ^ 0x3030303030u >> (40 - 8 * len);
    uint64_t above_9 = ((low + 0x0606060606060606u) | low) & 0xf0f0f0f0f0f0f0f0u;
    return above_9 == 0 && (len < 5 || __builtin_bswap64(digits) <= 0x3635353335ffffffu);
}

/* A block, from byte `base` of the input on, and its masks. */
typedef struct {
    const char *buf;
    size_t len, base, start; /* start: of the line to take next */
    fn_window w;
    uint64_t not_tokens, not_values;
} fn_cursor;

FN_INLINE void classify_at(fn_cursor *c, size_t base) {
    c->w = window_at(c->buf, c->len, base);
    c->base = base;
    c->not_tokens = stops(&c->w, not_token(c->w.block));
    c->not_values = stops(&c->w, not_value(c->w.block));
}

/* 0 at the end of the input. */
FN_INLINE int next_block(fn_cursor *c) {
    if (c->len - c->base <= 64) return 0;
    classify_at(c, c->base + 64);
    return 1;
}

/* Look at each '?' and '%' of the cursor's block that has its bit in marks: keep the place of the first '?', and
 * answer whether two hex digits follow each '%'. */
FN_INLINE int take_marks(const fn_cursor *c, uint64_t marks, size_t *query) {
    for (; marks; marks &= marks - 1) {
        size_t i = c->base + lowest(marks);
        if (c->buf[i] == '?') {
            if (*query == 0) *query = i;
        } else if (c->len - i < 3 || !fn_char_is(c->buf[i + 1], FN_CHAR_HEX) ||
                   !fn_char_is(c->buf[i + 2], FN_CHAR_HEX)) {
            return 0;
        }
    }
    return 1;
}

/* The request line, which begins at the cursor's first block; 0 leaves it to the machine. */
FN_INLINE int request_line(fn_http1_head *head, fn_cursor *c, uint32_t max_line) {
    const char *buf = c->buf;
    if (c->not_tokens == 0) return 0;
    size_t method_len = lowest(c->not_tokens), target = method_len + 1, query = 0, end;
    if (method_len == 0 || method_len > 62 || target >= c->len || buf[method_len] != ' ') return 0;
    uint64_t from = ~(uint64_t)0 << target;
    for (;;) {
        uint64_t stop = stops(&c->w, not_target(c->w.block)) & from;
        uint64_t below = from & (stop ^ (stop - 1)); /* up to the stop, or all */
        if (!take_marks(c, hits(&c->w, mark(c->w.block)) & below, &query)) return 0;
        if (FN_LIKELY(stop != 0)) {
            end = c->base + lowest(stop);
            break;
        }
        if (!next_block(c)) return 0;
        from = ~(uint64_t)0;
    }
    if (end + 11 > c->len || end + 9 > max_line) return 0;
    uint64_t minor = minor_version(buf + end + 1);
    if (minor > 1 || buf[end] != ' ' || !is_crlf(buf + end + 9)) return 0;
    head->method_len = (uint32_t)method_len; /* head->method is 0 already */
    head->target = (uint32_t)target;
    head->target_len = (uint32_t)(end - target);
    head->query = (uint32_t)(query ? query : end);
    head->minor_version = (uint8_t)minor;
    if ((buf[target] != '/' || method_len == 7) && fn_http1_target_form(head, buf) != FN_HTTP1_OK) return 0;
    c->start = end + 11;
    head->pos = head->fields_start = (uint32_t)c->start;
    head->state = FN_STATE_FIELD_START;
    return 1;
}

FN_INLINE int status_line(fn_http1_head *head, fn_cursor *c, uint32_t max_line) {
    const char *buf = c->buf;
    uint64_t minor = minor_version(buf);
    if (minor > 1 || buf[8] != ' ' || buf[12] != ' ') return 0;
    unsigned hundreds = (unsigned)(buf[9] - '0'), tens = (unsigned)(buf[10] - '0'), ones = (unsigned)(buf[11] - '0');
    if (hundreds < 1 || hundreds > 5 || tens > 9 || ones > 9) return 0;
    while (c->not_values == 0 && next_block(c)) {}
    if (c->not_values == 0) return 0;
    size_t end = c->base + lowest(c->not_values);
    if (end + 2 > c->len || !is_crlf(buf + end) || end > max_line) return 0;
    head->minor_version = (uint8_t)minor;
    head->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
    head->reason = 13;
    head->reason_len = (uint32_t)(end - 13);
    c->start = end + 2;
    head->pos = head->fields_start = (uint32_t)c->start;
    head->state = FN_STATE_FIELD_START;
    return 1;
}

typedef uint32_t fn_word __attribute__((may_alias));

/* Four words, volatile since compilers would pack them into a vector first, which takes twice as long. The last one is
 * name_len with an id of 0 above it: this file is for little-endian machines. */
FN_INLINE void store_field(fn_http1_field *field, size_t name, size_t name_len, size_t value, size_t value_len) {
    volatile fn_word *words = (volatile fn_word *)field;
    words[0] = (uint32_t)name;
    words[1] = (uint32_t)value;
    words[2] = (uint32_t)value_len;
    words[3] = (uint32_t)name_len;
}

/* An ordinary Host, host or host:port; 0 leaves it to http1_fields.c. */
FN_INLINE int is_plain_host(const fn_cursor *c, size_t start, size_t end) {
    uint64_t mask = 0;
    if (start - c->base < 64) mask = stops(&c->w, not_host(c->w.block)) >> (start - c->base);
    if (mask == 0) {
        fn_window w = window_at(c->buf, c->len, start);
        mask = stops(&w, not_host(w.block));
        if (mask == 0) return 0;
    }
    size_t stop = start + lowest(mask);
    if (stop == start) return 0;
    return stop == end || (c->buf[stop] == ':' && is_port(c->buf + end, end - stop - 1));
}

/* Field lines from c.start on, which is in the cursor's block or the one after it. */
FN_INLINE fn_http1_result field_lines(fn_http1_head *head, fn_cursor c, fn_http1_field *fields,
                                      const fn_http1_limits *limits, fn_http1_kind kind) {
    const char *buf = c.buf;
    fn_http1_field *field = fields + head->n_fields;
    fn_http1_field *const end_of_fields =
        fields + (limits->max_fields < FN_MAX_FIELDS ? limits->max_fields : FN_MAX_FIELDS);
    size_t start = c.start;
    if (c.len - start < 2 || limits->max_head < 2) return FN_STEP_LINE;
    /* A line's CR may stand here at most. */
    size_t last_end = (size_t)head->fields_start + limits->max_head - 2;
    if (last_end > c.len - 2) last_end = c.len - 2;
    for (;;) {
        if (FN_UNLIKELY(start - c.base >= 64) && !next_block(&c)) break;
        /* Where the value ends does not depend on where the name does: so lines follow each other quickly. */
        uint64_t name_mask = c.not_tokens >> (start - c.base), line_mask = c.not_values >> (start - c.base);
        size_t name_from = start, line_from = start;
        if (line_mask == 0) {
            if (!next_block(&c)) break;
            if (name_mask == 0) {
                name_mask = c.not_tokens;
                name_from = c.base;
            }
            while (c.not_values == 0 && next_block(&c)) {}
            line_mask = c.not_values;
            line_from = c.base;
            if (FN_UNLIKELY(line_mask == 0 || name_mask == 0)) break;
        }
        size_t end = line_from + lowest(line_mask), colon = name_from + lowest(name_mask);
        if (FN_UNLIKELY(end > last_end || !is_crlf(buf + end))) break;
        if (end == start) {
            head->n_fields = (uint32_t)(field - fields);
            int error = fn_http1_finish(head, kind);
            if (error) return fn_http1_fail(head, error);
            head->pos = (uint32_t)(start + 2);
            head->state = FN_STATE_DONE;
            return FN_STEP_DONE;
        }
        if (FN_UNLIKELY(colon == start || field == end_of_fields)) break;
        size_t value = colon + 2, value_end = end;
        int is_usual = is_pair(buf + colon, ": ") && (uint8_t)buf[colon + 2] > ' ' && (uint8_t)buf[end - 1] > ' ';
        if (FN_UNLIKELY(!is_usual)) {
            if (buf[colon] != ':') break;
            for (value = colon + 1; value < end && (buf[value] == ' ' || buf[value] == '\t'); value++) {}
            while (value < value_end && (buf[value_end - 1] == ' ' || buf[value_end - 1] == '\t')) value_end--;
        }
        store_field(field, start, colon - start, value, value_end - value);
        if (may_be_known(buf + colon, colon - start)) {
            unsigned id = id_of(buf + start, colon - start);
            field->id = (uint16_t)id;
            head->n_fields = (uint32_t)(field - fields);
            if (kind == FN_REQUEST && id == FN_HTTP1_HOST && !(head->flags & FN_HTTP1_HAS_HOST) &&
                is_plain_host(&c, value, value_end)) {
                head->host = (uint16_t)head->n_fields;
                head->flags |= FN_HTTP1_HAS_HOST;
            } else {
                int error = fn_http1_apply_field(head, buf, field, kind);
                if (error) return fn_http1_fail(head, error);
            }
        }
        field++;
        start = end + 2;
    }
    head->n_fields = (uint32_t)(field - fields);
    head->pos = (uint32_t)start;
    return FN_STEP_LINE;
}

FN_INLINE fn_http1_result whole_lines(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                      const fn_http1_limits *limits, fn_http1_kind kind) {
    fn_cursor c = {.buf = buf, .len = len};
    if (head->state == FN_STATE_START) {
        if (len < 17) return FN_STEP_LINE;
        classify_at(&c, 0);
        if (!(kind == FN_REQUEST ? request_line(head, &c, limits->max_line) : status_line(head, &c, limits->max_line)))
            return FN_STEP_LINE;
    } else {
        if (head->state != FN_STATE_FIELD_START || len == head->pos) return FN_STEP_LINE;
        c.start = head->pos;
        classify_at(&c, c.start);
    }
    return field_lines(head, c, fields, limits, kind);
}

static ptrdiff_t parse_request(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                               const fn_http1_limits *limits, int from_machine) {
    fn_http1_result result = whole_lines(head, buf, len, fields, limits, FN_REQUEST);
    if (FN_LIKELY(result == FN_STEP_DONE)) return (ptrdiff_t)head->pos;
    if (result == FN_STEP_FAILED) return FN_INVALID;
    return from_machine ? FN_LINE_LEFT : fn_http1_resume(head, buf, len, fields, limits, FN_REQUEST, &FN_OPS);
}

static ptrdiff_t parse_response(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                const fn_http1_limits *limits, int from_machine) {
    fn_http1_result result = whole_lines(head, buf, len, fields, limits, FN_RESPONSE);
    if (FN_LIKELY(result == FN_STEP_DONE)) return (ptrdiff_t)head->pos;
    if (result == FN_STEP_FAILED) return FN_INVALID;
    return from_machine ? FN_LINE_LEFT : fn_http1_resume(head, buf, len, fields, limits, FN_RESPONSE, &FN_OPS);
}

static size_t scan_value(const char *buf, size_t len) {
    for (size_t base = 0; base < len; base += 64) {
        fn_window w = window_at(buf, len, base);
        uint64_t mask = stops(&w, not_value(w.block));
        if (mask) return base + lowest(mask) < len ? base + lowest(mask) : len;
    }
    return len;
}

static size_t scan_token(const char *buf, size_t len) {
    for (size_t base = 0; base < len; base += 64) {
        fn_window w = window_at(buf, len, base);
        uint64_t mask = stops(&w, not_token(w.block));
        if (mask) return base + lowest(mask) < len ? base + lowest(mask) : len;
    }
    return len;
}

const fn_http1_ops FN_OPS = {{parse_request, parse_response}, scan_value, scan_token};
