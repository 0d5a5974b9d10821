/* Frames whose end is marked: delimiters, lines, and what is made of lines: dot-stuffed text, replies.
 *
 * However the stream is cut, the same error must come first. So every search ends where the limit is known to be broken
 * (`window`), and nothing behind that place is looked at before. */
#include "framing_lines.h"

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

ptrdiff_t fn_scan_delimiter(FN_SCAN_ARGUMENTS) {
    const size_t size = how->delimiter_len;
    size_t at = 0, n = 0, searched = state->searched;
    while (n < max && at < len) {
        const char *frame = buf + at;
        size_t window = least(len - at, how->max_frame + size), i = searched;
        for (;;) {
            const char *found = i + size <= window ? memchr(frame + i, how->delimiter[0], window - size + 1 - i) : NULL;
            if (found == NULL) {
                if (window == how->max_frame + size) return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
                state->searched = window >= size ? window - size + 1 : 0;
                return fn_finish(at, n, count);
            }
            i = (size_t)(found - frame);
            if (size == 1 || memcmp(found, how->delimiter, size) == 0) break;
            i++;
        }
        frames[n].start = at;
        frames[n++].end = at + i;
        at += i + size;
        searched = 0;
    }
    state->searched = 0;
    return fn_finish(at, n, count);
}

fn_line fn_find_line(fn_line_end end, size_t most, const char *buf, size_t len, size_t searched) {
    fn_line line = {0, 0, 0};
    size_t window = least(len, most + (end == FN_LINE_LF ? 1 : 2));
    const char *found = searched < window ? memchr(buf + searched, '\n', window - searched) : NULL;
    if (found == NULL) {
        if (window < len || window == most + (end == FN_LINE_LF ? 1 : 2)) line.error = FN_FRAMING_TOO_LONG;
        return line;
    }
    size_t i = (size_t)(found - buf);
    line.total = i + 1;
    line.content = i;
    if (end != FN_LINE_LF && i > 0 && buf[i - 1] == '\r') line.content--;
    if (end == FN_LINE_CRLF && (line.content == i || memchr(buf, '\r', line.content) != NULL)) {
        line.error = FN_FRAMING_BAD_LINE_END;
    } else if (line.content > most) {
        line.error = FN_FRAMING_TOO_LONG;
    }
    return line;
}

FN_INLINE ptrdiff_t scan_lines(FN_SCAN_ARGUMENTS, fn_line_end end) {
    size_t at = 0, n = 0, searched = state->searched;
    while (n < max && at < len) {
        fn_line line = fn_find_line(end, how->max_frame, buf + at, len - at, searched);
        if (line.error) return fn_stop(state, line.error, at, n, count);
        if (line.total == 0) {
            state->searched = len - at;
            return fn_finish(at, n, count);
        }
        frames[n].start = at;
        frames[n++].end = at + line.content;
        at += line.total;
        searched = 0;
    }
    state->searched = 0;
    return fn_finish(at, n, count);
}

ptrdiff_t fn_scan_lines(FN_SCAN_ARGUMENTS) {
    return scan_lines(how, state, buf, len, frames, max, count, (fn_line_end)how->line_end);
}

/* --- lines until "." --- */

enum { DOT_LINE = 3 /* ".\r\n" */ };

ptrdiff_t fn_scan_dot(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        const char *frame = buf + at;
        size_t window = least(len - at, how->max_frame + DOT_LINE), mark = state->mark, i = state->searched;
        for (;; i++) {
            const char *found = i < window ? memchr(frame + i, '\n', window - i) : NULL;
            if (found == NULL) {
                if (window == how->max_frame + DOT_LINE) return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
                state->searched = window;
                state->mark = mark;
                return fn_finish(at, n, count);
            }
            i = (size_t)(found - frame);
            int whole = i > mark && frame[i - 1] == '\r';
            if (!how->allow_bare && (!whole || memchr(frame + mark, '\r', i - 1 - mark) != NULL)) {
                return fn_stop(state, FN_FRAMING_BAD_LINE_END, at, n, count);
            }
            if (!whole) continue;
            if (i - mark == DOT_LINE - 1 && frame[mark] == '.') break;
            mark = i + 1;
            if (mark > how->max_frame) return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
        }
        frames[n].start = at;
        frames[n++].end = at + mark;
        at += i + 1;
        fn_next_frame(state);
    }
    return fn_finish(at, n, count);
}

/* --- replies --- */

static int has_code(const char *line, size_t content) {
    if (content < 3 || line[0] < '1' || line[0] > '6') return 0;
    for (int i = 1; i < 3; i++) {
        if (line[i] < '0' || line[i] > '9') return 0;
    }
    return content == 3 || line[3] == ' ' || line[3] == '-';
}

ptrdiff_t fn_scan_reply(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        const char *frame = buf + at;
        int last = 0;
        while (!last) {
            size_t mark = state->mark;
            const char *text = frame + mark;
            size_t searched = state->searched > mark ? state->searched - mark : 0;
            fn_line line = fn_find_line((fn_line_end)how->line_end, how->max_line, text, len - at - mark, searched);
            if (line.error) return fn_stop(state, line.error, at, n, count);
            if (line.total == 0) {
                /* The line grows to max_line at most before it is refused by itself. */
                state->searched = len - at;
                return fn_finish(at, n, count);
            }
            int coded = has_code(text, line.content), same = coded && memcmp(frame, text, 3) == 0;
            if (mark == 0 ? !coded : !how->free_lines && !same) {
                return fn_stop(state, FN_FRAMING_BAD_REPLY, at, n, count);
            }
            if (mark + line.total > how->max_frame) return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
            last = same && (line.content == 3 ? mark == 0 || !how->free_lines : text[3] == ' ');
            state->mark = mark + line.total;
        }
        frames[n].start = at;
        at += state->mark;
        frames[n++].end = at;
        fn_next_frame(state);
    }
    return fn_finish(at, n, count);
}
