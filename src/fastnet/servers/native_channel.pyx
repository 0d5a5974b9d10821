"""A connection of the native driver: a non-blocking socket under the pump.

Edge-triggered: an event only says that something may be there. `readable` remembers it until recv() comes back short,
and the pump's own state says whether input is wanted, so nothing is ever re-registered.
"""

from cpython.buffer cimport PyBUF_WRITE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport PyObject
from libc.errno cimport EAGAIN, EINTR, EPROTO, errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t

from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.http1 cimport Connection
from fastnet.servers.board cimport HANDSHAKE
from fastnet.servers.pump cimport Channel, Pump
from fastnet.servers.tls_layer cimport TLSLayer

from fastnet.servers.log import LOGGER

cdef extern from *:
    """
    #include <errno.h>
    static inline void set_errno(int code) { errno = code; }
    """
    void set_errno(int code) noexcept nogil

cdef extern from *:
    """
    /* Whether nobody else has it: then it may be written again, as bytes may that were only just made. */
    static inline int fn_is_ours(PyObject *made)
    {
    #ifdef Py_GIL_DISABLED
        return 0;
    #else
        return Py_REFCNT(made) == 1;
    #endif
    }
    #if defined(__GNUC__)
    #pragma GCC diagnostic push
    #pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    #endif
    static inline PyObject *fn_first_bytes(PyObject *made, Py_ssize_t n)
    {
        Py_SET_SIZE((PyVarObject *)made, n);
        PyBytes_AS_STRING(made)[n] = 0;
        ((PyBytesObject *)made)->ob_shash = -1;
        return Py_NewRef(made);
    }
    #if defined(__GNUC__)
    #pragma GCC diagnostic pop
    #endif
    """
    bint fn_is_ours(PyObject *made)
    bytes fn_first_bytes(PyObject *made, Py_ssize_t n)

cdef extern from "sys/epoll.h" nogil:
    const uint32_t EPOLLIN, EPOLLERR, EPOLLHUP, EPOLLRDHUP

cdef extern from "sys/sendfile.h" nogil:
    ctypedef long off_t
    Py_ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t n)

cdef extern from "sys/ioctl.h" nogil:
    int ioctl(int fd, unsigned long request, int *value)

cdef extern from "linux/sockios.h" nogil:
    const unsigned long SIOCOUTQ

cdef extern from "sys/socket.h" nogil:
    struct linger:
        int l_onoff
        int l_linger
    const int SOL_SOCKET, SO_LINGER
    int setsockopt(int fd, int level, int option, const void *value, unsigned int size)

cdef extern from "poll.h" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    const short POLLOUT
    int poll(pollfd *fds, unsigned long n, int timeout_ms)

PLAIN_BODY = b"This port speaks HTTPS: its address begins with https://, not http://\n"
# As nginx does: whoever left out the "s" is told in the language that he speaks.
PLAIN_ANSWER = (b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(PLAIN_BODY), PLAIN_BODY))


cdef char *landing_place(Pump pump, Py_ssize_t room) except? NULL:
    """Where the next piece may be read to, to be bytes at once, which landed() makes of it; NULL: copy it.

    It is room for any piece, and used again when whoever got the last one has let go of it. Who keeps it keeps all of
    the room; so the pieces behind it are copied, and the more of them the more often that happens.
    """
    if pump.copies > 0:
        pump.copies -= 1
        return NULL
    if pump.landing is None:
        pump.landing = PyBytes_FromStringAndSize(NULL, room)
    if fn_is_ours(<PyObject *>pump.landing):
        return PyBytes_AS_STRING(pump.landing)
    pump.landing = None
    pump.copies = pump.copies_next = min(max(16, 2 * pump.copies_next), <int>MOST_COPIES)
    return NULL


cdef bytes landed(Pump pump, Py_ssize_t n):
    """The n bytes that were read to landing_place()."""
    return fn_first_bytes(<PyObject *>pump.landing, n)


cdef object window(Pump pump, char *buf, Py_ssize_t room):
    """buf[0:room] as ssl writes into it: mostly the same as the last time."""
    if pump.window is None or pump.window_at != buf:
        pump.window, pump.window_at = PyMemoryView_FromMemory(buf, room, PyBUF_WRITE), buf
    return pump.window


cdef str reason(error):
    from fastnet.servers.tls_reasons import reason_of
    return reason_of(error)


cdef class NativeChannel(Channel):
    """A non-blocking socket, the pump above it, a readiness loop below."""

    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1:
        if mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR):
            self.readable = True
            if self.layer is not None:
                self.layer.dry = False       # what was true then
        if mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR):
            self.hung_up = True              # for good: this may be told in a turn that does not read
        if not self.lingering:
            self.yielded = self._serve(buf, room)
        if self.lingering:
            # At once, too: what is there already will not be told again.
            self.yielded = False
            self._drop_input(buf, room)
        return self.yielded

    cdef int _serve(self, char *buf, Py_ssize_t room) except -1:
        cdef Connection conn
        cdef Py_ssize_t n
        cdef int reads = 0
        if self.layer is not None and not self.layer.established and not self._agree(buf, room):
            return 0
        conn = self.conn
        if self.blocked or self.yielded:
            self.blocked = self.yielded = False
            if self.turn():
                return 1
        while self.readable and not self.finished and conn.wants_read():
            if reads == MOST_READS:
                return 1
            reads += 1
            n = recv(self.fd, buf, room, 0) if self.layer is None else self._read(buf, room)
            if n > 0:
                # A short read empties the socket; but what came with a hang-up may be followed by the end.
                if n < room and not self.hung_up and self.layer is None:
                    self.readable = False
                if self.feed(buf, n):
                    return 1
            elif n == 0:
                self.readable = False
                self.feed_end()
            elif errno == EAGAIN:
                self.readable = False
            elif errno != EINTR:
                self._failed()
        return 0

    cdef int _failed(self) except -1:
        """The socket is broken: nobody will read what is queued."""
        self.readable = False
        self.conn.abort()
        return self.turn()

    cdef int flush(self) except -1:
        cdef Connection conn = self.conn
        cdef OutBuffer out = conn.out
        cdef iovec iov[MOST_PIECES]
        cdef msghdr msg
        cdef Py_ssize_t n
        cdef int flags = MSG_NOSIGNAL
        if self.layer is not None:
            return self._flush_sealed()
        self.blocked = False
        if conn.is_closed():
            self.busy, self._file_left = False, 0    # whose answer is cut, and who may be closing the file
            if not conn.is_cut():
                flags |= MSG_MORE    # what is left leaves with the end of the stream, in one segment: see finish()
        if conn.aborted:
            out.clear()
        if self._file_left:
            flags |= MSG_MORE
        while out.total > 0:
            if out.n_pieces == 0:
                n = send(self.fd, out.block + out.sent, out.used - out.sent, flags)
            else:
                msg.msg_name, msg.msg_namelen = NULL, 0
                msg.msg_control, msg.msg_controllen, msg.msg_flags = NULL, 0, 0
                msg.msg_iov, msg.msg_iovlen = iov, out.gather(iov, MOST_PIECES)
                n = sendmsg(self.fd, &msg, flags)
            if n >= 0:
                conn.wrote(n)
            elif errno == EAGAIN:
                self.blocked = True
                conn.progress(0, True)
                break
            elif errno != EINTR:
                conn.abort()
                out.clear()
        conn.settle_output()
        if self._file_left and not self.blocked and not conn.aborted:
            self._flush_file()
        return 0

    cdef bint sends_files(self) noexcept:
        return self.layer is None

    cdef int send_file(self, int fd, long long start, long long n) except -1:
        self._file, self._file_at, self._file_left = fd, start, n
        return 0

    cdef int _flush_file(self) except -1:
        cdef Py_ssize_t n
        cdef size_t step
        cdef off_t at
        self.busy = False
        for _ in range(MOST_STEPS):
            at, step = self._file_at, min(self._file_left, <long long>FILE_STEP)
            with nogil:              # it may have to wait for the disk
                n = sendfile(self.fd, self._file, &at, step)
            if n > 0:
                self._file_at = at
                self._file_left -= n
                self.conn.sent_elsewhere(n)
                self.conn.progress(n, self._file_left > 0)
                if self._file_left == 0:
                    return 0
            elif n < 0 and errno == EAGAIN:
                self.blocked = True
                return self.conn.progress(0, True)
            elif n == 0 or errno != EINTR:
                if n == 0:
                    LOGGER.error("a file became shorter while it was sent: the connection is dropped")
                self._file_left = 0
                return self.conn.abort()
        self.busy = True
        return 0

    cdef long long left_to_send(self) noexcept:
        return self.conn.out.total + self._file_left

    cdef int wait_room(self) except -1:
        cdef pollfd ready
        cdef double left
        cdef int ms, got
        while self.conn.congested() and not self.conn.aborted:
            left = self.conn.deadline - self.pump.tick()
            if left <= 0:
                return self.conn.abort()
            ms = <int>(min(left, 3600.0) * 1000) + 1
            ready.fd, ready.events = self.fd, POLLOUT
            with nogil:
                got = poll(&ready, 1, ms)
            if got > 0:
                self.pump.tick()
                self.flush()
        return 0

    cdef int cut(self) except -1:
        return self.conn.abort()

    cdef double due(self) noexcept:
        if self.layer is not None and not self.layer.established and not self.lingering:
            return self.layer.due
        return self.conn.deadline

    cdef int finish(self) except -1:
        if self.conn.is_cut():
            return self._finish_cut()
        if self.layer is not None and not self.conn.aborted:
            self.layer.end()
            self._send_sealed()
        if self.conn.aborted or self.conn.eof or not (self.conn.linger or self.readable):
            self.closed = True
            return 0
        # Closing with input unread would reset the connection, and the peer might never see the answer.
        shutdown(self.fd, SHUT_WR)
        self.lingering = True
        self.conn.deadline = self.pump.ws.now + LINGER_S
        return 0

    cdef int _finish_cut(self) except -1:
        """Close so that nobody takes what was sent for the whole answer."""
        cdef linger at_once
        cdef int unsent = 0
        at_once.l_onoff, at_once.l_linger = 1, 0
        setsockopt(self.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once))
        ioctl(self.fd, SIOCOUTQ, &unsent)
        if unsent == 0 or self.conn.aborted:
            self.closed = True
        else:
            # The reset would overtake it, answers of earlier requests among it.
            self.lingering = True
            self.conn.deadline = self.pump.ws.now + LINGER_S
        return 0

    cdef int _drop_input(self, char *buf, Py_ssize_t room) except -1:
        cdef Py_ssize_t n
        while self._dropped < LINGER_BYTES:
            n = recv(self.fd, buf, room, 0)
            if n < 0 and errno == EINTR:
                continue
            if n < 0 and errno == EAGAIN:
                return 0
            if n <= 0:
                break
            self._dropped += n
        self.closed = True
        return 0

    cdef int expire(self) except -1:
        if self.lingering:
            self.closed = True
            return 0
        if self.layer is not None and not self.layer.established:
            return self._refuse(TimeoutError("it took too long"))
        self.late()
        self.time_is_up()
        self.blocked = self.blocked and not self.conn.aborted
        return self.turn()

    # --- TLS, between the socket and everything else -----------------------------------------------------------------

    cdef int _agree(self, char *buf, Py_ssize_t room) except -1:
        cdef TLSLayer layer = self.layer
        cdef Py_ssize_t n
        while self.readable and not self.closed:
            n = recv(self.fd, buf, room, 0)
            if n > 0:
                if not layer.began and 65 <= buf[0] <= 90 and self._answer_plain():
                    return 0
                layer.feed(PyBytes_FromStringAndSize(buf, n))
                try:
                    layer.agree()
                except OSError as error:             # SSLError is one
                    self._send_sealed()              # an alert that says why
                    return self._refuse(error)
                if self._send_sealed() == -2:
                    self.closed = True
                elif layer.established:
                    self.tls = layer.facts
                    self._agreed()
                    return 1
            elif n < 0 and errno == EAGAIN:
                self.readable = False
            elif n == 0 or errno != EINTR:
                if layer.began:
                    return self._refuse(None)
                self.closed = True                   # it only looked whether somebody is there
        if self.blocked and not self.closed:
            self._send_sealed()
        return 0

    cdef int _refuse(self, error) except -1:
        self.pump.count(HANDSHAKE)
        LOGGER.info("TLS with %s failed: %s", self.client_name(), reason(error))
        self.closed = True
        return 0

    cdef int _agreed(self) except -1:
        if self.pump.multiplex is not None and self.tls.alpn == "h2":
            self.streams = self.pump.multiplex(self)
        self.conn._await_head(self.pump.ws.settings.first_byte_timeout)
        return self.conn._set_deadline()

    cdef bint _answer_plain(self) except -1:
        cdef bytes answer = PLAIN_ANSWER
        LOGGER.info("TLS with %s failed: the client speaks plain HTTP; it should use https://", self.client_name())
        send(self.fd, PyBytes_AS_STRING(answer), PyBytes_GET_SIZE(answer), MSG_NOSIGNAL)
        shutdown(self.fd, SHUT_WR)
        self.lingering = True
        self.conn.deadline = self.pump.ws.now + LINGER_S
        return True

    cdef Py_ssize_t _read(self, char *buf, Py_ssize_t room) except -2:
        cdef TLSLayer layer = self.layer
        cdef Py_ssize_t n
        cdef char *place
        try:
            while True:
                if layer.fed:
                    n = layer.read(window(self.pump, buf, room), room)
                    if n >= 0:
                        return n
                if layer.dry and not self.hung_up:
                    break
                place = landing_place(self.pump, room)
                n = recv(self.fd, buf if place == NULL else place, room, 0)
                if n <= 0:
                    return n                         # errno says why
                layer.dry = n < room
                layer.feed(PyBytes_FromStringAndSize(buf, n) if place == NULL else landed(self.pump, n))
        except OSError as error:
            LOGGER.info("TLS with %s broke: %s", self.client_name(), reason(error))
            set_errno(EPROTO)
            return -1
        layer.dry = False
        set_errno(EAGAIN)
        return -1

    cdef int _send_sealed(self) except -1:
        cdef bytes data = self.layer.sealed()
        cdef Py_ssize_t n, size
        while data is not None:
            size = PyBytes_GET_SIZE(data)
            n = send(self.fd, PyBytes_AS_STRING(data) + self.layer.sent, size - self.layer.sent, MSG_NOSIGNAL)
            if n >= 0:
                self.layer.sent += n
                if self.layer.sent == size:
                    data = self.layer.next()
            elif errno == EAGAIN:
                self.blocked = True
                return 0
            elif errno != EINTR:
                return -2
        self.blocked = False
        return 1

    cdef int _flush_sealed(self) except -1:
        cdef Connection conn = self.conn
        cdef OutBuffer out = conn.out
        cdef Py_ssize_t n = out.pending()
        cdef int status
        if conn.aborted:
            self.blocked = False
            out.clear()
            return conn.settle_output()
        if n:
            self.layer.seal(out.take())
        status = self._send_sealed()
        if status == -2:
            conn.abort()
        elif n or status == 0:
            conn.progress(n, status == 0)
        return conn.settle_output()
