/* What the load generator wants to know of a protocol: how request i looks, and when an answer is over.
 *
 * A new protocol is one fn_load_protocol and a line where plans are made. It does no I/O: the engine connects, sends
 * what `request` gives, and hands over what arrives, cut anywhere. Answers come in the order of the requests; where
 * they may not (datagrams), `tag` says which request a datagram answers. */
#ifndef FASTNET_LOAD_PROTOCOL_H
#define FASTNET_LOAD_PROTOCOL_H

#include <sys/uio.h>

#include "fastnet/base.h"

/* Everything that can go wrong with a request. The first five lose it, and (but for datagrams) its connection; the
 * last three are answers that arrived whole but are not those expected. */
typedef enum {
    FN_LOAD_CONNECT = 0, /* no connection: refused, unreachable, TLS handshake failed */
    FN_LOAD_RESET,       /* closed, by a reset or an end, before the first byte of the answer */
    FN_LOAD_TIMEOUT,
    FN_LOAD_TRUNCATED,   /* closed within an answer */
    FN_LOAD_GARBAGE,     /* what arrived is no answer of this protocol */
    FN_LOAD_STATUS,
    FN_LOAD_LENGTH,
    FN_LOAD_DIGEST,
    FN_LOAD_ERRORS,
    FN_LOAD_FINE = FN_LOAD_ERRORS
} fn_load_error;

enum { FN_LOAD_MOST_PIECES = 3, FN_LOAD_SCRATCH_BYTES = 16 };
#define FN_LOAD_STATUSES 600

/* One kind of request; all memory is the caller's and stays. */
typedef struct {
    const char *head, *body;
    size_t head_len, body_len;
    size_t random_len;    /* bytes of random data that follow; at most half of the pool */
    uint64_t until;       /* chosen by a random number below this, and not below the one before */
    uint8_t no_body;      /* HTTP: the answer to HEAD */
} fn_load_template;

typedef enum { FN_DIGEST_NONE = 0, FN_DIGEST_FIXED, FN_DIGEST_ECHO } fn_load_digest;

/* What answers are checked for. */
typedef struct {
    const char *pool;     /* random data; a request takes a window of it */
    size_t pool_size;     /* a power of two */
    const fn_load_template *templates;
    size_t n_templates;
    int status;           /* 0: any from 200 to 399 */
    int64_t length;       /* of the body; -1: any */
    fn_load_digest digest; /* of the body: none, `crc32c`, or that of the body that was sent */
    uint32_t crc32c;
} fn_load_content;

/* A request that waits for its answer. */
typedef struct {
    uint64_t due, sent;   /* CLOCK_MONOTONIC, ns; `due` is when it was to be sent */
    uint32_t template_index, offset; /* of its random data in the pool */
    uint32_t tag;         /* counts the requests of a connection */
} fn_load_pending;

typedef struct {
    int done;             /* the answer is over */
    int close;            /* and the server said that it closes the connection */
    fn_load_error error;  /* FN_LOAD_FINE, or what is wrong; with `done` unset, the connection is useless now */
    int status;           /* 0 where the protocol has none */
    const char *detail;   /* what is wrong, in English; static, or NULL */
} fn_load_verdict;

typedef struct {
    size_t state_size;    /* of what is kept a connection; all zero when it opens */
    int datagram;
    /* The pieces of a request, at most FN_LOAD_MOST_PIECES, in memory of the content or in scratch. Returns how many. */
    int (*request)(const fn_load_content *content, const fn_load_pending *pending, char *scratch, struct iovec *pieces);
    /* Read buf[0:len], the bytes behind those already used. Returns how many were used; those that were not are given
     * again, with more behind them. Stops at the end of an answer. */
    size_t (*receive)(void *state, const fn_load_content *content, const fn_load_pending *pending, const char *buf,
                      size_t len, fn_load_verdict *verdict);
    /* The server is done sending while an answer is awaited. */
    void (*end)(void *state, const fn_load_content *content, const fn_load_pending *pending, fn_load_verdict *verdict);
    /* Datagrams: which request this one answers. Returns 0, or -1 when it cannot be told. */
    int (*tag)(const char *buf, size_t len, uint32_t *tag);
} fn_load_protocol;

extern const fn_load_protocol fn_load_http1, fn_load_echo, fn_load_framed, fn_load_udp_echo;

#endif
