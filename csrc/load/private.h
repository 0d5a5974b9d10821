/* What the files of the engine share: a thread and its connections. */
#ifndef FASTNET_LOAD_PRIVATE_H
#define FASTNET_LOAD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "load/engine.h"

/* More than an HTTP head may have, so that an unfinished one always fits. */
enum { BUFFER_BYTES = 256 * 1024 };
enum { MOST_CONNECTING = 256 };
#define MS ((uint64_t)1000000)

/* WAITING: in the thread's queue of those to be opened. */
typedef enum { WAITING = 0, CONNECTING, HANDSHAKE, OPEN, DONE } conn_phase;

typedef struct {
    int fd;
    uint8_t phase, in_free, tried, watching_out;
    uint32_t n_pending, first, next_tag;
    fn_load_pending *ring;   /* of plan->pipeline places */
    char *kept, *out;        /* input not used yet; output that the socket did not take */
    size_t n_kept, kept_size, n_out, out_at, out_size;
    void *ssl, *state;
    uint64_t began, retry_at; /* began: to connect */
    uint64_t answers;
} fn_conn;

/* A queue in which each connection stands at most once. */
typedef struct {
    uint32_t *items;
    uint32_t size, first, n;
} fn_queue;

typedef struct {
    fn_load *load;
    const fn_load_plan *plan;
    uint32_t index, n_conns, n_connecting, n_tried, n_again, n_in_flight;
    int epfd, announced, started, measuring, over;
    fn_conn *conns;
    fn_queue waiting, free;
    fn_load_pending *pendings;
    char *states, *buffer;
    uint64_t *again;         /* due times of requests that a closing server left */
    uint64_t now, seed, budget, next_sweep;
    uint64_t start, measure_from, end, give_up; /* give_up: on what is under way */
    double interval, next_due;                  /* open loop; next_due from start, in ns */
    int starved;                                /* a due request found no free connection */
    uint64_t cpu_from, run_queue_from;
    fn_load_counts counts;
    fn_histogram raw, corrected, connect;
    void *memory[3];
    pthread_t id;
} fn_thread;

struct fn_load {
    fn_load_plan plan;
    fn_thread *threads;
    uint32_t n_started;
    atomic_uint ready, finished;
    _Atomic uint64_t start_at, stop_grace;      /* 0: not yet; stop_grace is the grace and 1 */
};

uint64_t fn_load_now(void);

/* loop.c: */
void *fn_load_run(void *thread);

/* connection.c: each leaves the connection in a phase in which the next event finds it. */
void fn_conn_open(fn_thread *t, fn_conn *c);
void fn_conn_event(fn_thread *t, fn_conn *c, uint32_t events);
/* Give up what the connection waits for, and close it. */
void fn_conn_lose(fn_thread *t, fn_conn *c, fn_load_error kind, const char *detail);
void fn_conn_close(fn_thread *t, fn_conn *c);
void fn_conn_expire(fn_thread *t, fn_conn *c);
/* One more request, due at `due`, on a connection that has room for it: it waits, or, with `send`, goes out. */
void fn_conn_push(fn_thread *t, fn_conn *c, uint64_t due);
void fn_conn_send(fn_thread *t, fn_conn *c, uint32_t n);
/* Closed loop: as many requests as there is room for. */
void fn_conn_fill(fn_thread *t, fn_conn *c);
void fn_refill(fn_thread *t);

/* schedule.c: */
uint64_t fn_random(uint64_t *state);
int fn_may_send(fn_thread *t);
void fn_dispatch(fn_thread *t);
void fn_queue_push(fn_queue *q, uint32_t item);
uint32_t fn_queue_pop(fn_queue *q);
void fn_load_note(fn_thread *t, fn_load_error kind, uint64_t count, const char *detail);

#endif
