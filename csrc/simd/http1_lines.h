/* The fast path of the head parser, written once. Each instruction set's file defines, for a block of 64 bytes,
 *   fn_block, load(p), not_token(b), not_value(b), not_target(b), equal(b, c): a bit a byte, lowest first;
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
        memcpy(copy, buf + base, n);
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

FN_INLINE int is_crlf(const char *p) {
    uint16_t pair, crlf;
    memcpy(&pair, p, 2);
    memcpy(&crlf, "\r\n", 2);
    return pair == crlf;
}

/* "HTTP/1.0" or "HTTP/1.1" */
FN_INLINE int is_version(const char *p) {
    return memcmp(p, "HTTP/1.", 7) == 0 && (uint8_t)(p[7] - '0') <= 1;
}

/* The first eight bytes, or fewer, of the known name of this length. */
static const struct {
    char first[8], mask[8];
} candidates[18] = {
#define NO_BYTES "\0\0\0\0\0\0\0\0"
#define ALL_BYTES "\xff\xff\xff\xff\xff\xff\xff\xff"
    [0] = {"-", NO_BYTES}, /* matches nothing */
    [1] = {"-", NO_BYTES},
    [2] = {"-", NO_BYTES},
    [3] = {"-", NO_BYTES},
    [4] = {"host", "\xff\xff\xff\xff\0\0\0\0"},
    [5] = {"-", NO_BYTES},
    [6] = {"expect", "\xff\xff\xff\xff\xff\xff\0\0"},
    [7] = {"upgrade", "\xff\xff\xff\xff\xff\xff\xff\0"},
    [8] = {"-", NO_BYTES},
    [9] = {"-", NO_BYTES},
    [10] = {"connecti", ALL_BYTES},
    [11] = {"-", NO_BYTES},
    [12] = {"content-", ALL_BYTES},
    [13] = {"-", NO_BYTES},
    [14] = {"content-", ALL_BYTES},
    [15] = {"-", NO_BYTES},
    [16] = {"-", NO_BYTES},
    [17] = {"transfer", ALL_BYTES},
};

/* Eight bytes at `name` must be readable. */
FN_INLINE int may_be_known(const char *name, uint32_t len) {
    uint32_t i = len < 18 ? len : 0;
    uint64_t word = word_at(name) | 0x2020202020202020u;
    return (word & word_at(candidates[i].mask)) == word_at(candidates[i].first);
}

static fn_http1_result field_lines(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    const char *buf = in->buf;
    uint32_t len = in->len, start = head->pos, base = start, n = head->n_fields;
    fn_http1_result result = FN_STEP_LINE;
    if (base >= len) return result;
    fn_window w = window_at(buf, len, base);
    uint64_t not_tokens = stops(&w, not_token(w.block)), not_values = stops(&w, not_value(w.block));

#define NEXT_BLOCK()                                                                                                   \
    base += 64;                                                                                                        \
    if (FN_UNLIKELY(base >= len)) break;                                                                               \
    w = window_at(buf, len, base);                                                                                     \
    not_tokens = stops(&w, not_token(w.block));                                                                        \
    not_values = stops(&w, not_value(w.block))

    for (;;) {
        if (start - base >= 64) {
            NEXT_BLOCK();
        }
        uint32_t from = start;
        uint64_t mask = not_tokens >> (start - base);
        if (mask == 0) {
            NEXT_BLOCK();
            from = base;
            mask = not_tokens;
            if (mask == 0) break;
        }
        uint32_t colon = from + lowest(mask);
        if (FN_UNLIKELY(colon >= len)) break;
        if (buf[colon] != ':' || colon == start) {
            if (colon == start && len - start >= 2 && is_crlf(buf + start)) {
                head->n_fields = n;
                int error = fn_http1_finish(head, in->kind);
                if (error) return fn_http1_fail(head, error);
                head->pos = head->scan = start + 2;
                head->state = FN_STATE_DONE;
                return FN_STEP_DONE;
            }
            break;
        }
        from = colon;
        mask = not_values >> (colon - base);
        while (mask == 0) {
            NEXT_BLOCK();
            from = base;
            mask = not_values;
        }
        if (mask == 0) break;
        uint32_t end = from + lowest(mask);
        if (FN_UNLIKELY(len - end < 2 || len - start < 8 || !is_crlf(buf + end))) break;
        if (FN_UNLIKELY(n >= in->max_fields || end + 2 - head->fields_start > in->max_head)) break;
        uint32_t value = colon + 1, value_end = end;
        value += buf[value] == ' ';
        if (FN_UNLIKELY((uint8_t)buf[value] <= ' ' || (uint8_t)buf[end - 1] <= ' ')) {
            while (value < value_end && (buf[value] == ' ' || buf[value] == '\t')) value++;
            while (value < value_end && (buf[value_end - 1] == ' ' || buf[value_end - 1] == '\t')) value_end--;
        }
        fn_http1_field *field = &in->fields[n];
        *field = (fn_http1_field){start, value, value_end - value, (uint16_t)(colon - start), FN_HTTP1_OTHER};
        if (may_be_known(buf + start, colon - start)) {
            field->id = fn_http1_field_known(buf + start, colon - start);
            head->n_fields = n;
            int error = fn_http1_apply_field(head, buf, field, in->kind);
            if (error) return fn_http1_fail(head, error);
        }
        n++;
        start = end + 2;
    }
#undef NEXT_BLOCK
    head->n_fields = n;
    head->pos = start;
    return result;
}

/* Each '%' is followed by two hex digits, and there is no '#'. */
static int is_clean_target(const char *target, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        if (target[i] == '#') return 0;
        if (target[i] != '%') continue;
        if (len - i < 3 || !fn_char_is(target[i + 1], FN_CHAR_HEX) || !fn_char_is(target[i + 2], FN_CHAR_HEX)) return 0;
    }
    return 1;
}

static fn_http1_result request_line(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    const char *buf = in->buf;
    uint32_t len = in->len, base = 0;
    if (len < 16) return FN_STEP_LINE;
    fn_window w = window_at(buf, len, base);
    uint64_t mask = stops(&w, not_token(w.block));
    if (mask == 0) return FN_STEP_LINE;
    uint32_t method_len = lowest(mask), target = method_len + 1, query = 0;
    if (method_len == 0 || target >= 64 || target >= len || buf[method_len] != ' ') return FN_STEP_LINE;
    uint64_t from = ~(uint64_t)0 << target, escapes = 0;
    uint32_t end;
    for (;;) {
        uint64_t stop = stops(&w, not_target(w.block)) & from;
        uint64_t below = stop ? (stop & -stop) - 1 : ~(uint64_t)0;
        uint64_t marks = hits(&w, equal(w.block, '?')) & from & below;
        escapes |= hits(&w, equal(w.block, '%') | equal(w.block, '#')) & from & below;
        if (marks && query == 0) query = base + lowest(marks);
        if (stop) {
            end = base + lowest(stop);
            break;
        }
        base += 64;
        if (base >= len) return FN_STEP_LINE;
        w = window_at(buf, len, base);
        from = ~(uint64_t)0;
    }
    if (end >= len || len - end < 11 || buf[end] != ' ' || !is_version(buf + end + 1) || !is_crlf(buf + end + 9) ||
        end + 9 > in->line_end)
        return FN_STEP_LINE;
    if (FN_UNLIKELY(escapes) && !is_clean_target(buf + target, end - target)) return FN_STEP_LINE;
    head->method = 0;
    head->method_len = method_len;
    head->target = target;
    head->target_len = end - target;
    head->query = query ? query : end;
    head->minor_version = (uint8_t)(buf[end + 8] - '0');
    int error = fn_http1_target_form(head, buf);
    if (error) return fn_http1_fail(head, error);
    head->pos = head->fields_start = end + 11;
    head->state = FN_STATE_FIELD_START;
    return FN_STEP_LINE;
}

static fn_http1_result status_line(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    const char *buf = in->buf;
    uint32_t len = in->len, base = 13;
    if (len < 17 || !is_version(buf) || buf[8] != ' ' || buf[12] != ' ') return FN_STEP_LINE;
    unsigned hundreds = (unsigned)(buf[9] - '0'), tens = (unsigned)(buf[10] - '0'), ones = (unsigned)(buf[11] - '0');
    if (hundreds < 1 || hundreds > 5 || tens > 9 || ones > 9) return FN_STEP_LINE;
    uint64_t mask;
    for (;;) {
        fn_window w = window_at(buf, len, base);
        mask = stops(&w, not_value(w.block));
        if (mask) break;
        base += 64;
        if (base >= len) return FN_STEP_LINE;
    }
    uint32_t end = base + lowest(mask);
    if (end + 2 > len || !is_crlf(buf + end) || end > in->line_end) return FN_STEP_LINE;
    head->minor_version = (uint8_t)(buf[7] - '0');
    head->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
    head->reason = 13;
    head->reason_len = end - 13;
    head->pos = head->fields_start = end + 2;
    head->state = FN_STATE_FIELD_START;
    return FN_STEP_LINE;
}

static fn_http1_result first_line(const fn_http1_input *in) {
    return in->kind == FN_REQUEST ? request_line(in) : status_line(in);
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

const fn_http1_ops FN_OPS = {first_line, field_lines, scan_value, scan_token};
