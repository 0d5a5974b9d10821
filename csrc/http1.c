/* The doors of the head parser: the fast path of this machine's level while lines are whole and faultless, the
 * machine of http1_machine.c for everything else. */
#include "http1_private.h"

static const fn_http1_ops *const ops_of_level[FN_CPU_COUNT] = {
    [FN_CPU_SCALAR] = &fn_http1_scalar_ops,
#if defined(__x86_64__)
    [FN_CPU_SSE42] = &fn_http1_sse42_ops,
    [FN_CPU_AVX2] = &fn_http1_avx2_ops,
    [FN_CPU_AVX512] = &fn_http1_avx512_ops,
#elif defined(__aarch64__)
    [FN_CPU_NEON] = &fn_http1_neon_ops,
    [FN_CPU_NEON_CRYPTO] = &fn_http1_neon_ops,
#endif
};

FN_INLINE const fn_http1_ops *ops_now(void) {
    return ops_of_level[fn_cpu_now()];
}

ptrdiff_t fn_http1_resume(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                          const fn_http1_limits *limits, fn_http1_kind kind, const fn_http1_ops *ops) {
    /* Trailers are too rare and too small to gain from more than the machine. */
    fn_http1_parser *fast = kind == FN_TRAILERS ? NULL : ops->parse[kind];
    size_t usable = len < FN_MAX_HEAD_BYTES ? len : FN_MAX_HEAD_BYTES;
    fn_http1_input in = {
        .head = head,
        .buf = buf,
        .len = (uint32_t)usable,
        .kind = kind,
        .fields = fields,
        .max_line = limits->max_line,
        .max_head = limits->max_head,
        .max_fields = limits->max_fields < FN_MAX_FIELDS ? limits->max_fields : FN_MAX_FIELDS,
    };
    for (;;) {
        fn_http1_result result = fn_http1_step(&in, ops);
        if (result == FN_STEP_DONE) return (ptrdiff_t)head->pos;
        if (result == FN_STEP_FAILED) return FN_INVALID;
        if (result == FN_STEP_PARTIAL) {
            if (len < FN_MAX_HEAD_BYTES) return FN_PARTIAL;
            fn_http1_fail(head, FN_HTTP1_HEAD_TOO_LARGE);
            return FN_INVALID;
        }
        if (fast) {
            ptrdiff_t answer = fast(head, buf, usable, fields, limits, 1);
            if (answer != FN_LINE_LEFT) return answer;
        }
    }
}

FN_INLINE ptrdiff_t parse(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                          const fn_http1_limits *limits, fn_http1_kind kind) {
    const fn_http1_ops *ops = ops_now();
    if (ops->parse[kind] && FN_LIKELY(len < FN_MAX_HEAD_BYTES))
        return ops->parse[kind](head, buf, len, fields, limits, 0);
    return fn_http1_resume(head, buf, len, fields, limits, kind, ops);
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
    return fn_http1_resume(head, buf, len, fields, limits, FN_TRAILERS, ops_now());
}

size_t fn_http1_scan_value(const char *buf, size_t len) {
    return ops_now()->scan_value(buf, len);
}

size_t fn_http1_scan_token(const char *buf, size_t len) {
    return ops_now()->scan_token(buf, len);
}
