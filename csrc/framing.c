/* Frames whose length stands before them: prefixes, varints, netstrings, one fixed size; and the choice of scanner. */
#include "framing_private.h"

/* --- numbers of one to eight bytes --- */

FN_INLINE uint64_t load(const char *buf, unsigned width, int big_endian) {
    uint64_t value = 0;
    if (width == 4) {
        uint32_t word;
        memcpy(&word, buf, 4);
        value = word;
    } else if (width == 8) {
        memcpy(&value, buf, 8);
    } else {
        for (unsigned i = 0; i < width; i++) value |= (uint64_t)(uint8_t)buf[i] << 8 * (big_endian ? width - 1 - i : i);
        return value;
    }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    big_endian = !big_endian;
#endif
    if (!big_endian) return value;
    return width == 4 ? __builtin_bswap32((uint32_t)value) : __builtin_bswap64(value);
}

/* Inlined with constants for each form of the length. */
FN_INLINE ptrdiff_t scan_prefix(FN_SCAN_ARGUMENTS, unsigned width, int big_endian) {
    const size_t head = how->offset + width, skip = how->offset ? 0 : head;
    const size_t limit = how->max_frame - (how->offset ? head : 0);
    const uint64_t self = how->inclusive ? head : 0;
    size_t at = 0, n = 0;
    while (n < max) {
        if (len - at < head) {
            state->needed = head;
            break;
        }
        uint64_t length = load(buf + at + how->offset, width, big_endian) - self;
        if (FN_UNLIKELY(length > limit)) {
            if (length + self < self) return fn_stop(state, FN_FRAMING_BAD_LENGTH, at, n, count);
            state->announced = length;
            return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
        }
        if (len - at - head < length) {
            state->needed = head + (size_t)length;
            break;
        }
        frames[n].start = at + skip;
        at += head + (size_t)length;
        frames[n++].end = at;
    }
    return fn_finish(at, n, count);
}

static ptrdiff_t scan_any_prefix(FN_SCAN_ARGUMENTS) {
    switch (how->length_bytes << 1 | how->big_endian) {
    case 1 << 1: /* one byte has one order */
    case 1 << 1 | 1: return scan_prefix(how, state, buf, len, frames, max, count, 1, 1);
    case 2 << 1: return scan_prefix(how, state, buf, len, frames, max, count, 2, 0);
    case 2 << 1 | 1: return scan_prefix(how, state, buf, len, frames, max, count, 2, 1);
    case 3 << 1: return scan_prefix(how, state, buf, len, frames, max, count, 3, 0);
    case 3 << 1 | 1: return scan_prefix(how, state, buf, len, frames, max, count, 3, 1);
    case 4 << 1: return scan_prefix(how, state, buf, len, frames, max, count, 4, 0);
    case 4 << 1 | 1: return scan_prefix(how, state, buf, len, frames, max, count, 4, 1);
    case 8 << 1: return scan_prefix(how, state, buf, len, frames, max, count, 8, 0);
    default: return scan_prefix(how, state, buf, len, frames, max, count, 8, 1);
    }
}

enum { VARINT_BYTES = 10 };

static ptrdiff_t scan_varint(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        size_t head = 0, left = len - at;
        uint64_t length = 0;
        uint8_t c;
        do {
            if (head == left) {
                state->needed = head + 1;
                return fn_finish(at, n, count);
            }
            c = (uint8_t)buf[at + head];
            /* The tenth byte holds the 64th bit, and no other. */
            if (head == VARINT_BYTES - 1 && c > 1) return fn_stop(state, FN_FRAMING_BAD_LENGTH, at, n, count);
            length |= (uint64_t)(c & 0x7f) << 7 * head++;
        } while (c & 0x80);
        if (FN_UNLIKELY(length > how->max_frame)) {
            state->announced = length;
            return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
        }
        if (left - head < length) {
            state->needed = head + (size_t)length;
            break;
        }
        frames[n].start = at + head;
        at += head + (size_t)length;
        frames[n++].end = at;
    }
    return fn_finish(at, n, count);
}

static ptrdiff_t scan_fixed(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    (void)buf; /* what is in a frame does not matter */
    for (; n < max && len - at >= how->size; n++, at += how->size) {
        frames[n].start = at;
        frames[n].end = at + how->size;
    }
    state->needed = how->size;
    return fn_finish(at, n, count);
}

static ptrdiff_t scan_netstring(FN_SCAN_ARGUMENTS) {
    size_t at = 0, n = 0;
    while (n < max && at < len) {
        size_t head = 0, left = len - at, length = 0;
        for (;; head++) {
            if (head == left) {
                state->needed = head + 1;
                return fn_finish(at, n, count);
            }
            unsigned digit = (uint8_t)buf[at + head] - (unsigned)'0';
            if (digit > 9) {
                if (buf[at + head] != ':' || head == 0) return fn_stop(state, FN_FRAMING_BAD_LENGTH, at, n, count);
                break;
            }
            /* A zero has nothing after it: a number has one form. */
            if (head > 0 && length == 0) return fn_stop(state, FN_FRAMING_BAD_LENGTH, at, n, count);
            length = 10 * length + digit; /* no overflow: it was at most a quarter of what fits, and stops there */
            if (length > how->max_frame) {
                state->announced = length;
                return fn_stop(state, FN_FRAMING_TOO_LONG, at, n, count);
            }
        }
        size_t start = at + head + 1;
        if (left - head - 1 <= length) {
            state->needed = head + 1 + length + 1;
            break;
        }
        if (buf[start + length] != ',') return fn_stop(state, FN_FRAMING_BAD_END, at, n, count);
        frames[n].start = start;
        frames[n++].end = start + length;
        at = start + length + 1;
    }
    return fn_finish(at, n, count);
}

/* --- making framings --- */

static int begin(fn_framing *how, fn_framing_kind kind, size_t max_frame) {
    memset(how, 0, sizeof *how);
    how->kind = (uint8_t)kind;
    how->max_frame = max_frame;
    return max_frame <= FN_FRAMING_LIMIT_MAX ? 0 : -1;
}

int fn_framing_prefix(fn_framing *how, unsigned length_bytes, int big_endian, int inclusive, size_t offset,
                      size_t max_frame) {
    int made = begin(how, FN_FRAMING_PREFIX, max_frame);
    how->length_bytes = (uint8_t)length_bytes;
    how->big_endian = big_endian != 0;
    how->inclusive = inclusive != 0;
    how->offset = offset;
    if (length_bytes < 1 || (length_bytes > 4 && length_bytes != 8) || offset > 65535) return -1;
    return offset && max_frame < offset + length_bytes ? -1 : made;
}

int fn_framing_varint(fn_framing *how, size_t max_frame) {
    return begin(how, FN_FRAMING_VARINT, max_frame);
}

int fn_framing_fixed(fn_framing *how, size_t size) {
    int made = begin(how, FN_FRAMING_FIXED, size);
    how->size = size;
    return size ? made : -1;
}

int fn_framing_netstring(fn_framing *how, size_t max_frame) {
    /* An eighth, so that one digit more than fits can be added up. */
    return max_frame <= FN_FRAMING_LIMIT_MAX / 8 ? begin(how, FN_FRAMING_NETSTRING, max_frame) : -1;
}

int fn_framing_delimiter(fn_framing *how, const char *delimiter, size_t len, size_t max_frame) {
    int made = begin(how, FN_FRAMING_DELIMITER, max_frame);
    if (len < 1 || len > FN_DELIMITER_MAX) return -1;
    memcpy(how->delimiter, delimiter, len);
    how->delimiter_len = (uint8_t)len;
    return made;
}

static int begin_lines(fn_framing *how, fn_framing_kind kind, fn_line_end end, size_t max_line, size_t max_frame) {
    int made = begin(how, kind, max_frame);
    how->line_end = (uint8_t)end;
    how->max_line = max_line;
    return max_line <= FN_FRAMING_LIMIT_MAX && (unsigned)end <= FN_LINE_LENIENT ? made : -1;
}

int fn_framing_lines(fn_framing *how, fn_line_end end, size_t max_frame) {
    return begin_lines(how, FN_FRAMING_LINES, end, max_frame, max_frame);
}

int fn_framing_dot(fn_framing *how, int allow_bare, size_t max_frame) {
    int made = begin(how, FN_FRAMING_DOT, max_frame);
    how->allow_bare = allow_bare != 0;
    return made;
}

int fn_framing_reply(fn_framing *how, fn_line_end end, int free_lines, size_t max_line, size_t max_frame) {
    int made = begin_lines(how, FN_FRAMING_REPLY, end, max_line, max_frame);
    how->free_lines = free_lines != 0;
    return made;
}

int fn_framing_counted(fn_framing *how, fn_line_end end, const fn_framing_word *words, size_t count, int ignore_case,
                       size_t max_line, size_t max_frame) {
    int made = begin_lines(how, FN_FRAMING_COUNTED, end, max_line, max_frame);
    how->words = words;
    how->word_count = count;
    how->ignore_case = ignore_case != 0;
    return max_frame <= FN_FRAMING_LIMIT_MAX / 8 ? made : -1;
}

int fn_framing_literals(fn_framing *how, size_t max_line, size_t max_frame) {
    int made = begin_lines(how, FN_FRAMING_LITERALS, FN_LINE_CRLF, max_line, max_frame);
    return max_frame <= FN_FRAMING_LIMIT_MAX / 8 ? made : -1;
}

int fn_framing_telnet(fn_framing *how, size_t max_frame) {
    return begin(how, FN_FRAMING_TELNET, max_frame);
}

/* --- scanning --- */

ptrdiff_t fn_framing_scan(FN_SCAN_ARGUMENTS) {
    *count = 0;
    if (state->error) return FN_INVALID;
    if (state->waits && len > state->searched) state->waits = 0;
    if (len < state->needed) return FN_PARTIAL;
    switch (how->kind) {
    case FN_FRAMING_PREFIX: state->needed = 0; return scan_any_prefix(how, state, buf, len, frames, max, count);
    case FN_FRAMING_VARINT: state->needed = 0; return scan_varint(how, state, buf, len, frames, max, count);
    case FN_FRAMING_FIXED: return scan_fixed(how, state, buf, len, frames, max, count);
    case FN_FRAMING_NETSTRING: state->needed = 0; return scan_netstring(how, state, buf, len, frames, max, count);
    case FN_FRAMING_DELIMITER: return fn_scan_delimiter(how, state, buf, len, frames, max, count);
    case FN_FRAMING_LINES: return fn_scan_lines(how, state, buf, len, frames, max, count);
    case FN_FRAMING_DOT: return fn_scan_dot(how, state, buf, len, frames, max, count);
    case FN_FRAMING_REPLY: return fn_scan_reply(how, state, buf, len, frames, max, count);
    case FN_FRAMING_COUNTED: return fn_scan_counted(how, state, buf, len, frames, max, count);
    case FN_FRAMING_LITERALS: return fn_scan_literals(how, state, buf, len, frames, max, count);
    default: return fn_scan_telnet(how, state, buf, len, frames, max, count);
    }
}

const char *fn_framing_error_text(int error) {
    static const char *const texts[FN_FRAMING_ERROR_COUNT] = {
        "no error",
        "a frame is longer than the limit",
        "the length of a frame is not a number in its right form",
        "the bytes that were counted are not followed by their end",
        "a CR or LF stands by itself",
        "a line of a reply does not begin with its three digits",
        "there is no such Telnet command",
    };
    return (unsigned)error < FN_FRAMING_ERROR_COUNT ? texts[error] : "unknown error";
}
