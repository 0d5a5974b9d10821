# A connection of the native driver: a non-blocking socket under the pump.
from libc.stdint cimport uint32_t

from fastnet.servers.pump cimport Channel, Pump
from fastnet.servers.tls_layer cimport TLSLayer

cdef extern from "sys/socket.h" nogil:
    struct msghdr:
        void *msg_name
        unsigned int msg_namelen
        iovec *msg_iov
        size_t msg_iovlen
        void *msg_control
        size_t msg_controllen
        int msg_flags
    const int MSG_NOSIGNAL, MSG_MORE, SHUT_WR
    Py_ssize_t recv(int fd, void *buf, size_t n, int flags)
    Py_ssize_t send(int fd, const void *buf, size_t n, int flags)
    Py_ssize_t sendmsg(int fd, const msghdr *msg, int flags)
    int shutdown(int fd, int how)

cdef extern from "sys/uio.h" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len

cdef enum:
    MOST_PIECES = 64
    MOST_COPIES = 65536             # pieces copied in a row, where they are kept: see landing_place()
    MOST_READS = 4                  # full reads of one connection before others get a turn
    FILE_STEP = 1 << 20             # bytes of a file for each sendfile()
    MOST_STEPS = 4                  # of those before others get a turn
    LINGER_BYTES = 1 << 20          # input read and dropped after an early close
    LINGER_S = 2

cdef class NativeChannel(Channel):
    cdef TLSLayer layer              # between the socket and everything else; None: the connection is not encrypted
    cdef int fd
    cdef bint closed                 # the driver is to take it out of its tables and close the socket
    cdef bint readable               # the kernel may have input: what an edge said, until recv() says otherwise
    cdef bint hung_up                # the peer is done, or the socket broke: read on to the end
    cdef bint yielded                # it stopped for the sake of others
    cdef bint lingering              # all is said; input is read and dropped until the peer is done
    cdef long long _dropped
    cdef int _file
    cdef long long _file_at, _file_left
    # Returns 1 when it stopped for the sake of others: call it again after them; the mask may be 0 then.
    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1
    cdef int _serve(self, char *buf, Py_ssize_t room) except -1
    cdef int _drop_input(self, char *buf, Py_ssize_t room) except -1
    cdef int _failed(self) except -1
    cdef int _finish_cut(self) except -1
    cdef int _agree(self, char *buf, Py_ssize_t room) except -1          # 1: TLS is agreed on
    cdef int _agreed(self) except -1                                     # called once it is
    cdef int _refuse(self, error) except -1
    cdef bint _answer_plain(self) except -1                              # whoever begins with a letter; 0: not here
    cdef Py_ssize_t _read(self, char *buf, Py_ssize_t room) except -2    # as recv(), of what the peer encrypted
    cdef int _send_sealed(self) except -1                                # 1: all is gone; 0: later; -2: broken
    cdef int _flush_sealed(self) except -1
    cdef int _flush_file(self) except -1
    cdef int cut(self) except -1     # what is queued and what goes on is lost: the socket is about to be closed
    cdef double due(self) noexcept   # when expire() is; inf: never
    cdef long long left_to_send(self) noexcept    # bytes, those of a file among them

cdef char *landing_place(Pump pump, Py_ssize_t room) except? NULL
cdef bytes landed(Pump pump, Py_ssize_t n)
