/* Nanoseconds a chunk, size line and data found, for bodies of chunks of one size. usage: bench_chunked [rounds] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fastnet/http1.h"

enum { N_CHUNKS = 256, MAX_CHUNK = 1024 };

static char input[N_CHUNKS * (MAX_CHUNK + 16)];

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t decode_all(size_t len) {
    fn_http1_chunked state = {0};
    size_t at = 0, total = 0;
    while (at < len && !state.done) {
        size_t data, run;
        ptrdiff_t n = fn_http1_decode_chunked(&state, input + at, len - at, 0, &data, &run);
        if (n < 0) {
            fprintf(stderr, "%s\n", fn_http1_error_text(state.error));
            exit(1);
        }
        at += (size_t)n;
        total += run;
    }
    return total;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 4000;
    static const int sizes[] = {1, 16, 64, 1024};
    for (int s = 0; s < 4; s++) {
        size_t len = 0;
        for (int i = 0; i < N_CHUNKS; i++) {
            len += (size_t)sprintf(input + len, "%x\r\n", (unsigned)sizes[s]);
            memset(input + len, 'd', (size_t)sizes[s]);
            len += (size_t)sizes[s];
            len += (size_t)sprintf(input + len, "\r\n");
        }
        len += (size_t)sprintf(input + len, "0\r\n");
        double best = 1e18;
        for (int round = 0; round < rounds; round++) {
            double start = now_ns();
            if (decode_all(len) != (size_t)sizes[s] * N_CHUNKS) return 1;
            double ns = (now_ns() - start) / N_CHUNKS;
            if (ns < best) best = ns;
        }
        printf("%4d B chunks %8.1f ns a chunk\n", sizes[s], best);
    }
    return 0;
}
