/* Sums in vectors of 16 bytes, NEON. */
#if defined(__aarch64__)
#include "../sums_private.h"

#define VECTOR 16
#define OPS fn_sums_neon
#include "sums.h"
#endif
