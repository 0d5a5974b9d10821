/* Consistent Overhead Byte Stuffing: bytes without a zero among them, so that a zero can end a frame. */
#ifndef FASTNET_COBS_H
#define FASTNET_COBS_H

#include "fastnet/base.h"

FN_BEGIN

/* Bytes that fn_cobs_encode() needs at most for len bytes. */
#define FN_COBS_ROOM(len) ((len) + (len) / 254 + 1)

/* Returns the bytes written to out, without an ending zero. */
size_t fn_cobs_encode(char *out, const char *buf, size_t len);
/* Returns the bytes written to out, which has room for len, or FN_INVALID: a zero, or less than a code announces. */
ptrdiff_t fn_cobs_decode(char *out, const char *buf, size_t len);

FN_END

#endif
