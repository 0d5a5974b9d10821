/* Difficult clients beside the load: a thread of its own keeps so many connections of each kind open, and opens another
 * for each that the server closes. For byte streams without TLS. */
#ifndef FASTNET_LOAD_BACKGROUND_H
#define FASTNET_LOAD_BACKGROUND_H

#include <stdint.h>
#include <sys/socket.h>

typedef enum {
    FN_CLIENT_IDLE = 0,    /* sends nothing */
    FN_CLIENT_SLOW_SEND,   /* a byte of a request each interval; its head never ends */
    FN_CLIENT_SLOW_READ,   /* requests without end; takes a few bytes of the answers each interval */
    FN_CLIENT_NEVER_READ,  /* the same, and takes none */
    FN_CLIENT_KINDS
} fn_client_kind;

typedef struct {
    struct sockaddr_storage address;
    socklen_t address_len;
    uint32_t clients[FN_CLIENT_KINDS];
    uint64_t interval_ns;
    const char *request;   /* whole, and the caller's until fn_background_free */
    size_t request_len;
    size_t endless;        /* where in it a field line may begin that never ends */
} fn_background_plan;

/* Of each kind. */
typedef struct {
    uint64_t opened, closed;        /* closed: by the server */
    uint64_t refused;               /* no connection */
    uint64_t shortest_ns, longest_ns; /* lives of those that the server closed */
    uint64_t bytes_in, bytes_out;
} fn_background_counts;

typedef struct fn_background fn_background;

fn_background *fn_background_new(const fn_background_plan *plan); /* NULL, with errno */
int fn_background_start(fn_background *background);               /* 0, or an errno */
int fn_background_tried(const fn_background *background);         /* whether each client has asked to be let in */
void fn_background_stop(fn_background *background);               /* and wait for its thread */
void fn_background_free(fn_background *background);
const fn_background_counts *fn_background_counts_of(const fn_background *background, fn_client_kind kind);

#endif
