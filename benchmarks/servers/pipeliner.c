/* A client that sends a batch of pipelined requests on each connection, waits for all answers, and sends the next.
 *
 *     pipeliner PORT CONNECTIONS DEPTH SECONDS ANSWER_BYTES BODY
 *
 * wrk parses every answer, which costs it more than the fastest servers need to make one; this client is told how long
 * an answer is, and checks of each only where it begins (HTTP/1.1 200) and how it ends (BODY). Any other answer, a short
 * one, or a closed connection ends the run with status 1. Prints the line of JSON that wrk.lua prints; latency is that
 * of a batch.
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

enum { MOST_US = 4 * 1000 * 1000 };

struct conn {
    int fd;
    size_t got;
    double sent_at;
    char *buf;
};

static unsigned counts[MOST_US];

static unsigned percentile(double share, unsigned long total)
{
    unsigned long seen = 0;
    for (unsigned us = 0; us < MOST_US; us++)
        if ((seen += counts[us]) >= share * (double)total)
            return us;
    return MOST_US;
}

static int give_up(const char *why)
{
    fprintf(stderr, "pipeliner: %s (%s)\n", why, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return give_up("usage: pipeliner PORT CONNECTIONS DEPTH SECONDS ANSWER_BYTES BODY");
    int n_conns = atoi(argv[2]);
    size_t depth = (size_t)atoi(argv[3]), answer = (size_t)atoi(argv[5]), body_len = strlen(argv[6]);
    double duration = atof(argv[4]);
    char one[128], *batch;
    size_t one_len = (size_t)snprintf(one, sizeof one, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[1]);
    size_t batch_len = one_len * depth, due = answer * depth;

    batch = malloc(batch_len);
    for (size_t i = 0; i < depth; i++)
        memcpy(batch + i * one_len, one, one_len);
    int epfd = epoll_create1(0);
    struct conn *conns = calloc((size_t)n_conns, sizeof *conns);
    struct epoll_event *events = calloc((size_t)n_conns, sizeof *events);

    for (int i = 0; i < n_conns; i++) {
        struct conn *c = &conns[i];
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
        c->fd = connect_to(argv[1]);
        c->buf = malloc(due);
        if (c->fd < 0)
            return give_up("cannot connect");
        epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev);
    }
    double start = now_s(), end = start + duration, now = start;
    for (int i = 0; i < n_conns; i++) {
        conns[i].sent_at = now;
        if (send(conns[i].fd, batch, batch_len, MSG_NOSIGNAL) != (ssize_t)batch_len)
            return give_up("cannot send a batch whole");
    }
    unsigned long batches = 0, bytes = 0;
    unsigned longest = 0;
    while (now < end) {
        int n = epoll_wait(epfd, events, n_conns, 5000);
        if (n == 0)
            return give_up("no answer for 5 s");
        now = now_s();
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            ssize_t got = recv(c->fd, c->buf + c->got, due - c->got, 0);
            if (got <= 0)
                return give_up("the server closed a connection");
            bytes += (size_t)got;
            if ((c->got += (size_t)got) < due)
                continue;
            for (size_t at = 0; at < due; at += answer)
                if (memcmp(c->buf + at, "HTTP/1.1 200", 12) || memcmp(c->buf + at + answer - body_len, argv[6], body_len))
                    return give_up("an answer was not the one expected");
            double took = (now - c->sent_at) * 1e6;
            unsigned us = took < MOST_US - 1 ? (unsigned)took : MOST_US - 1;
            counts[us]++;
            longest = us > longest ? us : longest;
            batches++;
            c->got = 0;
            c->sent_at = now;
            if (send(c->fd, batch, batch_len, MSG_NOSIGNAL) != (ssize_t)batch_len)
                return give_up("cannot send a batch whole");
        }
    }
    printf("RESULT {\"requests\": %lu, \"duration_us\": %.0f, \"bytes\": %lu, \"p50_us\": %u, \"p99_us\": %u, "
           "\"max_us\": %u, \"errors\": {}}\n",
           batches * depth, (now - start) * 1e6, bytes, percentile(.5, batches), percentile(.99, batches), longest);
    return 0;
}
