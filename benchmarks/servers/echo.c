/* The limit of echo: what one thread of C can do with epoll, recv and send, or with recvmmsg and sendmmsg.
 *
 *     echo PORT tcp|udp     prints "listening on PORT" (0 picks a port), then serves until it is killed
 *
 * TCP: what a read brought is sent back by one send; what the socket does not take is kept, and nothing is read before
 * it is gone. UDP: up to 64 datagrams a call, each answered to its sender. No limits, no deadlines: a yardstick.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

enum { MOST_EVENTS = 512, READ_SIZE = 64 * 1024, BATCH = 64, DATAGRAM = 65536, MOST_ACCEPTS = 256 };

struct conn {
    int fd;
    char *rest; /* what the socket did not take, from `at` on */
    size_t at, n;
};

static char input[READ_SIZE];
static int epfd;

static void drop(struct conn *c)
{
    close(c->fd);
    free(c->rest);
    free(c);
}

static void watch(struct conn *c, unsigned events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
}

static void serve(struct conn *c, unsigned events)
{
    if (events & EPOLLOUT) {
        ssize_t sent = send(c->fd, c->rest + c->at, c->n - c->at, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN)
                drop(c);
            return;
        }
        c->at += (size_t)sent;
        if (c->at == c->n) {
            free(c->rest);
            c->rest = NULL;
            watch(c, EPOLLIN);
        }
        return;
    }
    ssize_t got = recv(c->fd, input, READ_SIZE, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            drop(c);
        return;
    }
    ssize_t sent = send(c->fd, input, (size_t)got, MSG_NOSIGNAL);
    if (sent == got)
        return;
    if (sent < 0 && errno != EAGAIN) {
        drop(c);
        return;
    }
    c->at = 0;
    c->n = (size_t)(got - (sent < 0 ? 0 : sent));
    c->rest = malloc(c->n);
    memcpy(c->rest, input + got - c->n, c->n);
    watch(c, EPOLLOUT);
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
        epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
    }
}

static void serve_streams(int listener)
{
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

/* A blocking socket: MSG_WAITFORONE waits for the first datagram, and takes those that are there with it. */
static void serve_datagrams(int fd)
{
    static struct mmsghdr messages[BATCH];
    static struct iovec pieces[BATCH];
    static struct sockaddr_in names[BATCH];
    char *memory = malloc((size_t)BATCH * DATAGRAM);
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            pieces[i] = (struct iovec){memory + (size_t)i * DATAGRAM, DATAGRAM};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
        }
        int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < n; i++)
            pieces[i].iov_len = messages[i].msg_len;
        for (int done = 0; done < n;) {
            int sent = sendmmsg(fd, messages + done, (unsigned)(n - done), 0);
            done += sent > 0 ? sent : 1; /* who cannot be answered is passed over */
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[2], "tcp") && strcmp(argv[2], "udp"))) {
        fprintf(stderr, "usage: echo PORT tcp|udp\n");
        return 2;
    }
    if (!strcmp(argv[2], "tcp"))
        serve_streams(listen_at("echo", argv[1], SOCK_STREAM | SOCK_NONBLOCK));
    serve_datagrams(listen_at("echo", argv[1], SOCK_DGRAM));
}
