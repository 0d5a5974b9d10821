/* Lines that tell of bytes behind them: counted bodies, IMAP's literals; and Telnet's commands between data. */
#include "framing_lines.h"

/* --- a line, and the body that it counts --- */

enum { AT_LINE = 0, AT_BODY };

static int same_word(const fn_framing *how, const fn_framing_word *word, const char *text, size_t len) {
    if (len != word->len) return 0;
    for (size_t i = 0; i < len; i++) {
        char a = text[i], b = word->word[i];
        if (how->ignore_case) {
            if (a >= 'a' && a <= 'z') a -= 'a' - 'A';
            if (b >= 'a' && b <= 'z') b -= 'a' - 'A';
        }
        if (a != b) return 0;
    }
    return 1;
}

/* The word of the line's content with this index; 0 bytes where there is none. Words stand between spaces and tabs. */
static fn_frame find_word(const char *line, size_t content, int index) {
    fn_frame word = {0, 0};
    size_t i = 0;
    for (int seen = 0;; seen++) {
        while (i < content && (line[i] == ' ' || line[i] == '\t')) i++;
        if (i == content) break;
        fn_frame next = {i, i};
        while (i < content && line[i] != ' ' && line[i] != '\t') i++;
        next.end = i;
        if (index < 0) word = next;
        if (seen == index) return next;
    }
    return word;
}

/* A decimal number; fn_framing_error. Stops adding when it is over `most`. */
static int parse_number(const char *text, size_t len, size_t most, size_t *number) {
    *number = 0;
    if (len == 0) return FN_FRAMING_BAD_LENGTH;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return FN_FRAMING_BAD_LENGTH;
        if (*number <= most) *number = 10 * *number + (size_t)(text[i] - '0');
    }
    return *number > most ? FN_FRAMING_TOO_LONG : FN_FRAMING_OK;
}

/* Whether the line has a body, and of how many bytes. */
static int find_body(const fn_framing *how, const char *line, size_t content, int *has_body, size_t *size) {
    fn_frame first = find_word(line, content, 0);
    *has_body = 0;
    *size = 0;
    for (size_t i = 0; i < how->word_count; i++) {
        const fn_framing_word *word = &how->words[i];
        if (same_word(how, word, line + first.start, first.end - first.start)) {
            fn_frame number = find_word(line, content, word->index);
            *has_body = 1;
            return parse_number(line + number.start, number.end - number.start, how->max_frame, size);
        }
    }
    return FN_FRAMING_OK;
}

/* Bytes of the line's end at text, 0 if it is another, -1 if it has not come. */
static int end_at(fn_line_end end, const char *text, size_t len) {
    if (len > 0 && text[0] == '\n') return end == FN_LINE_CRLF ? 0 : 1;
    if (len == 0) return -1;
    if (end == FN_LINE_LF || text[0] != '\r') return 0;
    return len == 1 ? -1 : text[1] == '\n' ? 2 : 0;
}

ptrdiff_t fn_scan_counted(FN_SCAN_ARGUMENTS) {
    const fn_line_end end = (fn_line_end)how->line_end;
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        const char *frame = buf + at;
        size_t left = len - at;
        if (state->phase == AT_LINE) {
            size_t size;
            int has_body;
            fn_line line = fn_find_line(end, how->max_line, frame, left, state->searched);
            if (line.error) return fn_stop(state, line.error, at, n, count);
            if (line.total == 0) {
                state->searched = left;
                return fn_finish(at, n, count);
            }
            int error = find_body(how, frame, line.content, &has_body, &size);
            if (error) {
                state->announced = size;
                return fn_stop(state, error, at, n, count);
            }
            state->mark = line.total + size;
            if (has_body) {
                state->phase = AT_BODY;
                state->needed = state->mark + 1;
            }
        }
        if (state->phase == AT_BODY) {
            /* The end is looked at byte by byte, as it may come. */
            int size = left > state->mark ? end_at(end, frame + state->mark, left - state->mark) : -1;
            if (size == 0) return fn_stop(state, FN_FRAMING_BAD_END, at, n, count);
            if (size < 0) {
                if (left > state->mark) state->needed = left + 1;
                return fn_finish(at, n, count);
            }
            state->mark += (size_t)size;
        }
        frames[n].start = at;
        at += state->mark;
        frames[n++].end = at;
        fn_next_frame(state);
    }
    return fn_finish(at, n, count);
}

int fn_framing_split_counted(const fn_framing *how, const char *frame, size_t len, fn_frame *line, fn_frame *body) {
    int has_body;
    size_t size;
    fn_line first = fn_find_line((fn_line_end)how->line_end, how->max_line, frame, len, 0);
    find_body(how, frame, first.content, &has_body, &size);
    line->start = 0;
    line->end = first.content;
    body->start = first.total;
    body->end = first.total + size;
    return has_body;
}

/* --- lines with literals --- */

/* The literal that a line announces at its end: 1 if there is one, 0 if not, or -1 if it is over the limit. *text is
 * how much stands before. */
static int find_literal(const char *line, size_t content, size_t most, size_t *text, size_t *size, int *waits) {
    size_t end = content, start;
    *text = content;
    if (end < 3 || line[--end] != '}') return 0;
    *waits = 1;
    if (line[end - 1] == '+') {
        *waits = 0;
        end--;
    }
    for (start = end; start > 0 && line[start - 1] >= '0' && line[start - 1] <= '9';) start--;
    if (start == end || start == 0 || line[start - 1] != '{') return 0;
    *text = start - 1;
    return parse_number(line + start, end - start, most, size) == FN_FRAMING_OK ? 1 : -1;
}

ptrdiff_t fn_scan_literals(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        const char *frame = buf + at;
        size_t left = len - at;
        for (;;) {
            size_t mark = state->mark, size = 0, text;
            int waits = 0;
            /* A literal that has not come whole: the line goes on behind it. */
            if (left <= mark && mark > 0) return fn_finish(at, n, count);
            size_t searched = state->searched > mark ? state->searched - mark : 0;
            fn_line line = fn_find_line(FN_LINE_CRLF, how->max_line, frame + mark, left - mark, searched);
            if (line.error) return fn_stop(state, line.error, at, n, count);
            if (line.total == 0) {
                state->searched = left;
                return fn_finish(at, n, count);
            }
            size_t behind = mark + line.total;
            int found = find_literal(frame + mark, line.content, how->max_frame, &text, &size, &waits);
            if (found < 0 || behind > how->max_frame || size > how->max_frame - behind) {
                state->announced = size;
                return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
            }
            state->mark = behind + size;
            if (!found) break;
            state->searched = behind;
            state->waits = waits && left == behind;
            state->needed = state->mark + 1;
        }
        frames[n].start = at;
        at += state->mark;
        frames[n++].end = at;
        fn_next_frame(state);
    }
    return fn_finish(at, n, count);
}

int fn_framing_split_literals(const char *frame, size_t len, size_t *at, fn_frame *text, fn_frame *literal) {
    const char *line = frame + *at, *lf = memchr(line, '\n', len - *at);
    size_t content = (size_t)(lf - line) - 1, before, size = 0;
    int waits, found = find_literal(line, content, len, &before, &size, &waits) > 0;
    text->start = *at;
    text->end = *at + before;
    literal->start = *at + content + 2;
    literal->end = *at = literal->start + size;
    return found;
}

/* --- Telnet --- */

/* From EOF (236) on: RFC 854, 885 and 1184. */
enum { FIRST_COMMAND = 236, SE = 240, SB = 250, IAC = 255 };

/* Bytes of the command at text, 0 if it has not come whole, -1 for an error, which is then in the state. */
static ptrdiff_t find_command(const fn_framing *how, fn_framing_state *state, const uint8_t *text, size_t len) {
    state->needed = 2;
    if (len < 2) return 0;
    if (text[1] < FIRST_COMMAND || text[1] == SE) {
        state->error = FN_FRAMING_BAD_COMMAND;
        return -1;
    }
    if (text[1] == IAC || text[1] < SB) return 2;
    state->needed = text[1] == SB ? 5 : 3; /* IAC SB option IAC SE */
    if (len < state->needed) return 0;
    if (text[1] != SB) return 3;
    state->needed = 0;
    const size_t most = how->max_frame < SIZE_MAX - 5 ? how->max_frame + 5 : SIZE_MAX;
    size_t i = state->searched > 3 ? state->searched : 3;
    for (;;) {
        size_t window = len < most ? len : most;
        const uint8_t *found = i < window ? memchr(text + i, IAC, window - i) : NULL;
        i = found == NULL ? window : (size_t)(found - text);
        if (found == NULL || i + 1 >= window) {
            if (window == most) {
                state->error = FN_FRAMING_TOO_LONG;
                return -1;
            }
            state->searched = i;
            return 0;
        }
        if (text[i + 1] == SE) return (ptrdiff_t)i + 2;
        if (text[i + 1] != IAC) {
            state->error = FN_FRAMING_BAD_COMMAND;
            return -1;
        }
        i += 2;
    }
}

ptrdiff_t fn_scan_telnet(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        const uint8_t *text = (const uint8_t *)buf + at;
        const uint8_t *found = memchr(text, IAC, len - at);
        size_t run = found == NULL ? len - at : (size_t)(found - text);
        if (run == 0) {
            ptrdiff_t size = find_command(how, state, text, len - at);
            if (size == 0) return fn_finish(at, n, count);
            if (size < 0) return fn_stop(state, state->error, at, n, count);
            run = (size_t)size;
        }
        frames[n].start = at;
        at += run;
        frames[n++].end = at;
        fn_next_frame(state);
    }
    return fn_finish(at, n, count);
}
