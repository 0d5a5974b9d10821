/* A thread's run: open the connections, start together with the others, send and read until the end, wait for what is
 * under way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "load/private.h"

enum { MOST_EVENTS = 512, SWEEP_MS = 50, MOST_OPENED = 256 };
/* Those that do not get through in this time are waited for no longer before the others start. */
#define MOST_OPENING_NS (5000 * MS)
/* About what a sleep and a wake-up cost. The server pays for waking a client, on a virtual machine over 10 us: one that
 * is asleep as soon as it has nothing to do measures a server that wakes it, answer by answer. */
#define AWAKE_NS 4000u

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fn_load_now(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

/* How long this thread was ready to run but did not: the second number of its schedstat; 0 where there is none. */
static uint64_t run_queue_ns(void) {
    char path[64], text[96];
    unsigned long long ran, waited = 0;
    snprintf(path, sizeof path, "/proc/self/task/%ld/schedstat", (long)syscall(SYS_gettid));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
}

/* epoll_wait to the nanosecond where the kernel has it (5.11), else to the millisecond below, and then by polling. */
static int wait_for_events(int epfd, struct epoll_event *events, uint64_t ns) {
#ifdef SYS_epoll_pwait2
    struct timespec timeout = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    long n = syscall(SYS_epoll_pwait2, epfd, events, MOST_EVENTS, &timeout, NULL, (size_t)0);
    if (n >= 0 || errno != ENOSYS) return (int)n;
#endif
    return epoll_wait(epfd, events, MOST_EVENTS, (int)(ns / MS));
}

/* The next events. In a closed loop an answer may be a moment away, so it is looked for before the thread sleeps. */
static int next_events(fn_thread *t, struct epoll_event *events, uint64_t ns) {
    uint64_t since = t->now;
    if (t->plan->rate == 0 && t->n_in_flight) {
        do {
            int n = wait_for_events(t->epfd, events, 0);
            t->now = fn_load_now();
            if (n != 0) return n;
        } while (t->now - since < AWAKE_NS && t->now - since < ns);
    }
    int n = wait_for_events(t->epfd, events, ns > t->now - since ? ns - (t->now - since) : 0);
    t->now = fn_load_now();
    return n;
}

static void open_waiting(fn_thread *t) {
    uint32_t n = t->waiting.n < MOST_OPENED ? t->waiting.n : MOST_OPENED;
    for (; n && t->n_connecting < MOST_CONNECTING; n--) {
        fn_conn *c = &t->conns[fn_queue_pop(&t->waiting)];
        int idle = !t->plan->connect_per_request;
        if (t->over || t->now < c->retry_at || (!idle && !fn_may_send(t))) {
            fn_queue_push(&t->waiting, (uint32_t)(c - t->conns));
            continue;
        }
        if (!idle) fn_conn_push(t, c, t->now);
        fn_conn_open(t, c);
    }
}

static void sweep(fn_thread *t) {
    for (uint32_t i = 0; i < t->n_conns; i++) fn_conn_expire(t, &t->conns[i]);
    t->next_sweep = t->now + SWEEP_MS * MS;
}

/* All threads begin at one time, when each has its connections, or has tried. */
static void begin_together(fn_thread *t, uint64_t opening_since) {
    fn_load *load = t->load;
    const fn_load_plan *plan = t->plan;
    int all_tried = t->n_tried == t->n_conns || t->now - opening_since > MOST_OPENING_NS;
    if (!t->announced && (plan->connect_per_request || all_tried)) {
        t->announced = 1;
        if (atomic_fetch_add(&load->ready, 1) + 1 == plan->threads) atomic_store(&load->start_at, t->now);
    }
    t->start = atomic_load(&load->start_at);
    if (t->start == 0) return;
    t->started = 1;
    t->measure_from = t->start + plan->warmup_ns;
    t->end = plan->requests ? UINT64_MAX : t->measure_from + plan->duration_ns;
    t->counts.window_from = t->measure_from;
    t->counts.window_to = plan->requests ? t->measure_from : t->end;
    if (plan->rate > 0) {
        t->interval = 1e9 * plan->threads / plan->rate;
        t->next_due = t->interval * t->index / plan->threads;
        return;
    }
    for (uint32_t i = 0; i < t->n_conns; i++) fn_conn_fill(t, &t->conns[i]);
}

static void begin_measuring(fn_thread *t) {
    t->measuring = 1;
    t->cpu_from = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    t->run_queue_from = run_queue_ns();
}

/* No request is sent from now on. */
static void stop_sending(fn_thread *t, uint64_t grace_ns) {
    if (t->over) return;
    t->over = 1;
    t->give_up = t->now + grace_ns;
    if (t->measuring) {
        t->counts.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - t->cpu_from;
        t->counts.run_queue_ns = run_queue_ns() - t->run_queue_from;
    }
    if (t->plan->rate > 0 && t->started) {
        uint64_t last = t->end < t->now ? t->end : t->now;
        double until = (double)(last - t->start), left = until - t->next_due;
        /* As many as would have come: exactly so at a constant rate, and on average at random times. */
        if (left > 0 && !t->plan->requests) t->counts.unsent = (uint64_t)(left / t->interval) + 1 + t->n_again;
    }
    if (t->end > t->now) {
        t->end = t->now;
        if (!t->plan->requests) t->counts.window_to = t->now;
    }
}

static void look_for_the_end(fn_thread *t) {
    uint64_t asked = atomic_load_explicit(&t->load->stop_grace, memory_order_relaxed);
    if (asked && !t->over) {
        if (!t->started) t->started = 1;
        stop_sending(t, asked - 1);
    }
    if (!t->started || t->over) return;
    if (!t->measuring && t->now >= t->measure_from) begin_measuring(t);
    int spent = t->plan->requests && t->measuring && t->budget == 0 && t->n_again == 0;
    /* What was due shortly before the end, if this thread could not run just then. */
    if (t->now >= t->end && t->plan->rate > 0) fn_dispatch(t);
    /* A budget may be given back by a server that closes, so it is over only with the last answer. */
    if (t->now >= t->end || (spent && t->n_in_flight == 0)) stop_sending(t, t->plan->timeout_ns + 100 * MS);
}

static uint64_t time_to_wait(const fn_thread *t) {
    uint64_t until = t->next_sweep;
    if (!t->started) return MS;
    if (t->waiting.n && !t->over && t->now + MS < until) return MS;
    if (t->plan->rate > 0 && !t->over && t->free.n && (!t->plan->requests || t->budget)) {
        uint64_t due = t->start + (uint64_t)t->next_due;
        if (due < until) until = due;
    }
    if (!t->measuring && t->measure_from < until) until = t->measure_from;
    if (!t->over && t->end < until) until = t->end;
    return until > t->now ? until - t->now : 0;
}

void *fn_load_run(void *argument) {
    fn_thread *t = argument;
    struct epoll_event events[MOST_EVENTS];
    if (t->plan->cores) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(t->plan->cores[t->index], &set);
        sched_setaffinity(0, sizeof set, &set); /* the caller has checked that the core may be used */
    }
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* due times are met to the microsecond, not to the usual fifty */
    t->now = fn_load_now();
    uint64_t opening_since = t->now;
    for (;;) {
        if (!t->started) begin_together(t, opening_since);
        look_for_the_end(t);
        if (t->over && (t->n_in_flight == 0 || t->now >= t->give_up)) break;
        if (t->waiting.n) open_waiting(t);
        if (t->plan->rate > 0) fn_dispatch(t);
        if (t->now >= t->next_sweep) sweep(t);
        int n = next_events(t, events, time_to_wait(t));
        for (int i = 0; i < n; i++) fn_conn_event(t, events[i].data.ptr, events[i].events);
        if (t->plan->rate == 0) fn_refill(t);
    }
    for (uint32_t i = 0; i < t->n_conns; i++) {
        fn_conn *c = &t->conns[i];
        if (c->n_pending) /* only after a stop: otherwise each has timed out */
            fn_conn_lose(t, c, FN_LOAD_TIMEOUT, "no whole answer before the end of the run");
        else
            fn_conn_close(t, c);
    }
    atomic_fetch_add(&t->load->finished, 1);
    return NULL;
}
