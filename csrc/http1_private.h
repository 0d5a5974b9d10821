/* Private: how the parts of the head parser meet.
 *
 * http1_machine.c is the parser: a resumable machine that takes one element after another, reports an error at
 * the first byte that proves it, and so gives the same answer however the input is cut. The files in simd/ only
 * make it faster: each takes whole, faultless lines in one go and leaves everything else, errors above all, to
 * the machine. The scalar level is the machine alone. */
#ifndef FASTNET_HTTP1_PRIVATE_H
#define FASTNET_HTTP1_PRIVATE_H

#include <string.h>

#include "cpu_level.h"
#include "fastnet/http1.h"

/* fn_http1_head.state. START must be 0: fn_http1_head_init() zeroes. */
enum {
    FN_STATE_START = 0, /* nothing read, or only empty lines */
    FN_STATE_START_LF,  /* in an empty line before the request line, CR read */
    FN_STATE_METHOD,
    FN_STATE_TARGET,
    FN_STATE_VERSION,
    FN_STATE_STATUS,
    FN_STATE_REASON,
    FN_STATE_LINE_LF,
    FN_STATE_FIELD_START,
    FN_STATE_NAME,
    FN_STATE_VALUE,
    FN_STATE_VALUE_LF,
    FN_STATE_END_LF,
    FN_STATE_DONE,
    FN_STATE_FAILED
};

typedef enum { FN_REQUEST = 0, FN_RESPONSE, FN_TRAILERS } fn_http1_kind;

/* fn_http1_head.connection */
enum { FN_SAW_UPGRADE_OPTION = 1, FN_SAW_UPGRADE_FIELD = 2 };

/* One call's view of the head being parsed. */
typedef struct {
    fn_http1_head *head;
    const char *buf;
    uint32_t len;
    fn_http1_kind kind;
    fn_http1_field *fields;
    uint32_t max_line;
    uint32_t max_head;
    uint32_t max_fields;
} fn_http1_input;

typedef enum { FN_STEP_LINE, FN_STEP_PARTIAL, FN_STEP_DONE, FN_STEP_FAILED } fn_http1_result;

/* A fast path. Called at FN_STATE_START or FN_STATE_FIELD_START it takes what lines it can; in any other state, none.
 * What it answers when the head is not at its end then depends on who called: the machine, which goes on itself, gets
 * FN_LINE_LEFT; the doors get what fn_http1_resume() says. */
typedef ptrdiff_t fn_http1_parser(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                  const fn_http1_limits *limits, int from_machine);
#define FN_LINE_LEFT ((ptrdiff_t)-3)

/* What an instruction set brings; parse[] by kind, without trailers, and NULL in the scalar one. */
typedef struct {
    fn_http1_parser *parse[2];
    size_t (*scan_value)(const char *buf, size_t len);
    size_t (*scan_token)(const char *buf, size_t len);
} fn_http1_ops;

extern FN_HIDDEN const fn_http1_ops fn_http1_scalar_ops;
#if defined(__x86_64__)
extern FN_HIDDEN const fn_http1_ops fn_http1_sse42_ops, fn_http1_avx2_ops, fn_http1_avx512_ops;
#elif defined(__aarch64__)
extern FN_HIDDEN const fn_http1_ops fn_http1_neon_ops;
#endif

/* Offsets have 32 bits; a head this large is over any limit that makes sense. */
#define FN_MAX_HEAD_BYTES ((size_t)0x7fffffff)
/* head->host has 16 bits. */
#define FN_MAX_FIELDS UINT16_MAX

/* Parse on from head->state, by the machine and, from line to line, by the fast path of ops. */
FN_HIDDEN ptrdiff_t fn_http1_resume(fn_http1_head *head, const char *buf, size_t len, fn_http1_field *fields,
                                    const fn_http1_limits *limits, fn_http1_kind kind, const fn_http1_ops *ops);

/* The machine: go on from head->state until a line is done (FN_STATE_FIELD_START again), the head is, or the input
 * is used up. */
FN_HIDDEN fn_http1_result fn_http1_step(const fn_http1_input *in, const fn_http1_ops *ops);

FN_INLINE fn_http1_result fn_http1_fail(fn_http1_head *head, int error) {
    head->error = (uint16_t)error;
    head->state = FN_STATE_FAILED;
    return FN_STEP_FAILED;
}

/* Meaning of fields and targets (http1_fields.c). They return an fn_http1_error. */
FN_HIDDEN int fn_http1_target_form(fn_http1_head *head, const char *buf);
FN_HIDDEN uint16_t fn_http1_field_known(const char *name, size_t len);
FN_HIDDEN int fn_http1_apply_field(fn_http1_head *head, const char *buf, const fn_http1_field *field,
                                   fn_http1_kind kind);

/* What only the whole head can show. */
FN_INLINE int fn_http1_finish(fn_http1_head *head, fn_http1_kind kind) {
    if (kind == FN_REQUEST && head->minor_version > 0 && !(head->flags & FN_HTTP1_HAS_HOST))
        return FN_HTTP1_MISSING_HOST;
    /* A 1.0 peer cannot mean Upgrade: RFC 9110, section 7.8. */
    if (head->minor_version > 0 && head->connection == (FN_SAW_UPGRADE_OPTION | FN_SAW_UPGRADE_FIELD))
        head->flags |= FN_HTTP1_WANTS_UPGRADE;
    return FN_HTTP1_OK;
}

/* Classes of characters, a bit each. */
enum {
    FN_CHAR_TOKEN = 1,  /* tchar, RFC 9110, section 5.6.2 */
    FN_CHAR_VALUE = 2,  /* HTAB, SP, VCHAR, obs-text */
    FN_CHAR_TARGET = 4, /* VCHAR without '#' */
    FN_CHAR_HEX = 8,
    FN_CHAR_HOST = 16   /* unreserved and sub-delims, RFC 3986, section 2 */
};
extern FN_HIDDEN const uint8_t fn_char_class[256];
FN_INLINE int fn_char_is(char c, int class) { return fn_char_class[(uint8_t)c] & class; }

#endif
