# The names of a connection's two ends, as applications get them: (host, port), or None for a Unix socket.
cdef extern from "sys/socket.h" nogil:
    struct sockaddr:
        unsigned short sa_family
    struct sockaddr_storage:
        unsigned short ss_family

cdef object local_name(int fd)
cdef object name_of(const sockaddr_storage *address, str known)
