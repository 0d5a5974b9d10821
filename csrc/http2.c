#include "fastnet/http2.h"

static uint32_t u32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void fn_http2_put_u32(char *out, uint32_t number) {
    for (int i = 0; i < 4; i++) out[i] = (char)(number >> (24 - 8 * i));
}

void fn_http2_put_header(char *out, uint32_t length, uint8_t type, uint8_t flags, uint32_t stream) {
    fn_http2_put_u32(out, length << 8 | type);
    out[4] = (char)flags;
    fn_http2_put_u32(out + 5, stream);
}

/* What the header alone has wrong, of the connection. */
static fn_http2_error judge_header(const fn_http2_frame *frame) {
    uint32_t n = frame->length;
    int on_stream = frame->stream != 0;
    switch (frame->type) {
    case FN_HTTP2_DATA:
    case FN_HTTP2_HEADERS:
    case FN_HTTP2_CONTINUATION:
    case FN_HTTP2_PUSH_PROMISE:
    case FN_HTTP2_PRIORITY: return on_stream ? FN_HTTP2_NO_ERROR : FN_HTTP2_PROTOCOL_ERROR;
    case FN_HTTP2_RST_STREAM:
        return !on_stream ? FN_HTTP2_PROTOCOL_ERROR : n == 4 ? FN_HTTP2_NO_ERROR : FN_HTTP2_FRAME_SIZE_ERROR;
    case FN_HTTP2_SETTINGS:
        if (on_stream) return FN_HTTP2_PROTOCOL_ERROR;
        return n % 6 || (n && frame->flags & FN_HTTP2_ACK) ? FN_HTTP2_FRAME_SIZE_ERROR : FN_HTTP2_NO_ERROR;
    case FN_HTTP2_PING:
        return on_stream ? FN_HTTP2_PROTOCOL_ERROR : n == 8 ? FN_HTTP2_NO_ERROR : FN_HTTP2_FRAME_SIZE_ERROR;
    case FN_HTTP2_GOAWAY:
        return on_stream ? FN_HTTP2_PROTOCOL_ERROR : n >= 8 ? FN_HTTP2_NO_ERROR : FN_HTTP2_FRAME_SIZE_ERROR;
    case FN_HTTP2_WINDOW_UPDATE: return n == 4 ? FN_HTTP2_NO_ERROR : FN_HTTP2_FRAME_SIZE_ERROR;
    case FN_HTTP2_PRIORITY_UPDATE:
        return on_stream ? FN_HTTP2_PROTOCOL_ERROR : n >= 4 ? FN_HTTP2_NO_ERROR : FN_HTTP2_FRAME_SIZE_ERROR;
    default: return FN_HTTP2_NO_ERROR;
    }
}

static fn_http2_error read_payload(fn_http2_frame *frame, const uint8_t *payload) {
    uint32_t padding = 0;
    switch (frame->type) {
    case FN_HTTP2_DATA:
    case FN_HTTP2_HEADERS:
    case FN_HTTP2_PUSH_PROMISE:
        if (frame->flags & FN_HTTP2_PADDED) {
            if (frame->len == 0) return FN_HTTP2_FRAME_SIZE_ERROR;
            padding = *payload++;
            frame->at++;
            frame->len--;
        }
        if ((frame->type == FN_HTTP2_HEADERS && frame->flags & FN_HTTP2_WITH_PRIORITY) ||
            frame->type == FN_HTTP2_PUSH_PROMISE) {
            uint32_t n = frame->type == FN_HTTP2_HEADERS ? 5 : 4;
            if (frame->len < n) return FN_HTTP2_FRAME_SIZE_ERROR;
            if (n == 4)
                frame->last_stream = u32(payload) & 0x7fffffff;
            else
                frame->number = u32(payload) & 0x7fffffff;
            frame->at += n;
            frame->len -= n;
            if (n == 5 && frame->number == frame->stream) frame->error = FN_HTTP2_PROTOCOL_ERROR;
        }
        if (padding > frame->len) return FN_HTTP2_PROTOCOL_ERROR;
        frame->len -= padding;
        break;
    case FN_HTTP2_PRIORITY:
        if (frame->len != 5)
            frame->error = FN_HTTP2_FRAME_SIZE_ERROR;
        else if ((frame->number = u32(payload) & 0x7fffffff) == frame->stream)
            frame->error = FN_HTTP2_PROTOCOL_ERROR;
        break;
    case FN_HTTP2_RST_STREAM: frame->number = u32(payload); break;
    case FN_HTTP2_GOAWAY:
        frame->last_stream = u32(payload) & 0x7fffffff;
        frame->number = u32(payload + 4);
        break;
    case FN_HTTP2_WINDOW_UPDATE:
        frame->number = u32(payload) & 0x7fffffff;
        if (frame->number == 0) {
            if (frame->stream == 0) return FN_HTTP2_PROTOCOL_ERROR;
            frame->error = FN_HTTP2_PROTOCOL_ERROR;
        }
        break;
    case FN_HTTP2_PRIORITY_UPDATE:
        frame->last_stream = u32(payload) & 0x7fffffff;
        if (frame->last_stream == 0) return FN_HTTP2_PROTOCOL_ERROR;
        frame->at += 4;
        frame->len -= 4;
        break;
    default: break;
    }
    return FN_HTTP2_NO_ERROR;
}

ptrdiff_t fn_http2_parse(fn_http2_frame *frame, const char *buf, size_t len, uint32_t max_frame) {
    const uint8_t *in = (const uint8_t *)buf;
    fn_http2_error error;
    if (len < FN_HTTP2_HEADER) return FN_PARTIAL;
    *frame = (fn_http2_frame){.length = u32(in) >> 8, .stream = u32(in + 5) & 0x7fffffff, .type = in[3], .flags = in[4],
                              .at = FN_HTTP2_HEADER};
    frame->len = frame->length;
    error = frame->length > max_frame ? FN_HTTP2_FRAME_SIZE_ERROR : judge_header(frame);
    if (error == FN_HTTP2_NO_ERROR) {
        if (len - FN_HTTP2_HEADER < frame->length) return FN_PARTIAL;
        error = read_payload(frame, in + FN_HTTP2_HEADER);
        if (error == FN_HTTP2_NO_ERROR) return (ptrdiff_t)(FN_HTTP2_HEADER + frame->length);
    }
    frame->error = (uint8_t)error;
    return FN_INVALID;
}

int fn_http2_setting(const char *buf, uint16_t *name, uint32_t *value) {
    const uint8_t *in = (const uint8_t *)buf;
    *name = (uint16_t)(in[0] << 8 | in[1]);
    *value = u32(in + 2);
    switch (*name) {
    case 2: /* ENABLE_PUSH */
    case 8: /* ENABLE_CONNECT_PROTOCOL */
    case 9: /* NO_RFC7540_PRIORITIES */
        return *value > 1 ? FN_HTTP2_PROTOCOL_ERROR : FN_HTTP2_NO_ERROR;
    case 4: /* INITIAL_WINDOW_SIZE */
        return *value > 0x7fffffff ? FN_HTTP2_FLOW_CONTROL_ERROR : FN_HTTP2_NO_ERROR;
    case 5: /* MAX_FRAME_SIZE */
        return *value < 16384 || *value > 0xffffff ? FN_HTTP2_PROTOCOL_ERROR : FN_HTTP2_NO_ERROR;
    default: return FN_HTTP2_NO_ERROR;
    }
}
