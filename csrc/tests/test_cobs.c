/* COBS: the examples of the paper's kind, every length about the group's, and what is wrong. */
#include "check.h"
#include "fastnet/cobs.h"

static guarded memory, out;

static void pair(const char *plain, size_t len, const char *coded, size_t coded_len) {
    char *room = out.start + out.size - FN_COBS_ROOM(len);
    size_t n = fn_cobs_encode(room, guarded_put(memory, plain, len), len);
    CHECK(n == coded_len && memcmp(room, coded, n) == 0, "%zu bytes coded in %zu", len, n);
    room = out.start + out.size - coded_len;
    ptrdiff_t back = fn_cobs_decode(room, guarded_put(memory, coded, coded_len), coded_len);
    CHECK(back == (ptrdiff_t)len && memcmp(room, plain, len) == 0, "%td bytes of %zu", back, len);
}

static void fails(const char *coded, size_t len) {
    ptrdiff_t n = fn_cobs_decode(out.start + out.size - len, guarded_put(memory, coded, len), len);
    CHECK(n == FN_INVALID, "%td", n);
}

int main(void) {
    char plain[600], coded[610];
    memory = guarded_new(4096);
    out = guarded_new(4096);
    pair("", 0, "\001", 1);
    pair("\0", 1, "\001\001", 2);
    pair("\0\0", 2, "\001\001\001", 3);
    pair("\0\021\0", 3, "\001\002\021\001", 4);
    pair("\021\042\0\063", 4, "\003\021\042\002\063", 5);
    memset(plain, 'x', sizeof plain);
    for (size_t n = 250; n <= 254; n++) {
        coded[0] = (char)(n + 1);
        memcpy(coded + 1, plain, n);
        pair(plain, n, coded, n + 1);
    }
    coded[255] = 2;
    coded[256] = 'x';
    pair(plain, 255, coded, 257);
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        size_t n = random_next(&seed) % sizeof plain;
        for (size_t k = 0; k < n; k++) plain[k] = random_next(&seed) % (i % 300 + 2) ? 'y' : 0;
        size_t m = fn_cobs_encode(coded, plain, n);
        CHECK(m <= FN_COBS_ROOM(n) && memchr(coded, 0, m) == NULL, "%zu bytes in %zu", n, m);
        CHECK(fn_cobs_decode(out.start, coded, m) == (ptrdiff_t)n && memcmp(out.start, plain, n) == 0, "%zu", n);
    }
    fails("\0", 1);
    fails("\002", 1);
    fails("\003a\0", 3);
    fails("\001\0", 2);
    return 0;
}
