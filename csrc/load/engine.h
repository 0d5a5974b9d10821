/* The engine of the load generator: threads with epoll that send requests and time the answers. Linux only.
 *
 * fn_load_new, fn_load_start, fn_load_progress as often as one likes, fn_load_stop to end early, fn_load_join, then
 * fn_load_totals. None of it knows Python, so nothing of it holds the GIL. It allocates when it is made and when a
 * connection opens or first keeps an unfinished answer, not a request. */
#ifndef FASTNET_LOAD_ENGINE_H
#define FASTNET_LOAD_ENGINE_H

#include <sys/socket.h>

#include "fastnet/histogram.h"
#include "load/protocol.h"

enum { FN_LOAD_DETAIL = 200 };

/* All memory it points to stays the caller's until fn_load_free. */
typedef struct {
    const fn_load_protocol *protocol;
    fn_load_content content;
    struct sockaddr_storage address;
    socklen_t address_len;
    void *tls;                 /* context, or NULL */
    const char *server_name;
    int verify;
    uint32_t threads, connections, pipeline; /* connections of all threads; pipeline: unanswered requests of each */
    const int *cores;          /* the core of each thread, or NULL */
    int connect_per_request;
    int poisson;
    double rate;               /* requests/s of all threads; 0: closed loop */
    uint64_t seed;
    uint64_t warmup_ns, duration_ns, timeout_ns;
    uint64_t requests;         /* measured ones, of all threads; 0: as many as fit duration_ns */
} fn_load_plan;

typedef struct {
    /* Counted whole, warm-up included. */
    uint64_t sent, answered;       /* answered: wrong ones too */
    uint64_t errors[FN_LOAD_ERRORS];
    uint64_t statuses[FN_LOAD_STATUSES];
    uint64_t connected, open;      /* connections made; open now */
    uint64_t bytes_in, bytes_out;
    uint64_t stray;                /* datagrams that answer nothing that waits */
    /* Of those due after the warm-up. */
    uint64_t measured_sent, measured_answered; /* answered: the right ones, which the histograms hold */
    uint64_t in_window;            /* of these, answered before the window's end */
    uint64_t late;                 /* sent more than a millisecond after they were due, though a connection was free */
    uint64_t queued;               /* the same, because all connections were waiting for answers */
    uint64_t unsent;               /* due, but never sent for that reason */
    uint64_t late_most_ns;
    /* Of the window: from the end of the warm-up to the end of sending, or, with `requests`, to the last answer. */
    uint64_t window_from, window_to;
    uint64_t cpu_ns, run_queue_ns; /* of the thread; run queue: ready to run, but waiting for a core */
    char details[FN_LOAD_ERRORS][FN_LOAD_DETAIL]; /* of the first error of each kind */
} fn_load_counts;

typedef struct fn_load fn_load;

/* NULL, with errno: no memory, no descriptors. */
fn_load *fn_load_new(const fn_load_plan *plan);
/* 0, or an errno. */
int fn_load_start(fn_load *load);
/* Stop sending, and wait for what is under way for up to grace_ns. */
void fn_load_stop(fn_load *load, uint64_t grace_ns);
/* Whether all threads are done. */
int fn_load_finished(const fn_load *load);
void fn_load_join(fn_load *load);
void fn_load_free(fn_load *load);

/* Counts of all threads together; while they run, of a moment ago (texts and window come when they are done). */
void fn_load_progress(const fn_load *load, fn_load_counts *sum);
/* After fn_load_join. From the first byte sent, and (`corrected`) from when it was due; both in ns. */
void fn_load_histograms(const fn_load *load, fn_histogram *raw, fn_histogram *corrected, fn_histogram *connect);
const fn_load_counts *fn_load_counts_of(const fn_load *load, uint32_t thread);
/* Right answers that each connection saw. */
void fn_load_answers(const fn_load *load, uint64_t *of_connection);

#endif
