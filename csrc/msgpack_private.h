/* Private: what the levels offer msgpack_items.c. */
#ifndef FASTNET_MSGPACK_PRIVATE_H
#define FASTNET_MSGPACK_PRIVATE_H

#include "cpu_level.h"
#include "fastnet/msgpack.h"

/* Writes as many of n doubles as come in whole vectors, and returns how many. */
FN_HIDDEN size_t fn_msgpack_put_f64_avx512(uint8_t *out, const uint8_t *items, size_t n);

#endif
