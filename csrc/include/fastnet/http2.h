/* HTTP/2 frames (RFC 9113, section 4 and 6): read and checked one by one, written as headers.
 *
 * What a frame has wrong by itself is found here, with the error code that the RFC asks for; what depends on the
 * connection or a stream is the caller's. */
#ifndef FASTNET_HTTP2_H
#define FASTNET_HTTP2_H

#include "fastnet/base.h"

FN_BEGIN

enum { FN_HTTP2_HEADER = 9 };

typedef enum {
    FN_HTTP2_DATA = 0,
    FN_HTTP2_HEADERS = 1,
    FN_HTTP2_PRIORITY = 2,
    FN_HTTP2_RST_STREAM = 3,
    FN_HTTP2_SETTINGS = 4,
    FN_HTTP2_PUSH_PROMISE = 5,
    FN_HTTP2_PING = 6,
    FN_HTTP2_GOAWAY = 7,
    FN_HTTP2_WINDOW_UPDATE = 8,
    FN_HTTP2_CONTINUATION = 9,
    FN_HTTP2_PRIORITY_UPDATE = 16 /* RFC 9218, section 7.1 */
} fn_http2_type;

enum {
    FN_HTTP2_END_STREAM = 1, /* DATA, HEADERS */
    FN_HTTP2_ACK = 1,        /* SETTINGS, PING */
    FN_HTTP2_END_HEADERS = 4,
    FN_HTTP2_PADDED = 8,
    FN_HTTP2_WITH_PRIORITY = 32
};

/* Error codes (section 7). */
typedef enum {
    FN_HTTP2_NO_ERROR = 0,
    FN_HTTP2_PROTOCOL_ERROR = 1,
    FN_HTTP2_INTERNAL_ERROR = 2,
    FN_HTTP2_FLOW_CONTROL_ERROR = 3,
    FN_HTTP2_SETTINGS_TIMEOUT = 4,
    FN_HTTP2_STREAM_CLOSED = 5,
    FN_HTTP2_FRAME_SIZE_ERROR = 6,
    FN_HTTP2_REFUSED_STREAM = 7,
    FN_HTTP2_CANCEL = 8,
    FN_HTTP2_COMPRESSION_ERROR = 9,
    FN_HTTP2_CONNECT_ERROR = 10,
    FN_HTTP2_ENHANCE_YOUR_CALM = 11,
    FN_HTTP2_INADEQUATE_SECURITY = 12,
    FN_HTTP2_HTTP_1_1_REQUIRED = 13
} fn_http2_error;

typedef struct {
    uint32_t length;      /* of the payload, padding and all: what flow control counts */
    uint32_t stream;
    uint8_t type, flags;
    uint8_t error;        /* fn_http2_error; of the whole connection after FN_INVALID, else of this stream alone */
    uint32_t at, len;     /* the payload without padding and priority fields: offset and bytes */
    uint32_t number;      /* RST_STREAM, GOAWAY: error code; WINDOW_UPDATE: increment; PRIORITY, HEADERS: dependency */
    uint32_t last_stream; /* GOAWAY; PUSH_PROMISE: the promised one; PRIORITY_UPDATE: the prioritised one */
} fn_http2_frame;

/* The frame at buf[0:len]. Returns its size in bytes, FN_PARTIAL, or FN_INVALID: a connection error. A frame over
 * max_frame is refused as soon as its header is there. If it returns a size, frame->error may still say that the frame
 * breaks its stream. Frames of unknown types have nothing wrong. */
ptrdiff_t fn_http2_parse(fn_http2_frame *frame, const char *buf, size_t len, uint32_t max_frame);

/* One setting of a SETTINGS payload: buf[0:6]. Returns the fn_http2_error that its value is, or 0. */
int fn_http2_setting(const char *buf, uint16_t *name, uint32_t *value);

/* Write the header of a frame: FN_HTTP2_HEADER bytes. */
void fn_http2_put_header(char *out, uint32_t length, uint8_t type, uint8_t flags, uint32_t stream);
void fn_http2_put_u32(char *out, uint32_t number);

FN_END

#endif
