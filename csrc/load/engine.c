/* Making, starting, watching and ending a run; its memory. */
#define _GNU_SOURCE
#include "load/engine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load/private.h"

/* One nanosecond to one hour, to three significant digits. */
static const fn_histogram_range RANGE = {1, 3600000000000u, 3};

static int make_queue(fn_queue *q, uint32_t size) {
    q->size = size;
    q->items = calloc(size, sizeof *q->items);
    return q->items ? 0 : -1;
}

static int make_thread(fn_load *load, uint32_t index) {
    fn_thread *t = &load->threads[index];
    const fn_load_plan *plan = &load->plan;
    fn_histogram *histograms[3] = {&t->raw, &t->corrected, &t->connect};
    uint32_t n = plan->connections / plan->threads + (index < plan->connections % plan->threads);
    size_t state_size = (plan->protocol->state_size + 15) & ~(size_t)15;
    t->load = load;
    t->plan = plan;
    t->index = index;
    t->n_conns = n;
    t->budget = plan->requests / plan->threads + (index < plan->requests % plan->threads);
    t->seed = (plan->seed + index + 1) * 0x9e3779b97f4a7c15u;
    if (t->seed == 0) t->seed = 1;
    t->conns = calloc(n, sizeof *t->conns);
    t->pendings = calloc((size_t)n * plan->pipeline, sizeof *t->pendings);
    t->again = calloc((size_t)n * plan->pipeline, sizeof *t->again);
    t->states = calloc(n, state_size);
    t->buffer = malloc(2 * BUFFER_BYTES); /* the second half gathers what OpenSSL does not */
    for (int i = 0; i < 3; i++) t->memory[i] = malloc(fn_histogram_size(&RANGE));
    t->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (!t->conns || !t->pendings || !t->again || !t->states || !t->buffer || !t->memory[0] || !t->memory[1] ||
        !t->memory[2] || t->epfd < 0 || make_queue(&t->waiting, n) != 0 || make_queue(&t->free, n) != 0)
        return -1;
    for (int i = 0; i < 3; i++) fn_histogram_init(histograms[i], &RANGE, t->memory[i]);
    int on_demand = plan->connect_per_request && plan->rate > 0;
    for (uint32_t i = 0; i < n; i++) {
        fn_conn *c = &t->conns[i];
        c->fd = -1;
        c->ring = t->pendings + (size_t)i * plan->pipeline;
        c->state = t->states + i * state_size;
        c->phase = on_demand ? DONE : WAITING;
        c->in_free = (uint8_t)on_demand;
        fn_queue_push(on_demand ? &t->free : &t->waiting, i);
    }
    return 0;
}

fn_load *fn_load_new(const fn_load_plan *plan) {
    fn_load *load = calloc(1, sizeof *load);
    if (!load) return NULL;
    load->plan = *plan;
    load->threads = calloc(plan->threads, sizeof *load->threads);
    int failed = load->threads == NULL;
    for (uint32_t i = 0; i < plan->threads && !failed; i++) load->threads[i].epfd = -1;
    for (uint32_t i = 0; i < plan->threads && !failed; i++) failed = make_thread(load, i) != 0;
    if (!failed) return load;
    fn_load_free(load);
    return NULL;
}

int fn_load_start(fn_load *load) {
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that waits */
    while (!error && load->n_started < load->plan.threads) {
        fn_thread *t = &load->threads[load->n_started];
        error = pthread_create(&t->id, NULL, fn_load_run, t);
        load->n_started += !error;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) fn_load_stop(load, 0);
    return error;
}

void fn_load_stop(fn_load *load, uint64_t grace_ns) {
    atomic_store(&load->stop_grace, grace_ns + 1);
}

int fn_load_finished(const fn_load *load) {
    return atomic_load(&load->finished) == load->n_started;
}

void fn_load_join(fn_load *load) {
    for (uint32_t i = 0; i < load->n_started; i++) pthread_join(load->threads[i].id, NULL);
    load->n_started = 0;
}

void fn_load_free(fn_load *load) {
    for (uint32_t i = 0; load->threads && i < load->plan.threads; i++) {
        fn_thread *t = &load->threads[i];
        for (uint32_t j = 0; t->conns && j < t->n_conns; j++) {
            free(t->conns[j].kept);
            free(t->conns[j].out);
        }
        for (int j = 0; j < 3; j++) free(t->memory[j]);
        free(t->conns), free(t->pendings), free(t->again), free(t->states), free(t->buffer);
        free(t->waiting.items), free(t->free.items);
        if (t->epfd >= 0) close(t->epfd);
    }
    free(load->threads);
    free(load);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

void fn_load_progress(const fn_load *load, fn_load_counts *sum) {
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; i < load->plan.threads; i++) {
        const fn_load_counts *c = &load->threads[i].counts;
        sum->sent += c->sent, sum->answered += c->answered;
        for (int k = 0; k < FN_LOAD_ERRORS; k++) {
            sum->errors[k] += c->errors[k];
            if (!*sum->details[k]) memcpy(sum->details[k], c->details[k], FN_LOAD_DETAIL);
        }
        for (int k = 0; k < FN_LOAD_STATUSES; k++) sum->statuses[k] += c->statuses[k];
        sum->connected += c->connected, sum->open += c->open;
        sum->bytes_in += c->bytes_in, sum->bytes_out += c->bytes_out, sum->stray += c->stray;
        sum->measured_sent += c->measured_sent, sum->measured_answered += c->measured_answered;
        sum->in_window += c->in_window, sum->late += c->late, sum->queued += c->queued, sum->unsent += c->unsent;
        if (c->late_most_ns > sum->late_most_ns) sum->late_most_ns = c->late_most_ns;
        if (i == 0 || c->window_from < sum->window_from) sum->window_from = c->window_from;
        if (c->window_to > sum->window_to) sum->window_to = c->window_to;
        sum->cpu_ns += c->cpu_ns, sum->run_queue_ns += c->run_queue_ns;
    }
}

void fn_load_histograms(const fn_load *load, fn_histogram *raw, fn_histogram *corrected, fn_histogram *connect) {
    for (uint32_t i = 0; i < load->plan.threads; i++) {
        fn_histogram_merge(raw, &load->threads[i].raw);
        fn_histogram_merge(corrected, &load->threads[i].corrected);
        fn_histogram_merge(connect, &load->threads[i].connect);
    }
}

const fn_load_counts *fn_load_counts_of(const fn_load *load, uint32_t thread) {
    return &load->threads[thread].counts;
}

void fn_load_answers(const fn_load *load, uint64_t *of_connection) {
    for (uint32_t i = 0; i < load->plan.threads; i++)
        for (uint32_t j = 0; j < load->threads[i].n_conns; j++) *of_connection++ = load->threads[i].conns[j].answers;
}
