"""A UDP socket, or a Unix one for datagrams, of a service under the native driver; a DatagramProtocol above.

One recvmmsg takes as many datagrams as there are, up to a batch; what answers them goes out with one sendmmsg. A
compiled protocol may answer in place (DatagramProtocol.answer_at_once), and then nothing of Python is made. Workers
share the socket, so that none of them takes a datagram along when it dies idle; each has a protocol object of its own.

Whatever a protocol or a handler raises costs the datagram that it was about, and nothing else.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport PyObject
from libc.errno cimport EACCES, EAGAIN, EINTR, ENOBUFS, errno
from libc.math cimport INFINITY
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cimport cython

from fastnet.apps.session cimport ServiceApp
from fastnet.apps.stepping cimport CoroutineExchange
from fastnet.protocols.base cimport DatagramProtocol
from fastnet.servers.pump cimport Pump

import os
import socket
import types

from fastnet.errors import ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED
from fastnet.servers.log import LOGGER

cdef extern from "sys/socket.h" nogil:
    struct sockaddr:
        unsigned short sa_family
    struct sockaddr_storage:
        unsigned short ss_family
    struct iovec:
        void *iov_base
        size_t iov_len
    struct msghdr:
        void *msg_name
        uint32_t msg_namelen
        iovec *msg_iov
        size_t msg_iovlen
        int msg_flags
    const int AF_INET, AF_INET6, AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC

cdef extern from *:
    """
    #include <sys/socket.h>
    #include <poll.h>
    static inline int fn_wait_writable(int fd, int ms)
    {
        struct pollfd p = {fd, POLLOUT, 0};
        return poll(&p, 1, ms);
    }
    """
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int recvmmsg(int fd, mmsghdr *messages, unsigned int n, int flags, void *timeout) nogil
    int sendmmsg(int fd, mmsghdr *messages, unsigned int n, int flags) nogil
    int fn_wait_writable(int fd, int ms) nogil

cdef extern from "netinet/in.h" nogil:
    struct in_addr:
        uint32_t s_addr
    struct sockaddr_in:
        unsigned short sin_family
        uint16_t sin_port
        in_addr sin_addr
    struct in6_addr:
        unsigned char s6_addr[16]
    struct sockaddr_in6:
        unsigned short sin6_family
        uint16_t sin6_port
        uint32_t sin6_flowinfo
        in6_addr sin6_addr
        uint32_t sin6_scope_id
    uint16_t ntohs(uint16_t n)
    uint16_t htons(uint16_t n)
    uint32_t ntohl(uint32_t n)
    uint32_t htonl(uint32_t n)

cdef extern from "arpa/inet.h" nogil:
    const char *inet_ntop(int family, const void *source, char *to, unsigned int size)
    int inet_pton(int family, const char *text, void *octets)

cdef enum:
    BATCH = 32                 # datagrams taken, and sent, by one call into the kernel
    MOST_BATCHES = 16          # taken in a row before others are served
    DATAGRAM_BYTES = 65536     # one cannot be longer; memory that is not touched costs nothing
    REPLY_BYTES = 4096         # of an answer in place
    UNIX_PATH_AT = 2           # in a sockaddr_un
    UNIX_PATH_BYTES = 107
    FULL_MS = 20               # how long a socket may be full before what was to be sent is dropped

cdef struct Memory:
    mmsghdr messages[BATCH]
    iovec pieces[BATCH]
    sockaddr_storage names[BATCH]
    mmsghdr replies[BATCH]
    iovec reply_pieces[BATCH]
    sockaddr_storage reply_names[BATCH]
    char received[BATCH][DATAGRAM_BYTES]
    char written[BATCH][REPLY_BYTES]


cdef object peer_of(const sockaddr_storage *name, uint32_t size):
    """An address as Python's sockets have it; None on a connected socket, and of a Unix socket without a name."""
    cdef char text[64]
    cdef const sockaddr_in6 *v6
    if name.ss_family == AF_INET:
        inet_ntop(AF_INET, &(<sockaddr_in *>name).sin_addr, text, sizeof(text))
        return (<bytes>text).decode("ascii"), ntohs((<sockaddr_in *>name).sin_port)
    if name.ss_family == AF_INET6:
        v6 = <const sockaddr_in6 *>name
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text))
        return (<bytes>text).decode("ascii"), ntohs(v6.sin6_port), ntohl(v6.sin6_flowinfo), v6.sin6_scope_id
    if name.ss_family == AF_UNIX and size > UNIX_PATH_AT:
        path = PyBytes_FromStringAndSize((<const char *>name) + UNIX_PATH_AT, size - UNIX_PATH_AT)
        return path if path[:1] == b"\0" else os.fsdecode(path.partition(b"\0")[0])
    return None


cdef uint32_t name_of_peer(object peer, sockaddr_storage *name) except? 0:
    """The other way; the size of the name. Raises ValueError for what is no numeric address."""
    cdef sockaddr_in *v4 = <sockaddr_in *>name
    cdef sockaddr_in6 *v6 = <sockaddr_in6 *>name
    cdef bytes host
    memset(name, 0, sizeof(sockaddr_storage))
    if peer is None:
        return 0
    if isinstance(peer, (str, bytes)):
        # In the abstract namespace a name is as long as it is said to be; a path ends with a zero.
        host = os.fsencode(peer)
        if not host or len(host) > UNIX_PATH_BYTES:
            raise ValueError(f"{peer!r:.100} is no address to send to: expected a path of 1 to {UNIX_PATH_BYTES} bytes")
        name.ss_family = AF_UNIX
        memcpy((<char *>name) + UNIX_PATH_AT, <const char *>host, len(host))
        return UNIX_PATH_AT + len(host) + (host[:1] != b"\0")
    host = peer[0].partition("%")[0].encode()
    if inet_pton(AF_INET, host, &v4.sin_addr) == 1:
        v4.sin_family, v4.sin_port = AF_INET, htons(peer[1])
        return sizeof(sockaddr_in)
    if inet_pton(AF_INET6, host, &v6.sin6_addr) == 1:
        v6.sin6_family, v6.sin6_port = AF_INET6, htons(peer[1])
        if len(peer) == 4:
            v6.sin6_flowinfo, v6.sin6_scope_id = htonl(peer[2]), peer[3]
        return sizeof(sockaddr_in6)
    raise ValueError(f"{peer!r:.100} is no address to send to: expected a numeric one, such as ('192.0.2.1', 53)")


@cython.final
@cython.auto_pickle(False)
cdef class Datagrams:
    """One socket; `sock` is bound, and not blocking."""

    def __init__(self, ServiceApp app not None, sock not None, double now):
        self.app, self.sock, self.fd = app, sock, sock.fileno()
        self.known_peers = [None] * 256
        self.is_unix = sock.family == socket.AF_UNIX
        service = app.service
        self.answer = service.handler().on_message if service.keeps_state else service.handler
        self.protocol = service.datagram()
        kind, plain = type(self.protocol), <object>DatagramProtocol
        self.python_input = type(kind.receive_datagram) is types.FunctionType
        self.plain_events = kind.next_event is plain.next_event
        self.protocol.local, self.protocol.now = sock.getsockname(), now
        self.deadline = INFINITY
        self.set_deadline()

    def __dealloc__(self):
        PyMem_Free(self.memory)

    cdef int serve(self, Pump pump) except -1:
        cdef Memory *m
        cdef int i, n, rounds
        if self.memory == NULL:
            self.memory = <char *>PyMem_Malloc(sizeof(Memory))
            if self.memory == NULL:
                raise MemoryError()
            m = <Memory *>self.memory
            memset(m.messages, 0, sizeof(m.messages))
            memset(m.replies, 0, sizeof(m.replies))
            for i in range(BATCH):
                m.pieces[i].iov_base, m.pieces[i].iov_len = m.received[i], DATAGRAM_BYTES
                m.messages[i].msg_hdr.msg_iov, m.messages[i].msg_hdr.msg_iovlen = &m.pieces[i], 1
                m.replies[i].msg_hdr.msg_iov, m.replies[i].msg_hdr.msg_iovlen = &m.reply_pieces[i], 1
        m = <Memory *>self.memory
        for rounds in range(MOST_BATCHES):
            for i in range(BATCH):
                m.messages[i].msg_hdr.msg_name = &m.names[i]
                m.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
                m.messages[i].msg_hdr.msg_flags = 0
            n = recvmmsg(self.fd, m.messages, BATCH, MSG_DONTWAIT, NULL)
            if n < 0:
                if errno == EAGAIN:
                    break
                if errno != EINTR:
                    # Of something sent before; who asks for it has it told by receive_error().
                    self.socket_error(errno, None)
                continue
            pump.tick()
            self.protocol.now = pump.ws.now
            self.take(n)
            if pump.slot != NULL:
                pump.slot.requests += n
            if n < BATCH:
                break
        self.set_deadline()
        return 0

    cdef int take(self, int n) except -1:
        """Answer a batch: in place where the protocol can, else by events."""
        cdef Memory *m = <Memory *>self.memory
        cdef DatagramProtocol protocol = self.protocol
        cdef int i, replies = 0
        cdef Py_ssize_t size
        self.turning = True
        try:
            for i in range(n):
                try:
                    size = protocol.answer_at_once(m.received[i], m.messages[i].msg_len, &m.names[i],
                                                   m.messages[i].msg_hdr.msg_namelen, m.written[replies], REPLY_BYTES)
                    if size < 0:
                        self.receive(PyBytes_FromStringAndSize(m.received[i], m.messages[i].msg_len),
                                     self.peer_at(&m.names[i], m.messages[i].msg_hdr.msg_namelen))
                        continue
                except BaseException as error:
                    self.failed(error)
                    continue
                if size > 0:
                    m.reply_pieces[replies].iov_base, m.reply_pieces[replies].iov_len = m.written[replies], size
                    m.replies[replies].msg_hdr.msg_name = &m.names[i]
                    m.replies[replies].msg_hdr.msg_namelen = m.messages[i].msg_hdr.msg_namelen
                    replies += 1
            if replies:
                self.send_batch(replies, None, 0)
            self.flush()
        finally:
            self.turning = False
        return 0

    cdef object peer_at(self, const void *name, uint32_t size):
        """peer_of(), which need not be made anew for whoever asks again."""
        cdef const sockaddr_in *v4 = <const sockaddr_in *>name
        cdef uint64_t key
        cdef Py_ssize_t place
        if v4.sin_family != AF_INET:
            return peer_of(<const sockaddr_storage *>name, size)
        key = <uint64_t>v4.sin_addr.s_addr << 16 | v4.sin_port
        place = <Py_ssize_t>(key * <uint64_t>0x9E3779B97F4A7C15 >> 56)
        if self.known[place] == key:
            peer = self.known_peers[place]
        else:
            peer = peer_of(<const sockaddr_storage *>name, size)
            self.known[place], self.known_peers[place] = key, peer
        self.places[<size_t><PyObject *>peer >> 5 & 255] = <unsigned char>place
        return peer

    cdef uint32_t name_at(self, object peer, void *name) except? 0:
        """name_of_peer(), which need not read what peer_at() has given."""
        cdef sockaddr_in *v4 = <sockaddr_in *>name
        cdef Py_ssize_t place = self.places[<size_t><PyObject *>peer >> 5 & 255]
        if peer is None or self.known_peers[place] is not peer:
            return name_of_peer(peer, <sockaddr_storage *>name)
        memset(v4, 0, sizeof(sockaddr_in))
        v4.sin_family, v4.sin_port = AF_INET, <uint16_t>self.known[place]
        v4.sin_addr.s_addr = <uint32_t>(self.known[place] >> 16)
        return sizeof(sockaddr_in)

    cdef int receive(self, bytes data, object peer) except -1:
        if self.python_input:
            (<object>self.protocol).receive_datagram(data, peer)     # with no bound method in between
        else:
            self.protocol.receive_datagram(data, peer)
        return 0 if self.plain_events else self.pull()

    cdef int pull(self) except -1:
        """Have all events answered."""
        cdef _Answer task
        while self.running < self.app.concurrency or not self.app.is_async:
            event = self.protocol.next_event()
            if event is NEED_DATA or event is PAUSED:
                return 0
            if self.answer is None:
                raise TypeError(f"{type(self.protocol).__name__} has events, and the service no handler for them")
            try:
                result = self.answer(event)
            except BaseException as error:
                self.failed(error)
                self.protocol.fail(event, error)
                continue
            if self.app.is_async:
                task = _Answer.__new__(_Answer)
                task.socket, task.event = self, event
                self.running += 1
                self.app.stepper.run(task, result)
            elif result is not None:
                self.protocol.reply(event, result)
        return 0

    cdef int replied(self, object event, object result, object error) except -1:
        """A coroutine has answered an event."""
        self.running -= 1
        try:
            if error is not None:
                self.failed(error)
                self.protocol.fail(event, error)
            elif result is not None:
                self.protocol.reply(event, result)
        except BaseException as raised:
            self.failed(raised)
        if not self.turning:
            self.flush()
        # Not at once: this is called from a coroutine, and what waits may start another one.
        if not self.resuming:
            self.resuming = True
            self.app.stepper.loop.call_soon(self._resume)
        return 0

    def _resume(self):
        self.resuming = False
        self.turning = True
        try:
            self.pull()
        except BaseException as error:
            self.failed(error)
        finally:
            self.turning = False
            self.app.end_turn()
        self.flush()

    cdef int flush(self) except -1:
        """Send what the protocol has queued."""
        cdef list queued
        cdef int rounds
        try:
            for rounds in range(MOST_BATCHES):     # an error that is told may be answered, too
                queued = self.protocol.data_to_send()
                if not queued:
                    break
                self.send_pieces(queued)
        except BaseException as error:
            self.failed(error)
        return 0

    cdef int send_pieces(self, list queued) except -1:
        cdef Memory *m = <Memory *>self.memory
        cdef Py_buffer views[BATCH]
        cdef Memory *own = NULL
        cdef Py_ssize_t first
        cdef int n, i
        if m == NULL:              # before anything has come: a timeout sends
            own = m = <Memory *>PyMem_Malloc(sizeof(Memory))
            if m == NULL:
                raise MemoryError()
            memset(m.replies, 0, sizeof(m.replies))
            for i in range(BATCH):
                m.replies[i].msg_hdr.msg_iov, m.replies[i].msg_hdr.msg_iovlen = &m.reply_pieces[i], 1
            self.memory = <char *>m
        try:
            for first in range(0, len(queued), BATCH):
                n = 0
                try:
                    for data, peer in queued[first:first + BATCH]:
                        m.replies[n].msg_hdr.msg_namelen = self.name_at(peer, &m.reply_names[n])
                        m.replies[n].msg_hdr.msg_name = &m.reply_names[n]
                        PyObject_GetBuffer(data, &views[n], PyBUF_SIMPLE)
                        m.reply_pieces[n].iov_base, m.reply_pieces[n].iov_len = views[n].buf, views[n].len
                        n += 1
                    self.send_batch(n, queued, first)
                finally:
                    for i in range(n):
                        PyBuffer_Release(&views[i])
        finally:
            if own != NULL:
                self.memory = NULL
                PyMem_Free(own)
        return 0

    cdef int send_batch(self, int n, list queued, Py_ssize_t first) except -1:
        """Send replies[0:n]. One that cannot be sent does not keep back those behind it."""
        cdef Memory *m = <Memory *>self.memory
        cdef int done = 0, sent
        while done < n:
            sent = sendmmsg(self.fd, &m.replies[done], n - done, MSG_DONTWAIT | MSG_NOSIGNAL)
            if sent >= 0:
                done += sent
            elif errno == EAGAIN and self.is_unix:
                # It is the receiver's queue that is full; waiting for it would keep the others waiting.
                LOGGER.warning("%s: a datagram is dropped: %r does not read", self.app.service.name,
                               peer_of(<sockaddr_storage *>m.replies[done].msg_hdr.msg_name,
                                       m.replies[done].msg_hdr.msg_namelen))
                done += 1
            elif errno in (EAGAIN, ENOBUFS):
                with nogil:
                    sent = fn_wait_writable(self.fd, FULL_MS)
                if sent <= 0:
                    LOGGER.warning("%s: %d datagrams are dropped: the network takes no more", self.app.service.name,
                                   n - done)
                    return 0
            elif errno != EINTR:
                self.socket_error(errno, None if queued is None else queued[first + done][1])
                done += 1
        return 0

    def socket_error(self, int code, peer):
        text = os.strerror(code)
        if code == EACCES and not self.is_unix:
            text += ": to send to a broadcast address, say --broadcast"
        try:
            self.protocol.receive_error(OSError(code, text), peer)
        except BaseException as error:
            self.failed(error)

    cdef int expire(self, Pump pump) except -1:
        self.protocol.now = pump.ws.now
        self.turning = True
        try:
            self.protocol.handle_timeout(pump.ws.now)
            self.pull()
        except BaseException as error:
            self.failed(error)
        finally:
            self.turning = False
        self.flush()
        return self.set_deadline()

    cdef int set_deadline(self) except -1:
        self.deadline = INFINITY
        try:
            left = self.protocol.next_timeout()
            if left is not None:
                self.deadline = self.protocol.now + <double>left
        except BaseException as error:
            self.failed(error)
        return 0

    cdef int failed(self, object error) except -1:
        name = self.app.service.name
        if isinstance(error, ProtocolError):
            LOGGER.info("%s: a datagram broke the rules: %s", name, error)
        else:
            LOGGER.error("%s: a datagram is lost, since this was raised", name, exc_info=error)
        return 0


@cython.final
@cython.auto_pickle(False)
cdef class _Answer(CoroutineExchange):
    """A coroutine that answers an event."""
    cdef Datagrams socket
    cdef object event

    cdef int finished(self, object error) except -1:
        return self.socket.replied(self.event, self.result, error)


def is_datagram(sock):
    """Whether a socket is one for datagrams."""
    return sock.type == socket.SOCK_DGRAM
