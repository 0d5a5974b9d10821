/* Private: what requests and replies of memcached's protocol share. */
#ifndef FASTNET_MEMCACHE_PRIVATE_H
#define FASTNET_MEMCACHE_PRIVATE_H

#include <string.h>

#include "cpu_level.h"
#include "fastnet/memcache.h"

typedef struct {
    size_t at, len;
} fn_memcache_word;

/* The end of the line that begins at buf[0], without CR; *after: where the next one begins. FN_PARTIAL or FN_INVALID. */
FN_HIDDEN ptrdiff_t fn_memcache_find_line(fn_memcache_state *state, const char *buf, size_t len, size_t max_line,
                                          size_t *after);
/* 1: the data block of value_len bytes at `start` is whole and ends well; 0: it is not whole; -1: it does not. */
FN_HIDDEN int fn_memcache_check_block(fn_memcache_state *state, const char *buf, size_t len, size_t start,
                                      size_t value_len);

#endif
