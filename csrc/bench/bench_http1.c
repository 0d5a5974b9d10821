/* Nanoseconds a head, at every level of this machine: a browser's GET, wrk's GET and 512 varied requests. The best
 * of many rounds, since all noise adds. usage: bench_http1 [rounds] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fastnet/cpu.h"
#include "fastnet/http1.h"

enum { MAX_FIELDS = 64, N_VARIED = 512, VARIED_BYTES = 1024 * 1024 };

static const char browser[] =
    "GET /articles/2024/05/how-to-measure-a-parser?utm_source=feed&page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Referer: https://www.example.com/articles/\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1716200; tz=+0200\r\n"
    "\r\n";
static const char wrk[] = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench/1.0abcde\r\n\r\n";

static char varied[VARIED_BYTES];
static size_t varied_start[N_VARIED + 1];

static size_t random_below(size_t n) {
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (size_t)(x >> 11) % n;
}

/* The same requests on every machine: paths, queries and one to sixteen fields of differing lengths. */
static void make_varied(void) {
    static const char *const methods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"};
    static const char *const names[] = {
        "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Cookie", "Referer", "Cache-Control", "DNT",
        "X-Forwarded-For", "X-Request-Id", "Authorization", "If-None-Match", "Origin", "Content-Type", "Connection",
        "Sec-Fetch-Dest", "traceparent", "Via", "Range", "X-Real-IP"};
    static const char path_characters[] = "abcdefghij-klmnopqrs/tuvwxyz0123456789";
    size_t at = 0;
    for (int i = 0; i < N_VARIED; i++) {
        varied_start[i] = at;
        const char *method = methods[random_below(8)];
        at += (size_t)sprintf(varied + at, "%s /", method);
        for (size_t n = 1 + random_below(60); n; n--) varied[at++] = path_characters[random_below(38)];
        if (random_below(3) == 0) at += (size_t)sprintf(varied + at, "?q=%zu&name=%%41b", random_below(100000));
        at += (size_t)sprintf(varied + at, " HTTP/1.1\r\nHost: www%zu.example.org\r\n", random_below(200));
        for (size_t fields = random_below(16); fields; fields--) {
            size_t which = random_below(sizeof names / sizeof names[0]);
            at += (size_t)sprintf(varied + at, "%s: ", names[which]);
            if (strcmp(names[which], "Connection") == 0) {
                at += (size_t)sprintf(varied + at, "keep-alive");
            } else {
                size_t longest = random_below(4) ? 40 : 140;
                for (size_t n = 1 + random_below(longest); n; n--) varied[at++] = (char)(0x20 + random_below(95));
            }
            at += (size_t)sprintf(varied + at, "\r\n");
        }
        if (*method == 'P') at += (size_t)sprintf(varied + at, "Content-Length: %zu\r\n", random_below(100000));
        at += (size_t)sprintf(varied + at, "\r\n");
    }
    varied_start[N_VARIED] = at;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void parse_one(const char *buf, size_t len) {
    static fn_http1_field fields[MAX_FIELDS];
    static const fn_http1_limits limits = {8190, 65536, MAX_FIELDS};
    fn_http1_head head;
    fn_http1_head_init(&head);
    if (fn_http1_parse_request(&head, buf, len, fields, &limits) != (ptrdiff_t)len) {
        fprintf(stderr, "refused (%s): %.*s\n", fn_http1_error_text(head.error), (int)len, buf);
        exit(1);
    }
}

static double best_of(int rounds, int which) {
    double best = 1e18;
    for (int round = 0; round < rounds; round++) {
        double start = now_ns();
        for (int i = 0; i < N_VARIED; i++) {
            if (which == 0) parse_one(wrk, sizeof wrk - 1);
            if (which == 1) parse_one(browser, sizeof browser - 1);
            if (which == 2) parse_one(varied + varied_start[i], varied_start[i + 1] - varied_start[i]);
        }
        double ns = (now_ns() - start) / N_VARIED;
        if (ns < best) best = ns;
    }
    return best;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 2000;
    make_varied();
    printf("ns a head       wrk %zu B   browser %zu B   varied %zu B\n", sizeof wrk - 1, sizeof browser - 1,
           varied_start[N_VARIED] / N_VARIED);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_force((fn_cpu_level)level) != 0) continue;
        printf("%-14s", fn_cpu_name((fn_cpu_level)level));
        for (int which = 0; which < 3; which++) printf("%12.1f", best_of(rounds, which));
        printf("\n");
    }
    return 0;
}
