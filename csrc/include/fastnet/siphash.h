/* SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash that nobody without the key can predict. */
#ifndef FASTNET_SIPHASH_H
#define FASTNET_SIPHASH_H

#include "fastnet/base.h"

FN_BEGIN

/* The 64 bits; their bytes in the algorithm's order are those of the number, lowest first. */
uint64_t fn_siphash(const uint8_t key[16], const void *data, size_t len);

FN_END

#endif
