/* Sums in vectors of 64 bytes, AVX-512. */
#if defined(__x86_64__)
#include "../sums_private.h"
#include "target.h"

FN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq")

#define VECTOR 64
#define OPS fn_sums_avx512
#include "sums.h"

FN_TARGET_END
#endif
