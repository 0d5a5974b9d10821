/* Closed-loop WebSocket echo: `websocket_load PORT CONNECTIONS BYTES SECONDS` opens that many connections to 127.0.0.1,
 * keeps one masked binary message in flight on each, checks the length of each answer, and prints messages a second. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

static const char HELLO[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
enum { MOST = 1 << 20 };

static void die(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int n = atoi(argv[2]);
    size_t size = (size_t)atol(argv[3]), head = size < 126 ? 2 : 4, left;
    double seconds = atof(argv[4]);
    if (size > 65535) return 2;
    uint8_t frame[65535 + 8] = {0x82}, *buffer = malloc(MOST);
    static const uint8_t key[4] = {0x12, 0x34, 0x56, 0x78};
    frame[1] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (size > 125) frame[2] = (uint8_t)(size >> 8), frame[3] = (uint8_t)size;
    memcpy(frame + head, key, 4);
    for (size_t i = 0; i < size; i++) frame[head + 4 + i] = (uint8_t)('a' + i % 26) ^ key[i & 3];
    int set = epoll_create1(0);
    int *fds = calloc((size_t)n, sizeof *fds);
    size_t *got = calloc((size_t)n, sizeof *got), answer = head + size, frame_len = head + 4 + size;
    for (int i = 0; i < n; i++) {
        fds[i] = connect_to(argv[1]);
        if (fds[i] < 0) die("connect");
        if (write(fds[i], HELLO, sizeof HELLO - 1) < 0) die("write");
        size_t have = 0;
        do {
            ssize_t k = recv(fds[i], buffer + have, 4096 - have, 0);
            if (k <= 0) die("handshake");
            have += (size_t)k;
        } while (!memmem(buffer, have, "\r\n\r\n", 4));
        if (!memmem(buffer, have, " 101 ", 5)) die("101");
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event);
    }
    for (int i = 0; i < n; i++)
        if (write(fds[i], frame, frame_len) != (ssize_t)frame_len) die("write");
    double begin = now_s(), end = begin + seconds;
    long count = 0;
    while (now_s() < end) {
        struct epoll_event events[256];
        int k = epoll_wait(set, events, 256, 1000);
        if (k == 0) die("no answer in a second");
        for (int e = 0; e < k; e++) {
            uint32_t i = events[e].data.u32;
            ssize_t r = recv(fds[i], buffer, MOST, 0);
            if (r <= 0) die("recv");
            got[i] += (size_t)r;
            if (got[i] < answer) continue;
            left = got[i] - answer;
            if (left) die("more than was sent");
            got[i] = 0, count++;
            if (write(fds[i], frame, frame_len) != (ssize_t)frame_len) die("write");
        }
    }
    printf("%.0f\n", (double)count / (now_s() - begin));
    return 0;
}
