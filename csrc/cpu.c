/* What this machine can do, found once. The only mutable global of the kernels stands here. */
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "cpu_level.h"

atomic_int fn_cpu_chosen = -1;

static const char *const names[FN_CPU_COUNT] = {"scalar", "sse42", "avx2", "avx512", "neon", "neon_crypto"};

const char *fn_cpu_name(fn_cpu_level level) {
    return (unsigned)level < FN_CPU_COUNT ? names[level] : "unknown";
}

int fn_cpu_supported(fn_cpu_level level) {
    switch (level) {
    case FN_CPU_SCALAR:
        return 1;
#if defined(__x86_64__)
    case FN_CPU_SSE42:
        return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
    case FN_CPU_AVX2:
        return fn_cpu_supported(FN_CPU_SSE42) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2");
    case FN_CPU_AVX512:
        return fn_cpu_supported(FN_CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("vpclmulqdq");
#elif defined(__aarch64__)
    case FN_CPU_NEON:
        return 1; /* part of the base architecture */
    case FN_CPU_NEON_CRYPTO:
#if defined(__linux__)
        return (getauxval(AT_HWCAP) & (HWCAP_PMULL | HWCAP_CRC32)) == (HWCAP_PMULL | HWCAP_CRC32);
#elif defined(__APPLE__)
        return 1; /* every 64-bit ARM machine it runs on has them */
#else
        return 0;
#endif
#endif
    default:
        return 0;
    }
}

/* The best level not above the one that FASTNET_CPU names; a name it does not know, or one of another family of
 * machines, changes nothing. */
static fn_cpu_level find_level(void) {
    const char *wanted = getenv("FASTNET_CPU");
    int top = FN_CPU_COUNT - 1;
    if (wanted != NULL) {
        for (int level = 0; level < FN_CPU_COUNT; level++) {
            if (strcmp(wanted, names[level]) == 0 && fn_cpu_supported((fn_cpu_level)level)) top = level;
        }
    }
    while (!fn_cpu_supported((fn_cpu_level)top)) top--;
    return (fn_cpu_level)top;
}

fn_cpu_level fn_cpu(void) {
    int level = atomic_load_explicit(&fn_cpu_chosen, memory_order_relaxed);
    if (level < 0) {
        int expected = -1;
        level = (int)find_level();
        /* If fn_cpu_force() came first, its choice stays. */
        if (!atomic_compare_exchange_strong(&fn_cpu_chosen, &expected, level)) level = expected;
    }
    return (fn_cpu_level)level;
}

int fn_cpu_force(fn_cpu_level level) {
    if (!fn_cpu_supported(level)) return -1;
    atomic_store(&fn_cpu_chosen, (int)level);
    return 0;
}
