/* Private: the level in use, read without a call once it has been found. */
#ifndef FASTNET_CPU_LEVEL_H
#define FASTNET_CPU_LEVEL_H

#include <stdatomic.h>

#include "fastnet/cpu.h"

#if defined(__GNUC__)
#define FN_HIDDEN __attribute__((visibility("hidden")))
#define FN_INLINE static inline __attribute__((always_inline))
#define FN_LIKELY(x) __builtin_expect(!!(x), 1)
#define FN_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#error "fastnet's kernels need gcc or clang"
#endif

/* -1 until found. Threads that race here all store the same value. */
extern FN_HIDDEN atomic_int fn_cpu_chosen;

FN_INLINE fn_cpu_level fn_cpu_now(void) {
    int level = atomic_load_explicit(&fn_cpu_chosen, memory_order_relaxed);
    return FN_LIKELY(level >= 0) ? (fn_cpu_level)level : fn_cpu();
}

#endif
