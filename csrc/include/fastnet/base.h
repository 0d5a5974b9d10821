/* What every kernel answers, and the markers they share.
 *
 * A kernel takes a pointer and a length, allocates nothing, keeps no state of its own, and answers
 * with the number of bytes it consumed (0 or more), FN_PARTIAL (correct so far, more input needed)
 * or FN_INVALID (the input breaks the format or a limit; the struct it was given says how).
 * Outputs are offsets from the start of the caller's buffer, never pointers. */
#ifndef FASTNET_BASE_H
#define FASTNET_BASE_H

#include <stddef.h>
#include <stdint.h>

#define FN_PARTIAL ((ptrdiff_t)-1)
#define FN_INVALID ((ptrdiff_t)-2)

#ifdef __cplusplus
#define FN_BEGIN extern "C" {
#define FN_END }
#else
#define FN_BEGIN
#define FN_END
#endif

#endif
