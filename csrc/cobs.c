/* COBS (Cheshire and Baker, 1999): each code byte says how many bytes follow until where a zero was taken out; 255: that
 * 254 follow and none was. */
#include "fastnet/cobs.h"

#include <string.h>

enum { FULL = 255 };

size_t fn_cobs_encode(char *out, const char *buf, size_t len) {
    size_t at = 0, used = 0;
    for (;;) {
        size_t window = len - at < FULL - 1 ? len - at : FULL - 1;
        const char *zero = window ? memchr(buf + at, 0, window) : NULL;
        size_t run = zero == NULL ? window : (size_t)(zero - buf) - at;
        out[used++] = (char)(run + 1);
        memcpy(out + used, buf + at, run);
        used += run;
        at += run;
        if (zero != NULL) {
            at++; /* a zero at the end still has a group behind it, an empty one */
        } else if (at == len) {
            return used;
        }
    }
}

ptrdiff_t fn_cobs_decode(char *out, const char *buf, size_t len) {
    size_t at = 0, used = 0;
    while (at < len) {
        uint8_t code = (uint8_t)buf[at++];
        size_t run = (size_t)code - 1;
        if (code == 0 || run > len - at || memchr(buf + at, 0, run) != NULL) return FN_INVALID;
        memcpy(out + used, buf + at, run);
        used += run;
        at += run;
        if (code < FULL && at < len) out[used++] = 0;
    }
    return (ptrdiff_t)used;
}
