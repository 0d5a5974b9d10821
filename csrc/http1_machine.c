/* The head parser as a machine over bytes: resumable anywhere, strict, and with one order of errors.
 *
 * Each state looks at the byte at head->scan and either takes it or fails, and a limit is looked at before the
 * byte itself. So an error belongs to the first byte that proves it, whatever else the buffer holds, and any way
 * of cutting the input gives the same answer. What a whole line or head means is judged at its LF. */
#include "http1_private.h"

/* The field section ends at a byte that may only be its CR: 2 before the limit, since CRLF still has to follow. */
static uint32_t content_end(const fn_http1_input *in) {
    uint32_t room = in->max_head > 2 ? in->max_head - 2 : 0;
    return room > UINT32_MAX - in->head->fields_start ? UINT32_MAX : in->head->fields_start + room;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static fn_http1_result leading_lines(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    for (; head->scan < in->len; head->scan++) {
        char c = in->buf[head->scan];
        if (head->state == FN_STATE_START && c != '\r' && c != '\n') {
            head->state = FN_STATE_METHOD;
            head->pos = head->method = head->scan;
            return FN_STEP_LINE;
        }
        if (head->scan >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
        if (c != (head->state == FN_STATE_START ? '\r' : '\n')) return fn_http1_fail(head, FN_HTTP1_BAD_LINE_END);
        head->state = head->state == FN_STATE_START ? FN_STATE_START_LF : FN_STATE_START;
    }
    return FN_STEP_PARTIAL;
}

static fn_http1_result method(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    uint32_t end = least(in->len, in->max_line);
    if (head->scan < end) head->scan += (uint32_t)ops->scan_token(in->buf + head->scan, end - head->scan);
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    if (head->scan >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
    if (in->buf[head->scan] != ' ' || head->scan == head->pos) return fn_http1_fail(head, FN_HTTP1_BAD_METHOD);
    head->method_len = head->scan - head->pos;
    head->scan++;
    head->target = head->pos = head->scan;
    head->query = 0; /* not met; no target begins at 0 */
    head->state = FN_STATE_TARGET;
    return FN_STEP_LINE;
}

static fn_http1_result target(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    const char *buf = in->buf;
    for (; head->scan < in->len; head->scan++) {
        uint32_t i = head->scan;
        char c = buf[i];
        if (i >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
        int in_escape = (i >= head->pos + 1 && buf[i - 1] == '%') || (i >= head->pos + 2 && buf[i - 2] == '%');
        if (in_escape && !fn_char_is(c, FN_CHAR_HEX)) return fn_http1_fail(head, FN_HTTP1_BAD_TARGET);
        if (fn_char_is(c, FN_CHAR_TARGET)) {
            if (c == '?' && head->query == 0) head->query = i;
            continue;
        }
        if (c == '\r' || c == '\n') return fn_http1_fail(head, FN_HTTP1_BAD_VERSION); /* the line of HTTP/0.9 */
        if (c != ' ') return fn_http1_fail(head, FN_HTTP1_BAD_TARGET);
        head->target_len = i - head->pos;
        if (head->query == 0) head->query = i;
        int error = fn_http1_target_form(head, buf);
        if (error) return fn_http1_fail(head, error);
        head->scan++;
        head->pos = head->scan;
        head->state = FN_STATE_VERSION;
        return FN_STEP_LINE;
    }
    return FN_STEP_PARTIAL;
}

static fn_http1_result version(const fn_http1_input *in) {
    static const char pattern[] = "HTTP/d.d";
    fn_http1_head *head = in->head;
    char after = in->kind == FN_REQUEST ? '\r' : ' ';
    for (; head->scan < in->len; head->scan++) {
        uint32_t at = head->scan - head->pos;
        char c = in->buf[head->scan];
        if (at == 8 && c == after && c == '\r') break;
        if (head->scan >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
        if (at == 8) {
            if (c == after) break;
            return fn_http1_fail(head, c == '\n' ? FN_HTTP1_BAD_LINE_END : FN_HTTP1_BAD_VERSION);
        }
        if (pattern[at] == 'd' ? c < '0' || c > '9' : c != pattern[at])
            return fn_http1_fail(head, FN_HTTP1_BAD_VERSION);
    }
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    char major = in->buf[head->pos + 5], minor = in->buf[head->pos + 7];
    if (major != '1' || minor > '1') return fn_http1_fail(head, FN_HTTP1_UNSUPPORTED_VERSION);
    head->minor_version = (uint8_t)(minor - '0');
    head->scan++;
    head->pos = head->scan;
    head->state = in->kind == FN_REQUEST ? FN_STATE_LINE_LF : FN_STATE_STATUS;
    return FN_STEP_LINE;
}

static fn_http1_result status(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    for (; head->scan < in->len; head->scan++) {
        uint32_t at = head->scan - head->pos;
        char c = in->buf[head->scan];
        if (head->scan >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
        if (at == 3) {
            if (c != ' ') return fn_http1_fail(head, FN_HTTP1_BAD_STATUS);
            head->scan++;
            head->reason = head->pos = head->scan;
            head->state = FN_STATE_REASON;
            return FN_STEP_LINE;
        }
        if (c < (at == 0 ? '1' : '0') || c > (at == 0 ? '5' : '9')) return fn_http1_fail(head, FN_HTTP1_BAD_STATUS);
        head->status = (uint16_t)((at == 0 ? 0 : head->status) * 10 + (c - '0'));
    }
    return FN_STEP_PARTIAL;
}

static fn_http1_result reason(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    uint32_t end = least(in->len, in->max_line);
    if (head->scan < end) head->scan += (uint32_t)ops->scan_value(in->buf + head->scan, end - head->scan);
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    char c = in->buf[head->scan];
    if (c != '\r') {
        if (head->scan >= in->max_line) return fn_http1_fail(head, FN_HTTP1_LINE_TOO_LONG);
        return fn_http1_fail(head, c == '\n' ? FN_HTTP1_BAD_LINE_END : FN_HTTP1_BAD_STATUS);
    }
    head->reason_len = head->scan - head->pos;
    head->scan++;
    head->state = FN_STATE_LINE_LF;
    return FN_STEP_LINE;
}

static fn_http1_result line_lf(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    if (in->buf[head->scan] != '\n') return fn_http1_fail(head, FN_HTTP1_BAD_LINE_END);
    head->scan++;
    head->pos = head->fields_start = head->scan;
    head->state = FN_STATE_FIELD_START;
    return FN_STEP_LINE;
}

static fn_http1_result field_start(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    head->scan = head->pos;
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    char c = in->buf[head->scan];
    if (c == '\r') {
        head->scan++;
        head->state = FN_STATE_END_LF;
        return FN_STEP_LINE;
    }
    if (c == '\n') return fn_http1_fail(head, FN_HTTP1_BAD_LINE_END);
    if (head->n_fields >= in->max_fields) return fn_http1_fail(head, FN_HTTP1_TOO_MANY_FIELDS);
    if (head->scan >= content_end(in)) return fn_http1_fail(head, FN_HTTP1_HEAD_TOO_LARGE);
    if (c == ' ' || c == '\t') return fn_http1_fail(head, FN_HTTP1_OBS_FOLD);
    head->state = FN_STATE_NAME;
    return FN_STEP_LINE;
}

static fn_http1_result name(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    uint32_t limit = content_end(in);
    if (limit - head->pos > UINT16_MAX) limit = head->pos + UINT16_MAX; /* name_len has 16 bits */
    uint32_t end = least(in->len, limit);
    if (head->scan < end) head->scan += (uint32_t)ops->scan_token(in->buf + head->scan, end - head->scan);
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    if (head->scan >= limit) return fn_http1_fail(head, FN_HTTP1_HEAD_TOO_LARGE);
    if (in->buf[head->scan] != ':' || head->scan == head->pos) return fn_http1_fail(head, FN_HTTP1_BAD_FIELD_NAME);
    head->scan++;
    head->state = FN_STATE_VALUE;
    return FN_STEP_LINE;
}

static fn_http1_result value(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    uint32_t limit = content_end(in);
    uint32_t end = least(in->len, limit);
    if (head->scan < end) head->scan += (uint32_t)ops->scan_value(in->buf + head->scan, end - head->scan);
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    char c = in->buf[head->scan];
    if (c == '\r') {
        head->scan++;
        head->state = FN_STATE_VALUE_LF;
        return FN_STEP_LINE;
    }
    if (head->scan >= limit) return fn_http1_fail(head, FN_HTTP1_HEAD_TOO_LARGE);
    return fn_http1_fail(head, c == '\n' ? FN_HTTP1_BAD_LINE_END : FN_HTTP1_BAD_FIELD_VALUE);
}

static fn_http1_result value_lf(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    if (in->buf[head->scan] != '\n') return fn_http1_fail(head, FN_HTTP1_BAD_LINE_END);
    fn_http1_field *field = &in->fields[head->n_fields];
    /* Found again rather than kept in *field: until a line is complete, nothing is in the caller's array. */
    uint32_t name_len = (uint32_t)ops->scan_token(in->buf + head->pos, head->scan - head->pos);
    uint32_t start = head->pos + name_len + 1, end = head->scan - 1;
    while (start < end && (in->buf[start] == ' ' || in->buf[start] == '\t')) start++;
    while (start < end && (in->buf[end - 1] == ' ' || in->buf[end - 1] == '\t')) end--;
    field->name = head->pos;
    field->name_len = (uint16_t)name_len;
    field->value = start;
    field->value_len = end - start;
    field->id = fn_http1_field_known(in->buf + field->name, field->name_len);
    int error = fn_http1_apply_field(head, in->buf, field, in->kind);
    if (error) return fn_http1_fail(head, error);
    head->n_fields++;
    head->scan++;
    head->pos = head->scan;
    head->state = FN_STATE_FIELD_START;
    return FN_STEP_LINE;
}

static fn_http1_result end_lf(const fn_http1_input *in) {
    fn_http1_head *head = in->head;
    if (head->scan == in->len) return FN_STEP_PARTIAL;
    if (in->buf[head->scan] != '\n') return fn_http1_fail(head, FN_HTTP1_BAD_LINE_END);
    int error = fn_http1_finish(head, in->kind);
    if (error) return fn_http1_fail(head, error);
    head->scan++;
    head->pos = head->scan;
    head->state = FN_STATE_DONE;
    return FN_STEP_DONE;
}

static fn_http1_result take_element(const fn_http1_input *in, const fn_http1_ops *ops) {
    switch (in->head->state) {
    case FN_STATE_START:
        if (in->kind == FN_TRAILERS) {
            in->head->state = FN_STATE_FIELD_START;
            return FN_STEP_LINE;
        }
        if (in->kind == FN_RESPONSE) {
            in->head->state = FN_STATE_VERSION;
            return FN_STEP_LINE;
        }
        return leading_lines(in);
    case FN_STATE_START_LF: return leading_lines(in);
    case FN_STATE_METHOD: return method(in, ops);
    case FN_STATE_TARGET: return target(in);
    case FN_STATE_VERSION: return version(in);
    case FN_STATE_STATUS: return status(in);
    case FN_STATE_REASON: return reason(in, ops);
    case FN_STATE_LINE_LF: return line_lf(in);
    case FN_STATE_FIELD_START: return field_start(in);
    case FN_STATE_NAME: return name(in, ops);
    case FN_STATE_VALUE: return value(in, ops);
    case FN_STATE_VALUE_LF: return value_lf(in, ops);
    case FN_STATE_END_LF: return end_lf(in);
    case FN_STATE_DONE: return FN_STEP_DONE;
    default: return FN_STEP_FAILED;
    }
}

fn_http1_result fn_http1_step(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_result result;
    do {
        result = take_element(in, ops);
    } while (result == FN_STEP_LINE && in->head->state != FN_STATE_FIELD_START);
    return result;
}
