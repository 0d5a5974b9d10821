/* What the files of HPACK share: the dynamic table. */
#ifndef FASTNET_HPACK_PRIVATE_H
#define FASTNET_HPACK_PRIVATE_H

#include "fastnet/hpack.h"

void fn_hpack_insert(fn_hpack_table *table, const char *name, size_t name_len, const char *value, size_t value_len,
                     uint32_t hash, uint32_t flags);
void fn_hpack_shrink(fn_hpack_table *table, uint32_t size);

/* The slot of the entry that was inserted `age` insertions before the newest. */
static inline uint32_t fn_hpack_slot(const fn_hpack_table *table, uint32_t age) {
    return table->newest >= age ? table->newest - age : table->newest + table->slots - age;
}

#endif
