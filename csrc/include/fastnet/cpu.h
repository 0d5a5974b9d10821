/* Which instruction sets the kernels use. Picked once, at the first call of any kernel. */
#ifndef FASTNET_CPU_H
#define FASTNET_CPU_H

#include "fastnet/base.h"

FN_BEGIN

/* From the slowest to the fastest of a machine's family. Each x86 level holds the one before and stands for
 * SSE42: SSE4.2, PCLMUL; AVX2: AVX2, BMI1, BMI2; AVX512: AVX-512 F, DQ, BW, VL, VBMI, and VPCLMULQDQ.
 * NEON is what every 64-bit ARM has; NEON_CRYPTO: PMULL and the CRC instructions, too. */
typedef enum {
    FN_CPU_SCALAR = 0,
    FN_CPU_SSE42,
    FN_CPU_AVX2,
    FN_CPU_AVX512,
    FN_CPU_NEON,
    FN_CPU_NEON_CRYPTO,
    FN_CPU_COUNT
} fn_cpu_level;

/* The level in use: the best this machine has, unless the environment variable FASTNET_CPU names a lower one
 * (scalar, sse42, avx2, avx512, neon, neon_crypto) or fn_cpu_force() did. */
fn_cpu_level fn_cpu(void);
const char *fn_cpu_name(fn_cpu_level level);
int fn_cpu_supported(fn_cpu_level level);
/* Use this level from now on; for tests and benchmarks, while no other thread runs a kernel. Returns 0, or -1 if
 * the machine lacks it. */
int fn_cpu_force(fn_cpu_level level);

FN_END

#endif
