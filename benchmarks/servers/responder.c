/* The limit: what one thread of C can do with epoll, recv and send, when the answer is known beforehand.
 *
 *     responder PORT hello|big|echo     prints "listening on PORT" (0 picks a port), then serves until it is killed
 *
 * It does what any correct server must do and nothing else: finds the end of each head, minds `Connection: close` and
 * (for echo) `Content-Length`, answers every request it has read with one send, keeps what a socket does not take, and
 * renews the date each second. It has no limits, no deadlines, and believes what clients say: it is a yardstick, not a
 * server. Its answers are as long as those of the Python servers it stands beside.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"

enum {
    MOST_EVENTS = 512,
    READ_SIZE = 64 * 1024,
    BIG_BODY = 64 * 1024,
    MOST_REPLIES = 64, /* ready-made copies in a row, so that pipelined requests need one send */
    MOST_CLOSERS = 256,
};

/* `left` is what the socket did not take of `out`; fixed answers point into `replies`, echoes into memory of their
 * own. `kept` is the unfinished request of a client that sends piece by piece. */
struct conn {
    int fd, closing;
    const char *out;
    size_t left;
    char *owned;
    size_t owed; /* fixed answers not begun yet */
    char *kept;
    size_t n_kept;
};

static enum { HELLO, BIG, ECHO } mode;
static char head[512];
static size_t head_len, date_at;
static char *replies;
static size_t reply_len, n_replies;
static char *last_reply; /* the one that says `connection: close` */
static size_t last_len;
static char input[READ_SIZE + 1];
static char *output; /* echoes of one read */
static int epfd;

static void renew_date(void)
{
    static time_t last;
    time_t now = time(NULL);
    struct tm tm;
    char date[30];

    if (now == last)
        return;
    last = now;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    memcpy(head + date_at, date, 29);
    for (size_t i = 0; i < n_replies; i++)
        memcpy(replies + i * reply_len + date_at, date, 29);
    if (last_reply)
        memcpy(last_reply + date_at, date, 29);
}

static void build_replies(void)
{
    static const char hello[] = "Hello, world!";
    size_t body_len = mode == BIG ? BIG_BODY : sizeof hello - 1;

    head_len = (size_t)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ndate: ");
    date_at = head_len;
    head_len += (size_t)snprintf(head + head_len, sizeof head - head_len,
                                 "Thu, 01 Jan 1970 00:00:00 GMT\r\nserver: responder\r\n"
                                 "content-type: text/plain\r\ncontent-length: ");
    output = malloc(4 * READ_SIZE * 16);
    if (mode == ECHO)
        return;
    head_len += (size_t)snprintf(head + head_len, sizeof head - head_len, "%zu\r\n\r\n", body_len);
    reply_len = head_len + body_len;
    n_replies = mode == BIG ? 1 : MOST_REPLIES;
    replies = malloc(reply_len * n_replies);
    for (size_t i = 0; i < n_replies; i++) {
        char *at = replies + i * reply_len;
        memcpy(at, head, head_len);
        if (mode == BIG)
            memset(at + head_len, 'x', body_len);
        else
            memcpy(at + head_len, hello, body_len);
    }
    static const char bye[] = "connection: close\r\n\r\n";
    last_len = reply_len + sizeof bye - 3;
    last_reply = malloc(last_len);
    memcpy(last_reply, head, head_len - 2);
    memcpy(last_reply + head_len - 2, bye, sizeof bye - 1);
    memcpy(last_reply + last_len - body_len, replies + head_len, body_len);
}

static void drop(struct conn *c)
{
    close(c->fd);
    free(c->owned);
    free(c->kept);
    free(c);
}

static void watch(struct conn *c, unsigned events)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Send what is due. 1: all gone; 0: the socket is full; -1: the peer is. */
static int flush(struct conn *c)
{
    while (c->left || c->owed) {
        if (!c->left) {
            size_t n = c->owed < n_replies ? c->owed : n_replies;
            n -= c->closing && n == c->owed && n > 1; /* the last one goes out by itself */
            c->out = c->closing && c->owed == 1 ? last_reply : replies;
            c->left = c->closing && c->owed == 1 ? last_len : n * reply_len;
            c->owed -= n;
        }
        ssize_t sent = send(c->fd, c->out, c->left, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? 0 : -1;
        c->out += sent;
        c->left -= (size_t)sent;
    }
    return 1;
}

/* One request at p: where its body is, and whether all of it is there. */
static int scan_request(const char *p, const char *end, const char **body, size_t *body_len, int *closing)
{
    *body_len = 0;
    for (;;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        if (!eol)
            return 0;
        p = eol + 1;
        if (end - p < 2)
            return 0;
        if (p[0] == '\r' && p[1] == '\n')
            break;
        if ((p[0] | 32) != 'c')
            continue;
        if (end - p > 17 && !strncasecmp(p, "connection: close", 17))
            *closing = 1;
        else if (end - p > 16 && !strncasecmp(p, "content-length: ", 16))
            *body_len = (size_t)strtoul(p + 16, NULL, 10);
    }
    *body = p + 2;
    return (size_t)(end - *body) >= *body_len;
}

/* Answer all whole requests in [p, p + n). Returns the bytes used. */
static size_t answer(struct conn *c, const char *p, size_t n)
{
    const char *at = p, *end = p + n, *body;
    size_t body_len, n_out = 0;

    while (at < end && !c->closing && scan_request(at, end, &body, &body_len, &c->closing)) {
        at = body + body_len;
        if (mode != ECHO) {
            c->owed++;
            continue;
        }
        memcpy(output + n_out, head, head_len);
        n_out += head_len;
        n_out += (size_t)sprintf(output + n_out, "%zu\r\n\r\n", body_len);
        memcpy(output + n_out, body, body_len);
        n_out += body_len;
    }
    if (n_out) {
        c->out = output;
        c->left = n_out;
    }
    return (size_t)(at - p);
}

static void serve(struct conn *c, unsigned events)
{
    if (events & EPOLLOUT) {
        int done = flush(c);
        if (done < 0 || (done && c->closing)) {
            drop(c);
            return;
        }
        if (done) {
            free(c->owned);
            c->owned = NULL;
            watch(c, EPOLLIN);
        }
        return;
    }
    size_t room = READ_SIZE - c->n_kept;
    if (c->n_kept)
        memcpy(input, c->kept, c->n_kept);
    ssize_t got = room ? recv(c->fd, input + c->n_kept, room, 0) : 0;
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN)
            return;
        drop(c);
        return;
    }
    size_t n = c->n_kept + (size_t)got;
    input[n] = 0;
    size_t used = answer(c, input, n);
    c->n_kept = n - used;
    if (c->n_kept) {
        c->kept = c->kept ? c->kept : malloc(READ_SIZE);
        memcpy(c->kept, input + used, c->n_kept);
    }
    int done = flush(c);
    if (done < 0 || (done && c->closing)) {
        drop(c);
        return;
    }
    if (!done) {
        if (mode == ECHO) {
            c->owned = malloc(c->left);
            memcpy(c->owned, c->out, c->left);
            c->out = c->owned;
        }
        watch(c, EPOLLOUT);
    }
}

static void welcome(int listener)
{
    for (int i = 0; i < MOST_CLOSERS; i++) {
        int fd = accept_next(listener);
        if (fd < 0)
            return;
        struct conn *c = calloc(1, sizeof *c);
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        c->fd = fd;
        epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: responder PORT hello|big|echo\n");
        return 2;
    }
    mode = !strcmp(argv[2], "big") ? BIG : !strcmp(argv[2], "echo") ? ECHO : HELLO;
    build_replies();

    int listener = listen_at("responder", argv[1], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);

    epfd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, events[MOST_EVENTS];
    epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        int n = epoll_wait(epfd, events, MOST_EVENTS, -1);
        renew_date();
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr, events[i].events);
            else
                welcome(listener);
        }
    }
}
