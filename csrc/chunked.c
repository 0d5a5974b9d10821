/* The chunked transfer coding (RFC 9112, section 7.1), strictly: sizes of 1 to 15 hex digits, CRLF and nothing else
 * at every line's end, extensions skipped and counted. */
#include "http1_private.h"

enum { SIZE = 0, SPACE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_LINE_READ };

#define MAX_DIGITS 15

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static ptrdiff_t fail(fn_http1_chunked *state, int error) {
    state->error = (uint8_t)error;
    return FN_INVALID;
}

ptrdiff_t fn_http1_decode_chunked(fn_http1_chunked *state, const char *buf, size_t len, uint32_t max_extensions,
                                  size_t *data, size_t *data_len) {
    *data = *data_len = 0;
    if (state->error) return FN_INVALID;
    size_t i = 0;
    while (i < len) {
        char c = buf[i];
        switch (state->state) {
        case SIZE: {
            int digit = hex_digit(c);
            if (digit >= 0) {
                if (state->digits == MAX_DIGITS) return fail(state, FN_HTTP1_BAD_CHUNK_SIZE);
                state->remaining = state->remaining << 4 | (unsigned)digit;
                state->digits++;
                i++;
                break;
            }
            if (state->digits == 0) return fail(state, FN_HTTP1_BAD_CHUNK_SIZE);
            if (c == '\r') {
                state->state = SIZE_LF;
                i++;
                break;
            }
            if (c == '\n') return fail(state, FN_HTTP1_BAD_LINE_END);
            if (c != ';' && c != ' ' && c != '\t') return fail(state, FN_HTTP1_BAD_CHUNK_SIZE);
            state->state = SPACE; /* white space may stand before ';', and only there */
            break;
        }
        case SPACE:
        case EXTENSION:
            if (c == '\r' && state->state == EXTENSION) {
                state->state = SIZE_LF;
                i++;
                break;
            }
            if (state->extensions >= max_extensions) return fail(state, FN_HTTP1_CHUNK_EXTENSIONS_TOO_LONG);
            if (c == '\n') return fail(state, FN_HTTP1_BAD_LINE_END);
            if (state->state == SPACE) {
                if (c == ';') {
                    state->state = EXTENSION;
                } else if (c != ' ' && c != '\t') {
                    return fail(state, FN_HTTP1_BAD_CHUNK_SIZE);
                }
            } else if (!fn_char_is(c, FN_CHAR_VALUE)) {
                return fail(state, FN_HTTP1_BAD_CHUNK_EXTENSION);
            }
            state->extensions++;
            i++;
            break;
        case SIZE_LF:
            if (c != '\n') return fail(state, FN_HTTP1_BAD_LINE_END);
            i++;
            state->digits = 0;
            if (state->remaining == 0) {
                state->state = LAST_LINE_READ;
                state->done = 1;
                return (ptrdiff_t)i;
            }
            state->state = DATA;
            break;
        case DATA: {
            size_t run = len - i < state->remaining ? len - i : (size_t)state->remaining;
            *data = i;
            *data_len = run;
            state->remaining -= run;
            if (state->remaining == 0) state->state = DATA_CR;
            return (ptrdiff_t)(i + run);
        }
        case DATA_CR:
            if (c != '\r') return fail(state, FN_HTTP1_BAD_CHUNK_END);
            state->state = DATA_LF;
            i++;
            break;
        case DATA_LF:
            if (c != '\n') return fail(state, FN_HTTP1_BAD_CHUNK_END);
            state->state = SIZE;
            i++;
            break;
        default: return (ptrdiff_t)i; /* done: what follows is the trailer section */
        }
    }
    return (ptrdiff_t)i;
}
