/* A head parsed in some way of cutting it, as an outcome that compares. Shared by tests and fuzzers. */
#ifndef FASTNET_TESTS_OUTCOME_H
#define FASTNET_TESTS_OUTCOME_H

#include "check.h"
#include "fastnet/http1.h"

#define MAX_OUTCOME_FIELDS 64

typedef ptrdiff_t (*parse_function)(fn_http1_head *, const char *, size_t, fn_http1_field *, const fn_http1_limits *);

typedef struct {
    ptrdiff_t result;
    fn_http1_head head;
    fn_http1_field fields[MAX_OUTCOME_FIELDS];
} outcome;

/* Keep only what the interface promises, so that outcomes compare by memcmp. */
static inline void outcome_normalise(outcome *o) {
    fn_http1_head *h = &o->head;
    uint32_t n = h->n_fields;
    int error = h->error;
    if (o->result == FN_INVALID) {
        memset(o, 0, sizeof *o);
        o->result = FN_INVALID;
        h->error = (uint16_t)error;
        return;
    }
    if (o->result == FN_PARTIAL) {
        memset(o, 0, sizeof *o);
        o->result = FN_PARTIAL;
        return;
    }
    h->pos = h->scan = h->fields_start = 0;
    h->state = h->connection = 0;
    memset(o->fields + n, 0, (MAX_OUTCOME_FIELDS - n) * sizeof o->fields[0]);
}

/* data[0:len] in one call, or, with step > 0, longer by that many bytes from call to call; every call's input ends
 * at the guarded page. The answer is the first that is not FN_PARTIAL. */
static inline outcome outcome_of(parse_function parse, guarded g, const char *data, size_t len,
                                 const fn_http1_limits *limits, size_t step) {
    outcome o;
    memset(&o, 0, sizeof o);
    fn_http1_head_init(&o.head);
    size_t given = step ? (step < len ? step : len) : len;
    for (;;) {
        o.result = parse(&o.head, guarded_put(g, data, given), given, o.fields, limits);
        if (o.result != FN_PARTIAL || given == len) break;
        given = len - given > step ? given + step : len;
        /* Only the complete fields need to be the same at the next call. */
        memset(o.fields + o.head.n_fields, 0xee, (MAX_OUTCOME_FIELDS - o.head.n_fields) * sizeof o.fields[0]);
    }
    CHECK(o.result == FN_PARTIAL || o.result == FN_INVALID || (o.result >= 0 && (size_t)o.result <= len), "result %td",
          o.result);
    CHECK((o.result == FN_INVALID) == (o.head.error != 0), "result %td with error %d", o.result, o.head.error);
    outcome_normalise(&o);
    return o;
}

#endif
