/* When requests go out: budgets and windows, and the open loop's due times. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>

#include "load/private.h"

uint64_t fn_random(uint64_t *state) { /* xorshift64* */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

void fn_queue_push(fn_queue *q, uint32_t item) {
    uint32_t at = q->first + q->n++;
    q->items[at < q->size ? at : at - q->size] = item;
}

uint32_t fn_queue_pop(fn_queue *q) {
    uint32_t item = q->items[q->first];
    q->first = q->first + 1 < q->size ? q->first + 1 : 0;
    q->n--;
    return item;
}

void fn_load_note(fn_thread *t, fn_load_error kind, uint64_t count, const char *detail) {
    t->counts.errors[kind] += count;
    if (detail && !*t->counts.details[kind]) snprintf(t->counts.details[kind], FN_LOAD_DETAIL, "%s", detail);
}

/* Whether a request that is due now may still be sent. */
int fn_may_send(fn_thread *t) {
    if (!t->started || t->over) return 0;
    if (t->now >= t->end) return 0;
    return t->plan->requests == 0 || t->now < t->measure_from || t->budget > 0;
}

static double gap(fn_thread *t) {
    if (!t->plan->poisson) return t->interval;
    double u = (double)(fn_random(&t->seed) >> 11) * 0x1p-53; /* 0 to 1, without 1 */
    return -log1p(-u) * t->interval;
}

/* The due time of the next request, or 0: none is due. */
static uint64_t next_due(fn_thread *t) {
    if (t->n_again) return t->again[0];
    uint64_t due = t->start + (uint64_t)t->next_due;
    if (due > t->now || due >= t->end) return 0;
    if (t->plan->requests && due >= t->measure_from && t->budget == 0) return 0;
    return due;
}

static void take_due(fn_thread *t) {
    if (t->n_again) {
        t->again[0] = t->again[--t->n_again];
        return;
    }
    t->next_due += gap(t);
}

static fn_conn *free_connection(fn_thread *t) {
    while (t->free.n) {
        fn_conn *c = &t->conns[fn_queue_pop(&t->free)];
        c->in_free = 0;
        /* With a connection a request, a free one is a closed one. */
        if (t->plan->connect_per_request ? c->phase == DONE : c->phase == OPEN && c->n_pending < t->plan->pipeline)
            return c;
    }
    return NULL;
}

/* Open loop: send what is due on connections that are free. */
void fn_dispatch(fn_thread *t) {
    if (!t->started || t->over) return;
    for (uint64_t due; (due = next_due(t)) != 0;) {
        fn_conn *c = free_connection(t);
        if (c == NULL) {
            t->starved = 1;
            return;
        }
        take_due(t);
        t->now = fn_load_now();
        uint64_t behind = t->now - due;
        if (behind > MS && due >= t->measure_from) {
            if (t->starved) {
                t->counts.queued++;
            } else {
                t->counts.late++;
                if (behind > t->counts.late_most_ns) t->counts.late_most_ns = behind;
            }
        }
        fn_conn_push(t, c, due);
        if (t->plan->connect_per_request)
            fn_conn_open(t, c);
        else
            fn_conn_send(t, c, 1);
        if (!c->in_free && c->phase == OPEN && c->n_pending < t->plan->pipeline) {
            c->in_free = 1;
            fn_queue_push(&t->free, (uint32_t)(c - t->conns));
        }
    }
    t->starved = 0;
}
