/* WebSocket frames (RFC 6455, section 5): their heads, their masks, and the UTF-8 of texts, piece by piece. */
#ifndef FASTNET_WEBSOCKET_H
#define FASTNET_WEBSOCKET_H

#include <string.h>

#include "fastnet/base.h"

FN_BEGIN

typedef enum {
    FN_WS_OK = 0,
    FN_WS_RESERVED_BIT,       /* set, and no extension gives it a meaning here */
    FN_WS_RESERVED_OPCODE,    /* 3 to 7, 11 to 15 */
    FN_WS_CONTROL_FRAGMENTED, /* a control frame without FIN */
    FN_WS_CONTROL_LONG,       /* a control frame of more than 125 bytes */
    FN_WS_LENGTH,             /* not in the fewest bytes, or over 2^63 - 1 */
    FN_WS_MASKED,             /* by a server */
    FN_WS_UNMASKED            /* by a client */
} fn_ws_error;

enum { FN_WS_CONTINUATION = 0, FN_WS_TEXT = 1, FN_WS_BINARY = 2, FN_WS_CLOSE = 8, FN_WS_PING = 9, FN_WS_PONG = 10 };

/* How to read: frames of a client, which are masked, or of a server, which are not; whether the first frame of a message
 * may have the first reserved bit, which permessage-deflate gives a meaning (RFC 7692, section 6). */
enum { FN_WS_FROM_CLIENT = 1, FN_WS_DEFLATE = 2 };

#define FN_WS_HEAD_ROOM 14

typedef struct {
    uint64_t length; /* of the payload */
    uint32_t key;    /* of the mask, as it lies in memory; 0: none */
    uint8_t opcode, fin, rsv1, masked;
    uint8_t error;   /* an fn_ws_error, with FN_INVALID */
} fn_ws_head;

/* Returns the bytes of the head, FN_PARTIAL, or FN_INVALID as soon as what is there cannot become one. */
ptrdiff_t fn_ws_parse_head(fn_ws_head *head, const char *buf, size_t len, unsigned how);
/* Writes what fn_ws_parse_head() reads, but for `error`; returns its bytes, at most FN_WS_HEAD_ROOM. */
size_t fn_ws_write_head(char *out, const fn_ws_head *head);
const char *fn_ws_error_text(fn_ws_error error);

/* Puts on, or takes off, a mask: out[0:len], which may be `buf` itself but not overlap it otherwise. Key 0 copies.
 * Returns 0 if all of out is ASCII. */
int fn_ws_mask(char *out, const char *buf, size_t len, uint32_t key);

/* The key of what follows len bytes. */
static inline uint32_t fn_ws_next_key(uint32_t key, size_t len) {
    unsigned char bytes[8];
    memcpy(bytes, &key, 4);
    memcpy(bytes + 4, &key, 4);
    memcpy(&key, bytes + (len & 3), 4);
    return key;
}

/* Whether a text is UTF-8 (RFC 3629), piece by piece: state is 0 at the start, and again where a character ends.
 * Returns len, or FN_INVALID as soon as no further byte could make it right. */
ptrdiff_t fn_utf8_check(uint32_t *state, const char *buf, size_t len);

FN_END

#endif
