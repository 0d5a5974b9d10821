/* One connection: connecting, sending, reading answers, and what becomes of it when something goes wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load/private.h"
#include "load/tls.h"

enum { MOST_BATCH = 64, CONNECT_PAUSE_MS = 50 };

static fn_load_pending *pending_at(const fn_thread *t, fn_conn *c, uint32_t i) {
    uint32_t at = c->first + i;
    return &c->ring[at < t->plan->pipeline ? at : at - t->plan->pipeline];
}

static void pop(fn_thread *t, fn_conn *c) {
    c->first = c->first + 1 < t->plan->pipeline ? c->first + 1 : 0;
    c->n_pending--;
    t->n_in_flight--;
}

static int is_measured(const fn_thread *t, const fn_load_pending *p) {
    return p->due >= t->measure_from;
}

static void become_free(fn_thread *t, fn_conn *c) {
    if (c->in_free) return;
    c->in_free = 1;
    fn_queue_push(&t->free, (uint32_t)(c - t->conns));
}

static void watch_output(fn_thread *t, fn_conn *c, int on) {
    if (!c->ssl || c->watching_out == on) return; /* plain sockets are watched for both, by edges */
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | (on ? EPOLLOUT : 0), .data.ptr = c};
    c->watching_out = (uint8_t)on;
    epoll_ctl(t->epfd, EPOLL_CTL_MOD, c->fd, &ev);
}

static void has_tried(fn_thread *t, fn_conn *c) {
    t->n_tried += !c->tried;
    c->tried = 1;
}

/* Closed, with nothing waited for; it opens again when it may. */
void fn_conn_close(fn_thread *t, fn_conn *c) {
    if (c->phase == WAITING || c->phase == DONE) return;
    if (c->phase == OPEN)
        t->counts.open--;
    else
        t->n_connecting--;
    if (c->ssl) fn_tls_close(c->ssl);
    if (c->fd >= 0) close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
    t->n_in_flight -= c->n_pending;
    c->n_pending = c->first = 0;
    c->n_kept = c->n_out = c->out_at = 0;
    memset(c->state, 0, t->plan->protocol->state_size);
    if (t->plan->connect_per_request && t->plan->rate > 0) {
        c->phase = DONE;
        become_free(t, c);
    } else {
        c->phase = WAITING;
        fn_queue_push(&t->waiting, (uint32_t)(c - t->conns));
    }
}

void fn_conn_lose(fn_thread *t, fn_conn *c, fn_load_error kind, const char *detail) {
    /* The first is what went wrong; those behind it have no answer, as after a reset. */
    fn_load_note(t, kind, 1, detail);
    if (c->n_pending > 1) fn_load_note(t, kind == FN_LOAD_TIMEOUT ? kind : FN_LOAD_RESET, c->n_pending - 1, detail);
    fn_conn_close(t, c);
}

static void cannot_connect(fn_thread *t, fn_conn *c, const char *why) {
    has_tried(t, c);
    c->retry_at = t->now + CONNECT_PAUSE_MS * MS;
    fn_load_note(t, FN_LOAD_CONNECT, 1, why);
    fn_conn_close(t, c);
}

static void established(fn_thread *t, fn_conn *c) {
    has_tried(t, c);
    t->now = fn_load_now();
    t->n_connecting--;
    t->counts.open++;
    t->counts.connected++;
    c->phase = OPEN;
    fn_histogram_record(&t->connect, t->now - c->began, 1);
    watch_output(t, c, 0);
    if (t->plan->connect_per_request) {
        if (c->n_pending) fn_conn_send(t, c, 1);
    } else {
        become_free(t, c);
    }
}

static void shake_hands(fn_thread *t, fn_conn *c) {
    char text[FN_TLS_TEXT], why[FN_LOAD_DETAIL];
    int result = fn_tls_handshake(c->ssl, text);
    if (result == FN_TLS_AGAIN) return;
    if (result == FN_TLS_DONE) {
        established(t, c);
        return;
    }
    snprintf(why, sizeof why, "TLS handshake: %s", text);
    cannot_connect(t, c, why);
}

static void connected(fn_thread *t, fn_conn *c) {
    if (!t->plan->tls) {
        established(t, c);
        return;
    }
    c->ssl = fn_tls_open(t->plan->tls, c->fd, t->plan->server_name, t->plan->verify);
    if (!c->ssl) {
        cannot_connect(t, c, "no memory for TLS");
        return;
    }
    c->phase = HANDSHAKE;
    c->watching_out = 1;
    watch_output(t, c, 0);
    shake_hands(t, c);
}

void fn_conn_open(fn_thread *t, fn_conn *c) {
    const fn_load_plan *plan = t->plan;
    const struct sockaddr *address = (const struct sockaddr *)&plan->address;
    int on = 1, type = plan->protocol->datagram ? SOCK_DGRAM : SOCK_STREAM;
    c->phase = CONNECTING;
    t->n_connecting++;
    c->began = t->now;
    c->fd = socket(address->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        cannot_connect(t, c, strerror(errno));
        return;
    }
    if (type == SOCK_STREAM && address->sa_family != AF_UNIX)
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int failed = connect(c->fd, address, plan->address_len) != 0 && errno != EINPROGRESS ? errno : 0;
    if (failed) {
        cannot_connect(t, c, failed == EAGAIN ? "the server's backlog is full" : strerror(failed));
        return;
    }
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    epoll_ctl(t->epfd, EPOLL_CTL_ADD, c->fd, &ev);
    if (type == SOCK_DGRAM) connected(t, c);
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

static int keep(char **memory, size_t *size, size_t at, const void *data, size_t n) {
    if (at + n > *size) {
        size_t wanted = (at + n) * 2;
        char *larger = realloc(*memory, wanted);
        if (!larger) return -1;
        *memory = larger;
        *size = wanted;
    }
    memcpy(*memory + at, data, n);
    return 0;
}

static ssize_t put(fn_conn *c, const struct iovec *pieces, int n, int flags) {
    if (c->ssl) return fn_tls_send(c->ssl, pieces[0].iov_base, pieces[0].iov_len);
    if (n == 1) return send(c->fd, pieces[0].iov_base, pieces[0].iov_len, flags);
    struct msghdr message = {.msg_iov = (struct iovec *)(size_t)pieces, .msg_iovlen = (size_t)n};
    return sendmsg(c->fd, &message, flags);
}

static void send_failed(fn_thread *t, fn_conn *c) {
    int refused = errno == ECONNREFUSED; /* a datagram's, by ICMP */
    if (refused) c->retry_at = t->now + CONNECT_PAUSE_MS * MS;
    fn_conn_lose(t, c, refused ? FN_LOAD_CONNECT : FN_LOAD_RESET, strerror(errno));
}

/* What the socket takes now; the rest is kept. Returns 0, or -1: the connection is lost. */
static int send_pieces(fn_thread *t, fn_conn *c, struct iovec *pieces, int n) {
    int at = 0;
    while (at < n && !c->n_out) {
        ssize_t sent = put(c, pieces + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0 || (sent == 0 && c->ssl)) {
            send_failed(t, c);
            return -1;
        }
        t->counts.bytes_out += (size_t)sent;
        for (; at < n && (size_t)sent >= pieces[at].iov_len; at++) sent -= (ssize_t)pieces[at].iov_len;
        if (at < n && sent) {
            pieces[at].iov_base = (char *)pieces[at].iov_base + sent;
            pieces[at].iov_len -= (size_t)sent;
        }
    }
    for (; at < n; at++) {
        if (t->plan->protocol->datagram) return 0; /* the queue is full: lost, like any other datagram */
        if (keep(&c->out, &c->out_size, c->n_out, pieces[at].iov_base, pieces[at].iov_len) != 0) {
            fn_conn_lose(t, c, FN_LOAD_RESET, "no memory for output");
            return -1;
        }
        c->n_out += pieces[at].iov_len;
    }
    if (c->n_out) watch_output(t, c, 1);
    return 0;
}

static void flush(fn_thread *t, fn_conn *c) {
    while (c->out_at < c->n_out) {
        struct iovec rest = {c->out + c->out_at, c->n_out - c->out_at};
        ssize_t sent = put(c, &rest, 1, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent <= 0) {
            send_failed(t, c);
            return;
        }
        t->counts.bytes_out += (size_t)sent;
        c->out_at += (size_t)sent;
    }
    c->n_out = c->out_at = 0;
    watch_output(t, c, 0);
}

void fn_conn_push(fn_thread *t, fn_conn *c, uint64_t due) {
    const fn_load_content *content = &t->plan->content;
    fn_load_pending *p = pending_at(t, c, c->n_pending++);
    uint32_t chosen = 0;
    if (content->n_templates > 1) {
        uint64_t number = fn_random(&t->seed);
        while (chosen + 1 < content->n_templates && number >= content->templates[chosen].until) chosen++;
    }
    p->template_index = chosen;
    p->offset = content->templates[chosen].random_len ? (uint32_t)(fn_random(&t->seed) & (content->pool_size / 2 - 1)) : 0;
    p->tag = c->next_tag++;
    p->due = due;
    p->sent = t->now;
    t->n_in_flight++;
    if (is_measured(t, p) && t->plan->requests) t->budget--;
}

/* The last n of those pending. Together they go out by one call, where the protocol lets them. */
void fn_conn_send(fn_thread *t, fn_conn *c, uint32_t n) {
    char scratch[MOST_BATCH][FN_LOAD_SCRATCH_BYTES];
    struct iovec pieces[MOST_BATCH * FN_LOAD_MOST_PIECES];
    for (uint32_t at = c->n_pending - n, end = c->n_pending; at < end;) {
        int used = 0;
        for (uint32_t batch = 0; batch < MOST_BATCH && at < end; batch++, at++) {
            fn_load_pending *p = pending_at(t, c, at);
            t->counts.sent++;
            t->counts.measured_sent += (uint64_t)is_measured(t, p);
            used += t->plan->protocol->request(&t->plan->content, p, scratch[batch], pieces + used);
            if (t->plan->protocol->datagram) {
                at++;
                break;
            }
        }
        if (c->ssl && used > 1) { /* OpenSSL gathers nothing */
            size_t total = 0;
            for (int i = 0; i < used && total + pieces[i].iov_len <= BUFFER_BYTES; total += pieces[i++].iov_len)
                memcpy(t->buffer + BUFFER_BYTES + total, pieces[i].iov_base, pieces[i].iov_len);
            size_t wanted = 0;
            for (int i = 0; i < used; i++) wanted += pieces[i].iov_len;
            if (wanted == total) {
                pieces[0] = (struct iovec){t->buffer + BUFFER_BYTES, total};
                used = 1;
            }
        }
        if (send_pieces(t, c, pieces, used) != 0) return;
    }
}

/* Those that have room again are filled together, behind the answers of a turn: a server that is asked at once, rather
 * than one by one between its answers, has its requests in the batches that other generators make, too. */
void fn_refill(fn_thread *t) {
    while (t->free.n) {
        fn_conn *c = &t->conns[fn_queue_pop(&t->free)];
        c->in_free = 0;
        if (c->phase != OPEN || !t->started) continue;
        t->now = fn_load_now();
        fn_conn_fill(t, c);
    }
}

void fn_conn_fill(fn_thread *t, fn_conn *c) {
    uint32_t n = 0;
    for (; c->phase == OPEN && c->n_pending < t->plan->pipeline && fn_may_send(t); n++) fn_conn_push(t, c, t->now);
    if (n) fn_conn_send(t, c, n);
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void complete(fn_thread *t, fn_conn *c, const fn_load_pending *p, const fn_load_verdict *verdict) {
    char text[32];
    t->counts.answered++;
    if (verdict->status < FN_LOAD_STATUSES) t->counts.statuses[verdict->status]++;
    if (verdict->error != FN_LOAD_FINE) {
        snprintf(text, sizeof text, "status %d", verdict->status);
        fn_load_note(t, verdict->error, 1, verdict->error == FN_LOAD_STATUS ? text : verdict->detail);
        return;
    }
    if (!is_measured(t, p)) return;
    t->counts.measured_answered++;
    c->answers++;
    fn_histogram_record(&t->raw, t->now - p->sent, 1);
    if (t->plan->rate > 0) fn_histogram_record(&t->corrected, t->now - p->due, 1);
    if (t->now <= t->end) {
        t->counts.in_window++;
        if (t->plan->requests) t->counts.window_to = t->now;
    }
}

/* The server announced that it closes: requests behind the answer were not looked at, so they go elsewhere. */
static void close_politely(fn_thread *t, fn_conn *c) {
    for (uint32_t i = 0; i < c->n_pending; i++) {
        const fn_load_pending *p = pending_at(t, c, i);
        t->counts.sent--;
        if (is_measured(t, p)) {
            t->counts.measured_sent--;
            if (t->plan->requests) t->budget++;
        }
        if (t->plan->rate > 0) t->again[t->n_again++] = p->due;
    }
    fn_conn_close(t, c);
}

/* buf[0:len] is all that is unread. Returns 0, or -1: the connection is closed. */
static int consume(fn_thread *t, fn_conn *c, const char *buf, size_t len) {
    const fn_load_protocol *protocol = t->plan->protocol;
    size_t at = 0;
    int answers = 0;
    while (at < len) {
        if (c->n_pending == 0) {
            fn_conn_lose(t, c, FN_LOAD_GARBAGE, "the server sent bytes that answer nothing");
            return -1;
        }
        fn_load_verdict verdict = {0, 0, FN_LOAD_FINE, 0, NULL};
        fn_load_pending *p = pending_at(t, c, 0);
        at += protocol->receive(c->state, &t->plan->content, p, buf + at, len - at, &verdict);
        if (!verdict.done) {
            if (verdict.error == FN_LOAD_FINE) break;
            fn_conn_lose(t, c, verdict.error, verdict.detail);
            return -1;
        }
        complete(t, c, p, &verdict);
        pop(t, c);
        answers++;
        if (verdict.close || t->plan->connect_per_request) {
            close_politely(t, c);
            return -1;
        }
    }
    c->n_kept = len - at;
    if (c->n_kept && keep(&c->kept, &c->kept_size, 0, buf + at, c->n_kept) != 0) {
        fn_conn_lose(t, c, FN_LOAD_RESET, "no memory for input");
        return -1;
    }
    if (answers) become_free(t, c);
    return c->phase == OPEN ? 0 : -1;
}

static void at_end(fn_thread *t, fn_conn *c) {
    if (c->n_pending == 0) {
        fn_conn_close(t, c); /* an idle connection may be closed at any time (RFC 9112, section 9.5) */
        return;
    }
    fn_load_verdict verdict = {0, 0, FN_LOAD_FINE, 0, NULL};
    fn_load_pending *p = pending_at(t, c, 0);
    t->plan->protocol->end(c->state, &t->plan->content, p, &verdict);
    if (!verdict.done) {
        fn_conn_lose(t, c, verdict.error, verdict.detail);
        return;
    }
    complete(t, c, p, &verdict);
    pop(t, c);
    close_politely(t, c);
}

static void receive_failed(fn_thread *t, fn_conn *c) {
    fn_load_verdict verdict = {0, 0, FN_LOAD_RESET, 0, NULL};
    const char *why = strerror(errno);
    if (errno == ECONNREFUSED) {
        c->retry_at = t->now + CONNECT_PAUSE_MS * MS;
        fn_conn_lose(t, c, FN_LOAD_CONNECT, why);
        return;
    }
    if (c->n_pending == 0) {
        fn_conn_close(t, c);
        return;
    }
    t->plan->protocol->end(c->state, &t->plan->content, pending_at(t, c, 0), &verdict);
    fn_conn_lose(t, c, verdict.error == FN_LOAD_TRUNCATED ? FN_LOAD_TRUNCATED : FN_LOAD_RESET, why);
}

static void read_stream(fn_thread *t, fn_conn *c, int ended) {
    for (;;) {
        size_t room = BUFFER_BYTES - c->n_kept;
        if (c->n_kept) memcpy(t->buffer, c->kept, c->n_kept);
        ssize_t got = c->ssl ? fn_tls_recv(c->ssl, t->buffer + c->n_kept, room)
                             : recv(c->fd, t->buffer + c->n_kept, room, 0);
        if (got <= 0) {
            if (got < 0 && errno == EAGAIN) return;
            t->now = fn_load_now();
            if (got == 0)
                at_end(t, c);
            else
                receive_failed(t, c);
            return;
        }
        t->now = fn_load_now();
        t->counts.bytes_in += (size_t)got;
        if (consume(t, c, t->buffer, c->n_kept + (size_t)got) != 0) return;
        /* A read that leaves room has emptied the socket; what comes later is another edge. TLS: a record may be left
         * in OpenSSL. */
        if (c->ssl ? !fn_tls_has_more(c->ssl) && !ended : (size_t)got < room && !ended) return;
    }
}

static void read_datagrams(fn_thread *t, fn_conn *c) {
    const fn_load_protocol *protocol = t->plan->protocol;
    for (;;) {
        ssize_t got = recv(c->fd, t->buffer, BUFFER_BYTES, 0);
        if (got < 0) {
            if (errno != EAGAIN) receive_failed(t, c);
            return;
        }
        t->now = fn_load_now();
        t->counts.bytes_in += (size_t)got;
        uint32_t tag, i = 0;
        int known = protocol->tag(t->buffer, (size_t)got, &tag) == 0;
        while (i < c->n_pending && !(known && pending_at(t, c, i)->tag == tag)) i++;
        if (i == c->n_pending) {
            t->counts.stray++;
            continue;
        }
        fn_load_pending found = *pending_at(t, c, i);
        for (; i > 0; i--) *pending_at(t, c, i) = *pending_at(t, c, i - 1); /* the order of sending is kept */
        fn_load_verdict verdict = {0, 0, FN_LOAD_FINE, 0, NULL};
        protocol->receive(c->state, &t->plan->content, &found, t->buffer, (size_t)got, &verdict);
        complete(t, c, &found, &verdict);
        pop(t, c);
        become_free(t, c);
    }
}

/* What waits longer than it may. */
void fn_conn_expire(fn_thread *t, fn_conn *c) {
    uint64_t timeout = t->plan->timeout_ns;
    if (c->phase == CONNECTING || c->phase == HANDSHAKE) {
        if (t->now - c->began > timeout) cannot_connect(t, c, c->phase == HANDSHAKE ? "TLS handshake: timed out" : "timed out");
        return;
    }
    if (c->phase != OPEN || c->n_pending == 0 || t->now - pending_at(t, c, 0)->sent <= timeout) return;
    if (!t->plan->protocol->datagram) {
        fn_conn_lose(t, c, FN_LOAD_TIMEOUT, "no whole answer in time");
        return;
    }
    while (c->n_pending && t->now - pending_at(t, c, 0)->sent > timeout) {
        fn_load_note(t, FN_LOAD_TIMEOUT, 1, "no answer in time: a datagram was lost");
        pop(t, c);
    }
    become_free(t, c);
}

void fn_conn_event(fn_thread *t, fn_conn *c, uint32_t events) {
    if (c->phase == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error)
            cannot_connect(t, c, strerror(error));
        else
            connected(t, c);
        return;
    }
    if (c->phase == HANDSHAKE) {
        shake_hands(t, c);
        return;
    }
    if (c->phase == OPEN && c->n_out && events & EPOLLOUT) flush(t, c);
    if (c->phase != OPEN || !(events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))) return;
    if (t->plan->protocol->datagram)
        read_datagrams(t, c);
    else
        read_stream(t, c, !!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)));
}
