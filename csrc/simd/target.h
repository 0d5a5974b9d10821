/* FN_TARGET_BEGIN("avx2,bmi") ... FN_TARGET_END: functions between them may use these instruction sets, so that the
 * whole library builds without flags of its own. */
#ifndef FASTNET_SIMD_TARGET_H
#define FASTNET_SIMD_TARGET_H

#define FN_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define FN_TARGET_BEGIN(features)                                                                                      \
    FN_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define FN_TARGET_END FN_PRAGMA(clang attribute pop)
#else
#define FN_TARGET_BEGIN(features) FN_PRAGMA(GCC push_options) FN_PRAGMA(GCC target(features))
#define FN_TARGET_END FN_PRAGMA(GCC pop_options)
#endif

#endif
