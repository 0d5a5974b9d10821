"""A connection of a service as an asyncio protocol: any loop's transport below, a Session above.

What runs services where a transport is all there is: in other people's servers and clients, by asyncio_protocol(), and
in ours where there is no epoll. There is no task and no queue a connection; the one timer it has is set when the
protocol, the handler or a slow reader has a deadline, and is left alone when that only moves away.

Backpressure goes both ways. The transport is told to hold `max_output` bytes; when it holds more, no more events are
asked for, and nothing is read until the peer has read.
"""

import asyncio
import os

cimport cython
from libc.math cimport INFINITY

from fastnet.apps.base cimport Carrier
from fastnet.apps.session cimport ServiceApp, Session
from fastnet.protocols.base cimport Protocol
from fastnet.protocols.workspace cimport slow_after
from fastnet.servers.board cimport Board, Slot

from fastnet.apps.service import as_service
from fastnet.errors import ConfigError
from fastnet.servers.log import LOGGER
from fastnet.servers.tls import facts_of

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() nogil

cdef enum:
    LINGER_BYTES = 1 << 20     # input read and dropped after an early close
    LINGER_S = 2

# What one connection may take of the loop in a row.
cdef double SHARE_S = 0.003


cdef class _Shared:
    """What the connections of one loop share."""
    cdef object loop
    cdef ServiceApp app
    cdef double write_timeout, min_rate
    cdef Board board                     # kept, for the slot is in it; None: there is none
    cdef Slot *slot
    cdef long count

    cdef int leave(self) except -1:
        self.count -= 1
        if self.count == 0:
            self.app.close()             # its spare task is not to outlive the loop
        return 0


cdef class _Stream(Carrier):
    """See ServiceProtocol, which is this and an asyncio.Protocol."""
    cdef _Shared shared
    cdef object loop, transport, timer
    cdef Session session
    cdef unsigned long thread            # of the loop
    cdef double timer_at                 # when it fires; inf: there is none
    cdef double deadline                 # when something is to be done
    cdef double write_since              # when the transport first held something, since it last did not
    cdef long long window                # bytes that left it since then
    cdef Py_ssize_t unsent               # bytes that it holds, as far as was looked
    cdef int dropped                     # bytes, while lingering
    cdef bint encrypted, blocked, stopped, at_eof, half_closed, finishing, finished, lingering, turning, scheduled

    # --- called by the transport -------------------------------------------------------------------------------------

    def connection_made(self, transport):
        """The transport is there."""
        cdef _Shared shared = self.shared
        cdef Protocol protocol
        self.loop, self.transport, self.thread = shared.loop, transport, PyThread_get_thread_ident()
        self.timer_at = self.deadline = INFINITY
        shared.count += 1
        transport.set_write_buffer_limits(high=shared.app.max_output)
        self.session = shared.app.open_session(self)
        protocol = self.session.protocol
        protocol.now = self.loop.time()
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        protocol.peer = peer[:2] if isinstance(peer, tuple) else None
        protocol.local = local[:2] if isinstance(local, tuple) else None if local is None else (os.fsdecode(local), None)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.encrypted = True
            protocol.tls = facts_of(tls)
        self.session.begin()
        self.crank()

    def data_received(self, data):
        """Bytes came."""
        if self.finished:
            self.drop(len(data))
            return
        self.session.protocol.now = self.loop.time()
        self.session.receive(data if type(data) is bytes else bytes(data))
        self.crank()

    def eof_received(self):
        """The peer is done sending; True: it may still be reading."""
        if self.finished:
            return False
        self.at_eof = True
        self.session.protocol.now = self.loop.time()
        self.session.receive_eof()
        self.crank()
        return not self.finished and not self.encrypted      # asyncio's TLS knows no half-closed connection

    def connection_lost(self, error):
        """The connection is gone."""
        if self.transport is None:
            return
        self.transport = None
        self.finished = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.session.protocol.now = self.loop.time()
        self.session.lost(error)
        self.shared.app.end_turn()
        self.shared.leave()

    def pause_writing(self):
        """The transport holds as much as it should."""
        self.blocked = True

    def resume_writing(self):
        """There is room again."""
        self.blocked = False
        if self.transport is not None and not self.turning:
            self.session.protocol.now = self.loop.time()
            self.take_stock()
            self.crank()

    # --- for who made it ---------------------------------------------------------------------------------------------

    @property
    def connection(self):
        """The Connection, as handlers see it: send(), close() and so on. Only after connection_made()."""
        return self.session.face()

    def drain(self):
        """The server is about to end: close the connection if nothing is going on there."""
        if not self.finished and not self.unsent and self.session.is_idle():
            self.session.protocol.now = self.loop.time()
            self.session.drain()
            self.crank()

    # --- called by the session ---------------------------------------------------------------------------------------

    cdef int proceed(self) except -1:
        if PyThread_get_thread_ident() == self.thread:
            return self.schedule()
        try:
            self.loop.call_soon_threadsafe(self._go_on)
        except RuntimeError:
            pass                             # the loop has ended
        return 0

    cdef bint congested(self):
        cdef Py_ssize_t held = 0
        if self.blocked:
            return True
        # Only the loop's thread may ask the transport; what it said last is not far off.
        if PyThread_get_thread_ident() == self.thread and self.transport is not None:
            held = self.transport.get_write_buffer_size()
        else:
            held = self.unsent
        return held + self.session.queued_bytes() >= self.session.app.max_output

    # --- between them ------------------------------------------------------------------------------------------------

    def _go_on(self):
        self.scheduled = False
        if self.transport is not None:
            self.session.protocol.now = self.loop.time()
            self.crank()

    cdef int schedule(self) except -1:
        if not self.scheduled:
            self.scheduled = True
            self.loop.call_soon(self._go_on)
        return 0

    cdef int crank(self) except -1:
        """Have events answered and output written until nothing moves; then see to what comes next."""
        cdef Session session = self.session
        cdef Slot *slot = self.shared.slot
        if self.finished:
            return 0
        if self.turning:
            return 0
        self.turning = True
        if slot != NULL:
            slot.line[0] = 0
            slot.since = session.protocol.now
        try:
            self.move()
            self.settle()
        except Exception:
            LOGGER.exception("a connection failed and is dropped")
            self.finished = True
            self.transport.abort()
        finally:
            self.turning = False
            self.shared.app.end_turn()
            if slot != NULL:
                slot.since = 0
                slot.requests += session.answered
            session.answered = 0
        return 0

    cdef int move(self) except -1:
        cdef Session session = self.session
        cdef Protocol protocol = session.protocol
        cdef list pieces
        cdef bint more = True
        cdef double since = protocol.now
        while not protocol.aborted:
            if not self.blocked:
                more = session.turn()
            pieces = session.take()
            if pieces is not None and not protocol.aborted:
                session.stirred = True
                if len(pieces) == 1:
                    self.transport.write(pieces[0])
                else:
                    self.transport.writelines(pieces)
                self.take_stock()
            if self.blocked or not more:
                return 0
            if self.loop.time() - since > SHARE_S:
                return self.schedule()
        return 0

    cdef int take_stock(self) except -1:
        """How much the transport holds, and how fast that leaves."""
        cdef Py_ssize_t left = self.transport.get_write_buffer_size()
        if left == 0 or self.unsent == 0:
            self.write_since, self.window = self.session.protocol.now, 0
        elif left < self.unsent:
            self.window += self.unsent - left
        self.session.stirred = self.session.stirred or left != self.unsent
        self.unsent = left
        return 0

    cdef int settle(self) except -1:
        cdef Session session = self.session
        cdef Protocol protocol = session.protocol
        cdef bint stop
        if session.waiters is not None and (protocol.aborted or not self.congested()):
            session.drained()
        if protocol.aborted:
            self.finished = True
            self.transport.abort()
            return 0
        if session.is_done():
            if not self.unsent:
                return self.finish()
            if not self.finishing:
                self.finishing = True
                self.blocked = True
                self.transport.set_write_buffer_limits(high=0)     # resume_writing() says when all is gone
        elif protocol.eof_queued and not self.half_closed and self.transport.can_write_eof():
            self.half_closed = True
            self.transport.write_eof()
        stop = not session.hungry or self.blocked
        if stop != self.stopped and not self.at_eof:
            self.stopped = stop
            if stop:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()
        if session.stirred:
            self.set_deadline()
        return 0

    cdef int set_deadline(self) except -1:
        cdef double now = self.session.protocol.now
        self.session.stirred = False
        if self.unsent:
            self.deadline = slow_after(self.write_since, self.window, now, self.shared.write_timeout,
                                       self.shared.min_rate)
        else:
            self.deadline = now + self.session.seconds_left()
        return self.arm(self.deadline, now)

    cdef int arm(self, double at, double now) except -1:
        if at >= self.timer_at:
            return 0                         # it is looked at again when that fires
        if self.timer is not None:
            self.timer.cancel()
        self.timer_at = at
        self.timer = self.loop.call_later(max(0.0, at - now), self._expire)
        return 0

    def _expire(self):
        cdef Session session = self.session
        cdef double now
        self.timer, self.timer_at = None, INFINITY
        if self.transport is None:
            return
        now = session.protocol.now = self.loop.time()
        if self.finished:
            self.transport.abort()           # the peer did not let us close
            return
        self.take_stock()
        if session.stirred:
            self.set_deadline()
        if now < self.deadline:
            if self.deadline < INFINITY:
                self.arm(self.deadline, now)
            return
        if self.unsent:
            LOGGER.info("%s: %s is dropped: %d bytes wait, and it does not read them", session.app.service.name,
                        session.peer_name(), self.unsent)
            session.protocol.abort()
        else:
            session.stirred = True
            session.expire()
        self.crank()

    cdef int finish(self) except -1:
        """All is said and written."""
        cdef double now = self.session.protocol.now
        self.finished = True
        if self.at_eof or not self.transport.can_write_eof():
            self.transport.close()
            return self.arm(now + self.shared.write_timeout, now)
        # Closing with input unread would reset the connection, and the peer might never see the last answer.
        if not self.half_closed:
            self.transport.write_eof()
        self.lingering = True
        if self.stopped:
            self.stopped = False
            self.transport.resume_reading()
        return self.arm(now + LINGER_S, now)

    cdef int drop(self, Py_ssize_t n) except -1:
        if self.lingering:
            self.dropped += n
            if self.dropped > LINGER_BYTES:
                self.transport.abort()
        return 0


class ServiceProtocol(_Stream, asyncio.Protocol):
    """A connection of a service, for a loop's create_server() and the like; made by what asyncio_protocol() returns."""

    __slots__ = ()


@cython.final
cdef class ProtocolFactory:
    """Makes the ServiceProtocol of each connection, whichever loop runs; see asyncio_protocol()."""
    cdef object service, kind
    cdef Py_ssize_t max_output
    cdef double idle_timeout, write_timeout, min_rate
    cdef _Shared shared

    def __call__(self):
        cdef _Stream made
        cdef _Shared shared = self.shared
        loop = asyncio.get_running_loop()
        if shared is None or shared.loop is not loop:
            shared = self.shared = _Shared()
            shared.loop, shared.write_timeout, shared.min_rate = loop, self.write_timeout, self.min_rate
            shared.app = ServiceApp(self.service, loop, max_output=self.max_output, idle_timeout=self.idle_timeout)
        made = self.kind()
        made.shared = shared
        return made

    def place(self, Board board not None, int worker, int thread):
        """Count messages, and tell the supervisor what runs, in this slot of the board. Of service_protocol()'s only."""
        self.shared.board, self.shared.slot = board, board.slot(worker, thread)


def service_protocol(ServiceApp app not None, loop, double write_timeout, double min_rate, kind):
    """As asyncio_protocol(), with an app that has been made, for its loop only."""
    cdef ProtocolFactory factory = ProtocolFactory()
    cdef _Shared shared = _Shared()
    shared.loop, shared.app, shared.write_timeout, shared.min_rate = loop, app, write_timeout, min_rate
    factory.shared, factory.service, factory.kind = shared, app.service, kind
    factory.max_output, factory.idle_timeout = app.max_output, app.idle_timeout
    factory.write_timeout, factory.min_rate = write_timeout, min_rate
    return factory


def asyncio_protocol(target, *, Py_ssize_t max_output=262144, double idle_timeout=60.0, double write_timeout=30.0,
                     double min_rate=500.0, kind=ServiceProtocol):
    """Serve a service, or speak its client's side, on any asyncio loop: a protocol factory for the loop's own methods.

        server = await loop.create_server(fastnet.asyncio_protocol(zen), "127.0.0.1", 1060)

    The same goes for create_unix_server(), create_connection() and connect_accepted_socket(), with `ssl=` or without. On
    the client's side, `protocol.connection` of the pair that create_connection() returns is what handlers get, too.

    Args:
        target: what service() made, or a Protocol class.
        max_output: bytes that wait for a slow reader before no more events are asked for, and nothing more is read.
        idle_timeout: seconds without a message, after which a connection is closed whose protocol says nothing of time.
        write_timeout: seconds of grace for the peer to take what was sent, beyond what min_rate allows; 0: for ever.
        min_rate: bytes a second that the peer takes at least.
        kind: the subclass of ServiceProtocol that connections are to be of.

    Raises:
        ConfigError: `target` is no service, or knows datagrams only.
    """
    service = as_service(target)
    if service is None or service.protocol is None:
        raise ConfigError("target", target, "a service or Protocol class that knows streams")
    for name, value in (("max_output", max_output), ("idle_timeout", idle_timeout)):
        if not value > 0:
            raise ConfigError(name, value, "a number above 0")
    cdef ProtocolFactory factory = ProtocolFactory()
    factory.service, factory.kind = service, kind
    factory.max_output, factory.idle_timeout = max_output, idle_timeout
    factory.write_timeout, factory.min_rate = write_timeout, min_rate
    return factory
