/* What the C tests share: checks that name their place, and memory that ends at a page nobody may touch. */
#ifndef FASTNET_TESTS_CHECK_H
#define FASTNET_TESTS_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                            \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fprintf(stderr, "\n");                                                                                     \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A region whose end is followed by a PROT_NONE page. */
typedef struct {
    char *start;
    size_t size;
} guarded;

static inline guarded guarded_new(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size = (size + page - 1) / page * page;
    char *start = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(start != MAP_FAILED, "mmap of %zu bytes", size + page);
    CHECK(mprotect(start + size, page, PROT_NONE) == 0, "mprotect");
    guarded g = {start, size};
    return g;
}

/* A copy of data[0:len] that ends where the guarded page begins. */
static inline char *guarded_put(guarded g, const void *data, size_t len) {
    CHECK(len <= g.size, "%zu bytes do not fit %zu", len, g.size);
    char *at = g.start + g.size - len;
    if (len) memcpy(at, data, len);
    return at;
}

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

#endif
