"""The names of a connection's two ends, as applications get them."""

from libc.stdint cimport uint32_t

cdef extern from "sys/socket.h" nogil:
    const int AF_INET, AF_INET6
    int getsockname(int fd, sockaddr *address, unsigned int *size)

cdef extern from "netinet/in.h" nogil:
    struct in_addr:
        uint32_t s_addr
    struct sockaddr_in:
        unsigned short sin_port
        in_addr sin_addr
    struct in6_addr:
        unsigned char s6_addr[16]
    struct sockaddr_in6:
        unsigned short sin6_port
        in6_addr sin6_addr
    unsigned short ntohs(unsigned short n)

cdef extern from "arpa/inet.h" nogil:
    const char *inet_ntop(int family, const void *source, char *to, unsigned int size)


cdef object local_name(int fd):
    """The (host, port) that the peer of a connection has reached."""
    cdef sockaddr_storage address
    cdef unsigned int size = sizeof(address)
    address.ss_family = 0
    getsockname(fd, <sockaddr *>&address, &size)
    return name_of(&address, None)


cdef object name_of(const sockaddr_storage *address, str known):
    """(host, port), or None for one without a name (Unix socket). The host is the object `known` if that is equal."""
    cdef char text[64]
    cdef unsigned short port
    if address.ss_family == AF_INET:
        inet_ntop(AF_INET, &(<sockaddr_in *>address).sin_addr, text, sizeof(text))
        port = (<sockaddr_in *>address).sin_port
    elif address.ss_family == AF_INET6:
        inet_ntop(AF_INET6, &(<sockaddr_in6 *>address).sin6_addr, text, sizeof(text))
        port = (<sockaddr_in6 *>address).sin6_port
    else:
        return None
    host = text.decode("ascii")
    return (known if host == known else host, ntohs(port))
