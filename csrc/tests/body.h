/* A chunked body decoded in some way of cutting it, as an outcome that compares. Shared by tests and fuzzers. */
#ifndef FASTNET_TESTS_BODY_H
#define FASTNET_TESTS_BODY_H

#include "check.h"
#include "fastnet/http1.h"

#define MAX_BODY 8192

typedef struct {
    size_t data_len;   /* all data there was */
    size_t consumed;   /* of the input, when done */
    int done, error;
    char data[MAX_BODY];
} body;

/* data[0:len] handed over in pieces of `step` bytes (0: at once), each ending at the guarded page. */
static inline body body_of(guarded g, const char *input, size_t len, uint32_t max_extensions, size_t step) {
    body b;
    fn_http1_chunked state;
    memset(&b, 0, sizeof b);
    memset(&state, 0, sizeof state);
    for (size_t at = 0; at < len && !b.done;) {
        size_t piece = step && step < len - at ? step : len - at, used = 0;
        const char *buf = guarded_put(g, input + at, piece);
        while (used < piece && !state.done) {
            size_t start, run;
            ptrdiff_t n = fn_http1_decode_chunked(&state, buf + used, piece - used, max_extensions, &start, &run);
            CHECK((n == FN_INVALID) == (state.error != 0), "%td with error %d", n, state.error);
            if (n == FN_INVALID) {
                b.error = state.error;
                n = fn_http1_decode_chunked(&state, buf, 1, max_extensions, &start, &run);
                CHECK(n == FN_INVALID, "%td after an error", n);
                return b;
            }
            CHECK(n > 0 && (size_t)n <= piece - used, "consumed %td of %zu", n, piece - used);
            CHECK(run == 0 || start + run == (size_t)n, "data ends at %zu of %td", start + run, n);
            CHECK(b.data_len + run <= MAX_BODY, "%zu bytes of data", b.data_len + run);
            memcpy(b.data + b.data_len, buf + used + start, run);
            b.data_len += run;
            used += (size_t)n;
        }
        at += used;
        b.consumed = at;
        b.done = state.done;
    }
    return b;
}

#endif
