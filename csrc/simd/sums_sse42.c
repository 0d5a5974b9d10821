/* Sums in vectors of 16 bytes, SSE4.2. */
#if defined(__x86_64__)
#include "../sums_private.h"
#include "target.h"

FN_TARGET_BEGIN("sse4.2")

#define VECTOR 16
#define OPS fn_sums_sse42
#include "sums.h"

FN_TARGET_END
#endif
