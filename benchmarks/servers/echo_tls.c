/* The limit of echo over TLS: one thread of C with epoll and OpenSSL, set up for the fewest calls into the kernel.
 *
 *     echo_tls PORT CERTIFICATE KEY     prints "listening on PORT" (0 picks a port), then serves until it is killed
 *
 * Reading ahead takes a record's header and body by one recv; a record is answered by one, which is one send. What a
 * socket does not take is kept, and nothing is read before it is gone. TLS 1.3 and the cipher are the client's choice, as
 * for the servers beside it.
 */
#define _GNU_SOURCE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum { MOST_EVENTS = 512, READ_SIZE = 64 * 1024, MOST_ACCEPTS = 256 };

struct conn {
    int fd, shaken;
    SSL *ssl;
    char *rest; /* what the socket did not take */
    int n;
};

static char input[READ_SIZE];
static SSL_CTX *context;
static int epfd;

static void drop(struct conn *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    free(c->rest);
    free(c);
}

static void watch(struct conn *c, unsigned events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* 1: it only waits for the socket; 0: it is over. */
static int only_waits(struct conn *c, int result)
{
    int error = SSL_get_error(c->ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void serve(struct conn *c, unsigned events)
{
    if (!c->shaken) {
        int result = SSL_accept(c->ssl);
        if (result != 1) {
            if (!only_waits(c, result))
                drop(c);
            return;
        }
        c->shaken = 1;
    }
    if (events & EPOLLOUT) {
        int sent = SSL_write(c->ssl, c->rest, c->n);
        if (sent <= 0) {
            if (!only_waits(c, sent))
                drop(c);
            return;
        }
        free(c->rest);
        c->rest = NULL;
        watch(c, EPOLLIN);
    }
    do {
        int got = SSL_read(c->ssl, input, READ_SIZE);
        if (got <= 0) {
            if (!only_waits(c, got))
                drop(c);
            return;
        }
        int sent = SSL_write(c->ssl, input, got);
        if (sent > 0)
            continue;
        if (!only_waits(c, sent)) {
            drop(c);
            return;
        }
        c->n = got;
        c->rest = malloc((size_t)got);
        for (int i = 0; i < got; i++)
            c->rest[i] = input[i];
        watch(c, EPOLLOUT);
        return;
    } while (SSL_has_pending(c->ssl));
}

static void welcome(int listener)
{
    for (int i = 0; i < MOST_ACCEPTS; i++) {
        int fd = accept_next(listener);
        if (fd < 0)
            return;
        struct conn *c = calloc(1, sizeof *c);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        c->fd = fd;
        c->ssl = SSL_new(context);
        SSL_set_fd(c->ssl, fd);
        SSL_set_accept_state(c->ssl);
        epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: echo_tls PORT CERTIFICATE KEY\n");
        return 2;
    }
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1
        || SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    int listener = listen_at("echo_tls", argv[1], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    epfd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, events[MOST_EVENTS];
    epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        int n = epoll_wait(epfd, events, MOST_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                welcome(listener);
        }
    }
}
