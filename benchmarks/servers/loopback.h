/* The sockets of the C programs beside this file: all of them on loopback, without Nagle's delay. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static inline struct sockaddr_in loopback_address(const char *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

/* A socket of `type` (SOCK_STREAM or SOCK_DGRAM, with flags) at the port, 0 being any; once it is there, the line that
 * says where is printed. Ends the program if it cannot be. */
static inline int listen_at(const char *program, const char *port, int type)
{
    int stream = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM, fd = socket(AF_INET, type, 0), on = 1;
    struct sockaddr_in addr = loopback_address(port);
    socklen_t addr_len = sizeof addr;
    if (stream)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) || (stream && listen(fd, 4096))) {
        perror(program);
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&addr, &addr_len);
    printf("listening on %d\n", ntohs(addr.sin_port));
    fflush(stdout);
    return fd;
}

static inline void send_at_once(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* The next connection that waits, or -1. */
static inline int accept_next(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        send_at_once(fd);
    return fd;
}

/* A connection to the port, which blocks, or -1 with errno. */
static inline int connect_to(const char *port)
{
    struct sockaddr_in addr = loopback_address(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr))
        return -1;
    send_at_once(fd);
    return fd;
}

static inline double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
