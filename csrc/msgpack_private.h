/* Private: what the levels offer msgpack_items.c. */
#ifndef FASTNET_MSGPACK_PRIVATE_H
#define FASTNET_MSGPACK_PRIVATE_H

#include "cpu_level.h"
#include "fastnet/msgpack.h"

/* Write and read items as long as whole vectors of them have the form that most have: for types of 32 and 64 bits
 * integers of five bytes, floats of their own size, for the others none. Both return the number of items. */
FN_HIDDEN size_t fn_msgpack_put_vectors_avx512(uint8_t *out, fn_msgpack_type type, const uint8_t *items, size_t n);
FN_HIDDEN size_t fn_msgpack_read_vectors_avx512(uint8_t *items, fn_msgpack_type type, const uint8_t *p, size_t len,
                                                size_t n);

#endif
