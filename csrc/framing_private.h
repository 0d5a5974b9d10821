/* What the scanners of frames share. Each finds whole frames from buf[0] on and ends with fn_finish() or fn_stop(). */
#ifndef FASTNET_FRAMING_PRIVATE_H
#define FASTNET_FRAMING_PRIVATE_H

#include <string.h>

#include "cpu_level.h"
#include "fastnet/framing.h"

#define FN_SCAN_ARGUMENTS                                                                                              \
    const fn_framing *how, fn_framing_state *state, const char *buf, size_t len, fn_frame *frames, size_t max,         \
        size_t *count

ptrdiff_t fn_scan_delimiter(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_lines(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_dot(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_reply(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_counted(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_literals(FN_SCAN_ARGUMENTS);
ptrdiff_t fn_scan_telnet(FN_SCAN_ARGUMENTS);

/* `n` frames end at `at`; what follows them is unfinished, or there was no room for more. */
FN_INLINE ptrdiff_t fn_finish(size_t at, size_t n, size_t *count) {
    *count = n;
    return n ? (ptrdiff_t)at : FN_PARTIAL;
}

/* `n` frames end at `at`; what follows them is bad. */
FN_INLINE ptrdiff_t fn_stop(fn_framing_state *state, int error, size_t at, size_t n, size_t *count) {
    state->error = (uint8_t)error;
    *count = n;
    return n ? (ptrdiff_t)at : FN_INVALID;
}

FN_INLINE void fn_next_frame(fn_framing_state *state) {
    state->needed = state->searched = state->mark = 0;
    state->phase = 0;
}

#endif
