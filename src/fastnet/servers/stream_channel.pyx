"""A connection of a service under the native driver: the socket below, a Session above, in one straight run.

The readiness of the socket, lingering and the driver's books are NativeChannel's; but there is no HTTP here, so `conn`
is None and whatever uses it is overridden. What one read brought is answered with one write: if the socket takes it
all, nothing is copied, and no buffer is kept; a piece is read into bytes at once, which the next piece is read into.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t

from fastnet.apps.session cimport ServiceApp, Session
from fastnet.codecs.outbuffer cimport OutBuffer
from fastnet.protocols.base cimport Protocol
from fastnet.protocols.workspace cimport Settings, slow_after
from fastnet.servers.hub cimport Hub
from fastnet.servers.native_channel cimport (LINGER_S, MOST_PIECES, MOST_READS, MSG_NOSIGNAL, SHUT_WR, NativeChannel,
                                             iovec, landed, landing_place, msghdr, recv, send, sendmsg, shutdown)
from fastnet.servers.pump cimport Pump, is_client_hello
from fastnet.servers.tls_layer cimport TLSLayer

import os

from fastnet.servers.log import LOGGER


cdef StreamChannel new_stream_channel(Hub hub, Pump pump):
    cdef StreamChannel channel = StreamChannel.__new__(StreamChannel)
    channel.hub = hub
    channel.deadline = pump.ws.now + pump.ws.settings.first_byte_timeout
    return channel


@cython.final
@cython.auto_pickle(False)
cdef class StreamChannel(NativeChannel):
    """A connection of a service."""

    # --- called by the driver ----------------------------------------------------------------------------------------

    cdef int enter(self, Pump pump) except -1:
        self.pump = pump
        return 0

    cdef int on_ready(self, uint32_t mask, char *buf, Py_ssize_t room) except -1:
        cdef Session session = self.session
        cdef Protocol protocol
        if session is None:
            session = self.session = (<ServiceApp>self.pump.app).open_session(self)
            protocol = session.protocol
            protocol.peer, protocol.local, protocol.now = self.client, self.server, self.pump.ws.now
            self.generation = self.hub.places[self.fd].generation
            if self.layer is None:
                self.begun, protocol.tls_available = True, self.hub.upgrade is not None
                session.begin()
        session.protocol.now = self.pump.ws.now
        self.turning = True
        self._running()
        try:
            NativeChannel.on_ready(self, mask, buf, room)
        finally:
            self._idle()
            self.turning = False
            if self.pump.slot != NULL:
                self.pump.slot.requests += session.answered
            session.answered = 0
        # Not for a mere look: an idle connection would never become too old.
        if session.stirred and not self.closed and not self.lingering:
            self.set_deadline()
        return self.yielded

    cdef int _serve(self, char *buf, Py_ssize_t room) except -1:
        cdef int more
        self.yielded = False
        while True:
            if self.layer is not None and not self.layer.established and not self._agree(buf, room):
                return 0
            more = self.converse(buf, room)
            # Else TLS has begun in the middle, and the handshake may be there already.
            if more or self.layer is None or self.layer.established or self.closed or self.lingering:
                return more

    cdef int converse(self, char *buf, Py_ssize_t room) except -1:
        cdef Session session = self.session
        cdef Py_ssize_t n
        cdef int reads = 0
        cdef bint looked, is_hello
        cdef char *place
        cdef char *into
        # Where nothing but input can have moved, that comes first.
        looked = not (self.readable and session.hungry) or self.unsent != 0
        if looked and self.crank():
            return 1
        while self.readable and self.wants_input():
            if reads == MOST_READS:
                return 1
            reads += 1
            place = landing_place(self.pump, room)
            into = buf if place == NULL else place
            n = recv(self.fd, into, room, 0) if self.layer is None else self._read(into, room)
            if n > 0:
                # A short read empties the socket; but what came with a hang-up may be followed by the end.
                if n < room and not self.hung_up and self.layer is None:
                    self.readable = False
                is_hello = is_client_hello(into, n)
                session.receive(PyBytes_FromStringAndSize(buf, n) if place == NULL
                                else landed(self.pump, n))
                looked = True
                if is_hello and session.error is not None and self.tls is None:
                    LOGGER.info("%s: %s speaks TLS, it seems, where nothing is encrypted: to have that, "
                                "--bind tls://HOST:PORT", session.app.service.name, self.client_name())
                if self.crank():
                    return 1
            elif n == 0:
                self.readable, self.at_eof = False, True
                session.receive_eof()
                looked = True
                self.crank()
            elif errno == EAGAIN:
                self.readable = False
            elif errno != EINTR:
                self.fail_socket()
                looked = True
                self.crank()
        if not looked:
            return self.crank()      # there was no input, but perhaps something else
        return 0

    cdef int expire(self) except -1:
        cdef Session session = self.session
        if self.lingering or session is None:
            self.closed = True
            return 0
        if self.layer is not None and not self.layer.established:
            return self._refuse(TimeoutError("it took too long"))
        session.protocol.now = self.pump.ws.now
        if self.deadline > self.pump.ws.now:
            session.drain()                  # the server does, and nothing is going on
        elif self.unsent:
            LOGGER.info("%s: %s is dropped: %d bytes wait, and it does not read them", session.app.service.name,
                        session.peer_name(), self.unsent)
            session.protocol.abort()
        else:
            session.expire()
        self.crank()
        if not self.closed and not self.lingering:
            self.set_deadline()
        return 0

    cdef int _agreed(self) except -1:
        cdef Session session = self.session
        session.protocol.tls = self.tls
        if not self.begun:
            self.begun = True
            return session.begin()
        session.protocol.tls_wanted, session.stirred = False, True
        try:
            session.protocol.tls_started()
        except BaseException as error:
            session.failed(error)
        return 0

    cdef int _refuse(self, error) except -1:
        if self.begun:
            self.session.error = ConnectionResetError("the peer left in the handshake") if error is None else error
        return NativeChannel._refuse(self, error)

    cdef bint _answer_plain(self) except -1:
        return False

    cdef int lost(self) except -1:
        if self.session is not None:
            self.session.lost(None)
        return 0

    cdef int cut(self) except -1:
        return 0

    cdef double due(self) noexcept:
        if self.layer is not None and not self.layer.established and not self.lingering:
            return self.layer.due
        return self.deadline

    cdef bint idle(self) noexcept:
        return self.session is not None and not self.unsent and not self.lingering and self.session.is_idle()

    # --- called by the session ---------------------------------------------------------------------------------------

    cdef int proceed(self) except -1:
        # From any thread, which may not serve the connection now.
        return self.hub.queue_up(self.fd, self.generation)

    cdef bint congested(self):
        return self.unsent + self.session.queued_bytes() >= self.session.app.max_output

    # --- between them ------------------------------------------------------------------------------------------------

    cdef bint wants_input(self) noexcept:
        return (self.session.hungry and not self.finished and not self.at_eof
                and self.unsent < self.session.app.max_output)

    cdef int crank(self) except -1:
        """Have events answered and output written until nothing moves. Returns 1 when it stopped for others' sake."""
        cdef Session session = self.session
        cdef Protocol protocol = session.protocol
        cdef list pieces
        cdef bint more
        if self.finished:
            return 0
        while True:
            if self.unsent:
                self.write_rest()
            more = session.turn() if self.unsent < session.app.max_output else True
            piece = session.take_one()
            if piece is not None:
                if not protocol.aborted:
                    self.write_one(piece)
            else:
                pieces = session.take()
                if pieces is not None and not protocol.aborted:
                    self.write(pieces)
            if protocol.aborted or not more or self.unsent:
                break
            if self.share_over():
                return 1
        if session.waiters is not None and (protocol.aborted or not self.congested()):
            session.drained()
        if (protocol.tls_wanted and not protocol.closing and session.running == 0 and session.stream is None
                and not self.unsent and not self.at_eof):
            protocol.tls_available = False
            self.layer = TLSLayer(self.hub.upgrade, self.pump.ws.now + self.hub.handshake_timeout)
            return 0
        if protocol.aborted or (not self.unsent and session.is_done()):
            self.finished = True
            self.finish()
        elif protocol.eof_queued and not self.unsent and not self.half_closed:
            self.half_closed = True
            if self.layer is not None:
                self.layer.end()         # close_notify; the socket itself stays open for what the peer still sends
                self.write_sealed()
            else:
                shutdown(self.fd, SHUT_WR)
        return 0

    cdef int write_sealed(self) except -1:
        cdef Py_ssize_t before = self.unsent
        cdef int status = self._send_sealed()
        if status == -2:
            return self.fail_socket()
        self.unsent = 0 if status else self.layer.left()
        if not before:
            self.write_since, self.window = self.pump.ws.now, 0
        elif self.unsent < before:
            self.window += before - self.unsent
        self.session.stirred = self.session.stirred or self.unsent != before
        return 0

    cdef int write_one(self, object piece) except -1:
        cdef Py_ssize_t n, size
        if self.layer is not None:
            self.layer.seal_one(piece)
            return self.write_sealed()
        if self.unsent or not PyBytes_CheckExact(piece):
            return self.write([piece])
        size = PyBytes_GET_SIZE(piece)
        n = send(self.fd, PyBytes_AS_STRING(piece), size, MSG_NOSIGNAL)
        if n == size:
            return 0
        if n < 0:
            if errno != EAGAIN and errno != EINTR:
                return self.fail_socket()
            n = 0
        self.keep([piece], n)
        return self.write_rest()

    cdef int write(self, list pieces) except -1:
        if self.layer is not None:
            self.layer.seal(pieces)
            return self.write_sealed()
        self.keep(pieces, 0)
        return self.write_rest()

    cdef int keep(self, list pieces, Py_ssize_t sent) except -1:
        """Have pieces wait for the socket, behind what waits already."""
        if self.out is None:
            self.out = OutBuffer.__new__(OutBuffer)
        for piece in pieces:
            self.out.append_bytes(piece if PyBytes_CheckExact(piece) else bytes(piece))
        if sent:
            self.out.advance(sent)
        self.session.stirred = True
        if not self.unsent:
            self.write_since, self.window = self.pump.ws.now, 0
        self.unsent = self.out.pending()
        return 0

    cdef int write_rest(self) except -1:
        cdef OutBuffer out = self.out
        if self.layer is not None:
            return self.write_sealed()
        cdef iovec iov[MOST_PIECES]
        cdef msghdr msg
        cdef Py_ssize_t n
        while self.unsent:
            msg.msg_name, msg.msg_namelen = NULL, 0
            msg.msg_control, msg.msg_controllen, msg.msg_flags = NULL, 0, 0
            msg.msg_iov, msg.msg_iovlen = iov, out.gather(iov, MOST_PIECES)
            n = sendmsg(self.fd, &msg, MSG_NOSIGNAL)
            if n >= 0:
                out.advance(n)
                self.session.stirred = True
                self.window += n
                self.unsent = out.pending()
            elif errno == EAGAIN:
                return 0
            elif errno != EINTR:
                return self.fail_socket()
        self.out = None
        return 0

    cdef int fail_socket(self) except -1:
        """The socket is broken."""
        self.readable = False
        if self.session.error is None:
            self.session.error = OSError(errno, os.strerror(errno))
        if self.out is not None:
            self.out = None
            self.unsent = 0
        self.session.protocol.abort()
        return 0

    cdef int finish(self) except -1:
        if self.layer is not None and not self.session.protocol.aborted:
            self.layer.end()
            self._send_sealed()
        if self.session.protocol.aborted or self.at_eof:
            self.closed = True
            return 0
        # Closing with input unread would reset the connection, and the peer might never see the last answer.
        if not self.half_closed:
            shutdown(self.fd, SHUT_WR)
        self.lingering = True
        self.deadline = self.pump.ws.now + LINGER_S
        return 0

    cdef int set_deadline(self) except -1:
        cdef Settings settings = self.pump.ws.settings
        cdef Session session = self.session
        session.stirred = False
        cdef double now = self.pump.ws.now
        if self.unsent:
            self.deadline = slow_after(self.write_since, self.window, now, settings.write_timeout, settings.min_rate)
        elif session.plain_time and session.running == 0 and session.stream is None and session.wake_at == INFINITY:
            self.deadline = now + session.app.idle_timeout       # what seconds_left() would say
        else:
            self.deadline = now + session.seconds_left()
        return 0
