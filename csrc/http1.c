/* The doors of the head parser: the fast path of this machine's level while lines are whole and faultless, the
 * machine of http1_machine.c for everything else. */
#include "http1_private.h"

/* Offsets have 32 bits; a head this large is over any limit that makes sense. */
#define MAX_HEAD_BYTES ((size_t)0x7fffffff)

static const fn_http1_ops *const ops_of_level[FN_CPU_COUNT] = {
    [FN_CPU_SCALAR] = &fn_http1_scalar_ops,
#if defined(__x86_64__)
    [FN_CPU_SSE42] = &fn_http1_sse42_ops,
    [FN_CPU_AVX2] = &fn_http1_avx2_ops,
    [FN_CPU_AVX512] = &fn_http1_avx512_ops,
#elif defined(__aarch64__)
    [FN_CPU_NEON] = &fn_http1_neon_ops,
#endif
};

FN_INLINE const fn_http1_ops *ops_now(void) {
    return ops_of_level[fn_cpu_now()];
}

FN_INLINE fn_http1_result run(const fn_http1_input *in, const fn_http1_ops *ops) {
    fn_http1_head *head = in->head;
    fn_http1_result result = FN_STEP_LINE;
    if (head->state == FN_STATE_START && in->kind != FN_TRAILERS && ops->first_line) result = ops->first_line(in);
    while (result == FN_STEP_LINE) {
        if (head->state == FN_STATE_FIELD_START && ops->field_lines) {
            result = ops->field_lines(in);
            if (result != FN_STEP_LINE) break;
        }
        result = fn_http1_step(in, ops);
    }
    return result;
}

FN_INLINE ptrdiff_t parse(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                          const fn_http1_limits *limits, fn_http1_kind kind) {
    fn_http1_input in = {
        .head = head,
        .buf = buf,
        .len = (uint32_t)(len < MAX_HEAD_BYTES ? len : MAX_HEAD_BYTES),
        .kind = kind,
        .fields = fields,
        .line_end = limits->max_line,
        .max_head = limits->max_head,
        /* head->host has 16 bits */
        .max_fields = limits->max_fields < UINT16_MAX ? limits->max_fields : UINT16_MAX,
    };
    fn_http1_result result = run(&in, ops_now());
    if (FN_LIKELY(result == FN_STEP_DONE)) return (ptrdiff_t)head->pos;
    if (result == FN_STEP_PARTIAL) {
        if (len < MAX_HEAD_BYTES) return FN_PARTIAL;
        fn_http1_fail(head, FN_HTTP1_HEAD_TOO_LARGE);
    }
    return FN_INVALID;
}

void fn_http1_head_init(fn_http1_head *head) {
    memset(head, 0, sizeof *head);
}

ptrdiff_t fn_http1_parse_request(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                 const fn_http1_limits *limits) {
    return parse(head, buf, len, fields, limits, FN_REQUEST);
}

ptrdiff_t fn_http1_parse_response(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                  const fn_http1_limits *limits) {
    return parse(head, buf, len, fields, limits, FN_RESPONSE);
}

ptrdiff_t fn_http1_parse_trailers(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                  const fn_http1_limits *limits) {
    return parse(head, buf, len, fields, limits, FN_TRAILERS);
}

size_t fn_http1_scan_value(const char *buf, size_t len) {
    return ops_now()->scan_value(buf, len);
}

size_t fn_http1_scan_token(const char *buf, size_t len) {
    return ops_now()->scan_token(buf, len);
}
