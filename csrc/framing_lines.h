/* Private: one line, as several framings look for it. */
#ifndef FASTNET_FRAMING_LINES_H
#define FASTNET_FRAMING_LINES_H

#include "framing_private.h"

typedef struct {
    size_t content, total; /* bytes without and with the line's end; total 0: the end has not come */
    int error;             /* fn_framing_error */
} fn_line;

/* The line that begins at buf[0], of `most` bytes without its end; the first `searched` have no LF. */
fn_line fn_find_line(fn_line_end end, size_t most, const char *buf, size_t len, size_t searched);

#endif
