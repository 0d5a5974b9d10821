/* Every level against the scalar one on the same inputs: scanning at every alignment and every length to 512, every
 * byte at every place, and heads mutated at random. All inputs end at a guarded page, or 1 to 63 bytes before it. */
#include <ctype.h>

#include "fastnet/cpu.h"
#include "outcome.h"

static guarded memory;
static uint64_t seed = 0x9e3779b97f4a7c15u;
static fn_cpu_level levels[FN_CPU_COUNT];
static int n_levels;

typedef size_t (*scan_function)(const char *, size_t);

static void same_scan(scan_function scan, const char *buf, size_t len) {
    fn_cpu_force(FN_CPU_SCALAR);
    size_t expected = scan(buf, len);
    for (int i = 0; i < n_levels; i++) {
        fn_cpu_force(levels[i]);
        size_t found = scan(buf, len);
        CHECK(found == expected, "%s: %zu instead of %zu of %zu", fn_cpu_name(levels[i]), found, expected, len);
    }
}

static void check_scan(scan_function scan) {
    char data[512];
    for (size_t len = 0; len <= sizeof data; len++) {
        for (size_t shift = 0; shift < 64; shift++) {
            memset(data, 'a', len);
            char *buf = memory.start + memory.size - len - shift;
            memcpy(buf, data, len);
            if (len && shift % 2) buf[random_next(&seed) % len] = "\0\r\x7f(\x80"[random_next(&seed) % 5];
            same_scan(scan, buf, len);
        }
    }
    for (size_t at = 0; at < 130; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memset(data, 'a', 130);
            data[at] = (char)byte;
            same_scan(scan, guarded_put(memory, data, 130), 130);
        }
    }
}

static void check_meaning(void) {
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        size_t token = isalnum(byte) && byte < 128 ? 1 : byte && byte < 128 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
        CHECK(fn_http1_scan_token(&c, 1) == token, "token 0x%02x", (unsigned)byte);
        size_t value = byte == '\t' || (byte >= 32 && byte != 127);
        CHECK(fn_http1_scan_value(&c, 1) == value, "value 0x%02x", (unsigned)byte);
        char lower;
        fn_http1_lower(&lower, &c, 1);
        CHECK(lower == (byte >= 'A' && byte <= 'Z' ? c + 32 : c), "lower 0x%02x", (unsigned)byte);
    }
    char all[256], out[256];
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    for (size_t start = 0; start < 256; start++) {
        for (size_t len = 0; len <= 256 - start && len < 40; len++) {
            fn_http1_lower(out, guarded_put(memory, all + start, len), len);
            for (size_t i = 0; i < len; i++) {
                char c = all[start + i];
                CHECK(out[i] == (c >= 'A' && c <= 'Z' ? c + 32 : c), "lower 0x%02zx in %zu", start + i, len);
            }
        }
    }
}

static void same_outcome(parse_function parse, const char *data, size_t len, const fn_http1_limits *limits) {
    fn_cpu_force(FN_CPU_SCALAR);
    outcome expected = outcome_of(parse, memory, data, len, limits, 0);
    for (int i = 0; i < n_levels; i++) {
        fn_cpu_force(levels[i]);
        size_t step = random_next(&seed) % 3 ? 1 + random_next(&seed) % 90 : 0;
        outcome found = outcome_of(parse, memory, data, len, limits, step);
        CHECK(memcmp(&expected, &found, sizeof found) == 0, "%s, cut every %zu: %.*s", fn_cpu_name(levels[i]), step,
              (int)len, data);
    }
}

static const char request[] =
    "POST /a/path?with=a&query=%41 HTTP/1.1\r\nHost: www.example.com:8080\r\nUser-Agent: something/1.0 (like it)\r\n"
    "Accept:*/*\r\nContent-Type:  text/plain \r\nContent-Length: 1234\r\nX-Empty:\r\nConnection: keep-alive\r\n"
    "Cookie: a=0123456789; b=0123456789; c=0123456789; d=0123456789; e=0123456789; f=0123456789\r\n\r\nGET";
static const char response[] =
    "HTTP/1.1 206 Partial Content\r\nServer: x\r\nTransfer-Encoding: chunked\r\nConnection: close, upgrade\r\n"
    "Upgrade: websocket\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nSet-Cookie: a=b; Path=/; HttpOnly\r\n\r\n";

/* Bytes that matter to the parser, more often than others. */
static char random_byte(void) {
    static const char marks[] = "\r\n\t :,%?#*/[]1aZ\x7f\x80\xff";
    uint64_t r = random_next(&seed);
    return r % 4 ? marks[(r >> 8) % (sizeof marks)] : (char)(r >> 16);
}

static void check_mutations(parse_function parse, const char *text, size_t size, int rounds) {
    static char data[4096];
    for (int round = 0; round < rounds; round++) {
        /* Filling the request line or the first value by n bytes moves all that follows against the blocks. */
        size_t fill = random_next(&seed) % 130, at = 10 + random_next(&seed) % 40;
        memcpy(data, text, at);
        memset(data + at, 'f', fill);
        memcpy(data + at + fill, text + at, size - at);
        size_t len = size + fill;
        for (uint64_t n = random_next(&seed) % 4; n; n--) {
            size_t where = random_next(&seed) % len;
            switch (random_next(&seed) % 3) {
            case 0: data[where] = random_byte(); break;
            case 1:
                memmove(data + where, data + where + 1, len - where - 1);
                len--;
                break;
            default:
                memmove(data + where + 1, data + where, len - where);
                data[where] = random_byte();
                len++;
            }
        }
        if (random_next(&seed) % 4 == 0) len = random_next(&seed) % (len + 1);
        fn_http1_limits limits = {8190, 65536, MAX_OUTCOME_FIELDS};
        if (random_next(&seed) % 4 == 0) {
            limits.max_line = (uint32_t)(random_next(&seed) % 200);
            limits.max_head = (uint32_t)(random_next(&seed) % 700);
            limits.max_fields = (uint32_t)(random_next(&seed) % 10);
        }
        same_outcome(parse, data, len, &limits);
    }
}

/* A name of every length, and near misses of the known names, are told apart alike. */
static void check_names(void) {
    static const char *const names[] = {"Host", "Expect", "Upgrade", "Connection", "Content-Type", "Content-Length",
                                        "Transfer-Encoding"};
    fn_http1_limits limits = {8190, 65536, MAX_OUTCOME_FIELDS};
    char text[400];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t before = 0; before < 40; before++) {
            for (size_t miss = 0; miss <= strlen(names[i]); miss++) {
                char name[80];
                memset(name, 'x', before);
                strcpy(name + before, names[i]);
                if (name[before + miss]) name[before + miss] ^= (before + miss) % 2 ? 0x20 : 0x01;
                int len = sprintf(text, "HTTP/1.1 200 \r\n%s: 5\r\n%s: 5\r\n\r\n", name, names[i]);
                same_outcome(fn_http1_parse_response, text, (size_t)len, &limits);
            }
        }
    }
}

static void check_hosts(void) {
    static const char *const hosts[] = {"a", "a:", "a:0", "a:65535", "a:65536", "a:99999", "a:100000", "a:0065535",
                                        "a:12a", "a:1:", ":1", "", "[::1]:80", "a%41", "a%4", "a/", "\xc3\xa4", "a b"};
    fn_http1_limits limits = {8190, 65536, MAX_OUTCOME_FIELDS};
    char text[400], filling[100];
    memset(filling, 'a', sizeof filling);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        for (int fill = 0; fill < 100; fill++) {
            int len = sprintf(text, "GET / HTTP/1.1\r\nHost: %.*s%s\r\nX: y\r\n\r\n", fill, filling, hosts[i]);
            same_outcome(fn_http1_parse_request, text, (size_t)len, &limits);
        }
    }
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    memory = guarded_new(8192);
    for (int level = FN_CPU_SCALAR + 1; level < FN_CPU_COUNT; level++) {
        if (fn_cpu_supported((fn_cpu_level)level)) levels[n_levels++] = (fn_cpu_level)level;
    }
    check_meaning();
    check_scan(fn_http1_scan_value);
    check_scan(fn_http1_scan_token);
    check_names();
    check_hosts();
    check_mutations(fn_http1_parse_request, request, sizeof request - 1, rounds);
    check_mutations(fn_http1_parse_response, response, sizeof response - 1, rounds);
    return 0;
}
