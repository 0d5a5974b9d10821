/* Idle, slow and deaf clients. One thread; it looks at every connection once an interval, and at those that the server
 * closed at once. */
#define _GNU_SOURCE
#include "load/background.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 256, MOST_WAIT_MS = 50, SIP_BYTES = 64, SMALL_BUFFER_BYTES = 4096 };
#define PAUSE_NS 100000000u /* before a refused connection is tried again */

typedef struct {
    int fd;
    uint8_t kind;
    size_t at;             /* of the request */
    uint64_t since, next;  /* next: when to look at it again */
} client;

struct fn_background {
    fn_background_plan plan;
    client *clients;
    uint32_t n;
    int epfd, started;
    atomic_int over, tried; /* tried: to open each once */
    pthread_t id;
    fn_background_counts counts[FN_CLIENT_KINDS];
};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

fn_background *fn_background_new(const fn_background_plan *plan) {
    fn_background *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->plan = *plan;
    for (int kind = 0; kind < FN_CLIENT_KINDS; kind++) b->n += plan->clients[kind];
    b->clients = calloc(b->n, sizeof *b->clients);
    b->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (!b->clients || b->epfd < 0) {
        fn_background_free(b);
        return NULL;
    }
    uint32_t i = 0;
    for (int kind = 0; kind < FN_CLIENT_KINDS; kind++) {
        for (uint32_t k = 0; k < plan->clients[kind]; k++, i++) {
            b->clients[i].fd = -1;
            b->clients[i].kind = (uint8_t)kind;
        }
    }
    return b;
}

static void open_client(fn_background *b, client *c, uint64_t now) {
    fn_background_counts *counts = &b->counts[c->kind];
    const struct sockaddr *address = (const struct sockaddr *)&b->plan.address;
    int small = SMALL_BUFFER_BYTES;
    c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->at = 0;
    c->since = now;
    c->next = now;
    /* What the kernel takes in the client's place keeps the server from noticing that nobody reads. */
    if (c->fd >= 0 && c->kind >= FN_CLIENT_SLOW_READ)
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (c->fd < 0 || (connect(c->fd, address, b->plan.address_len) != 0 && errno != EINPROGRESS)) {
        counts->refused++;
        if (c->fd >= 0) close(c->fd);
        c->fd = -1;
        c->next = now + PAUSE_NS;
        return;
    }
    struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = c};
    epoll_ctl(b->epfd, EPOLL_CTL_ADD, c->fd, &ev);
    counts->opened++;
}

static void closed(fn_background *b, client *c, uint64_t now) {
    fn_background_counts *counts = &b->counts[c->kind];
    int error = 0;
    socklen_t size = sizeof error;
    uint64_t life = now - c->since;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == ECONNREFUSED) {
        counts->opened--;
        counts->refused++;
    } else {
        counts->closed++;
        if (counts->shortest_ns == 0 || life < counts->shortest_ns) counts->shortest_ns = life;
        if (life > counts->longest_ns) counts->longest_ns = life;
    }
    close(c->fd);
    c->fd = -1;
    c->next = now + PAUSE_NS;
}

static void send_some(fn_background *b, client *c, size_t most) {
    const fn_background_plan *plan = &b->plan;
    while (most) {
        size_t end = c->kind == FN_CLIENT_SLOW_SEND ? plan->endless : plan->request_len;
        const char *from = c->at < end ? plan->request + c->at : "x"; /* the field that never ends */
        size_t n = c->at < end ? end - c->at : 1;
        if (n > most) n = most;
        ssize_t sent = send(c->fd, from, n, MSG_NOSIGNAL);
        if (sent <= 0) return; /* full, or closed: epoll tells */
        b->counts[c->kind].bytes_out += (size_t)sent;
        c->at += (size_t)sent;
        most -= (size_t)sent;
        if (c->kind != FN_CLIENT_SLOW_SEND && c->at == end) c->at = 0;
    }
}

static void act(fn_background *b, client *c, uint64_t now) {
    char sip[SIP_BYTES];
    if (c->fd < 0) {
        open_client(b, c, now);
        return;
    }
    c->next = now + b->plan.interval_ns;
    if (c->kind == FN_CLIENT_SLOW_SEND) send_some(b, c, 1);
    /* So many requests that the answers do not fit what kernels keep, but never more than it takes at once. */
    if (c->kind >= FN_CLIENT_SLOW_READ) send_some(b, c, b->plan.request_len * 64);
    if (c->kind == FN_CLIENT_SLOW_READ) {
        ssize_t got = recv(c->fd, sip, sizeof sip, 0);
        if (got > 0) b->counts[c->kind].bytes_in += (size_t)got;
    }
}

static void *run(void *argument) {
    fn_background *b = argument;
    struct epoll_event events[MOST_EVENTS];
    while (!atomic_load_explicit(&b->over, memory_order_relaxed)) {
        uint64_t now = now_ns(), next = now + MOST_WAIT_MS * (uint64_t)1000000;
        for (uint32_t i = 0; i < b->n; i++) {
            if (b->clients[i].next <= now) act(b, &b->clients[i], now);
            if (b->clients[i].next < next) next = b->clients[i].next;
        }
        atomic_store_explicit(&b->tried, 1, memory_order_release);
        now = now_ns();
        int n = epoll_wait(b->epfd, events, MOST_EVENTS, next > now ? (int)((next - now) / 1000000) + 1 : 0);
        for (int i = 0; i < n; i++) closed(b, events[i].data.ptr, now_ns());
    }
    for (uint32_t i = 0; i < b->n; i++)
        if (b->clients[i].fd >= 0) close(b->clients[i].fd);
    return NULL;
}

int fn_background_start(fn_background *b) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&b->id, NULL, run, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    b->started = !error;
    return error;
}

int fn_background_tried(const fn_background *b) {
    return atomic_load_explicit(&b->tried, memory_order_acquire);
}

void fn_background_stop(fn_background *b) {
    atomic_store(&b->over, 1);
    if (b->started) pthread_join(b->id, NULL);
    b->started = 0;
}

void fn_background_free(fn_background *b) {
    if (b->epfd >= 0) close(b->epfd);
    free(b->clients);
    free(b);
}

const fn_background_counts *fn_background_counts_of(const fn_background *b, fn_client_kind kind) {
    return &b->counts[kind];
}
