"""A connection of a service: its protocol, and the handler that answers its events. No socket, no clock.

A driver calls begin(), then receive(), receive_eof() or expire() as things happen, and after each of them turn(), which
pulls events, has them answered and says whether it stopped because enough output waits; take() is what to write.
What happens outside of a turn, in another thread or a coroutine, is put into the connection's inbox, and the carrier is
told to proceed(): the driver then turns again, in the thread that serves the connection.

Whatever a handler or a protocol raises ends its connection, and nothing else.
"""

import logging
import types
from collections import deque

cimport cython
from libc.math cimport INFINITY

from fastnet.apps.base cimport App, Carrier
from fastnet.apps.stepping cimport CoroutineExchange, Stepper, is_cancelled
from fastnet.protocols.base cimport Pieces, Protocol
from fastnet.protocols.framed cimport Framed

from fastnet.errors import BufferFull, ClientDisconnected, ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED

cdef extern from "Python.h":
    bint PyGen_CheckExact(object)
    unsigned long PyThread_get_thread_ident() nogil

logger = logging.getLogger("fastnet")

cdef enum:
    MESSAGE_BYTES = 256        # what a message that is no bytes counts as while it waits in an inbox


@cython.final
cdef class ServiceApp(App):
    """What answers the connections of one thread or loop, as a Service says.

    loop: where coroutines run, None where nothing is async; max_output: bytes that wait for a slow reader before no
    more events are asked for; idle_timeout: seconds, for protocols that say nothing of time.
    """

    def __init__(self, service, loop=None, *, Py_ssize_t max_output=262144, double idle_timeout=60.0):
        self.service, self.make = service, service.protocol
        self.handler = service.handler if service.keeps_state else None
        self.answer = None if service.keeps_state else service.handler
        self.is_async, self.wants_connection = service.is_async, service.wants_connection
        self.concurrency = service.concurrency
        self.max_output, self.idle_timeout = max_output, idle_timeout
        self.stepper = None if loop is None else Stepper(loop)

    cdef Session open_session(self, Carrier carrier):
        cdef Session session = Session.__new__(Session)
        session.app, session.carrier = self, carrier
        session.wake_at = INFINITY
        session.protocol = self.make()
        kind = type(session.protocol)
        plain = <object>Protocol  # asked of the cdef class itself, Cython makes a function anew each time
        session.framed, session.pieces = kind is Framed, kind is Pieces
        session.plain_events = kind.next_event is plain.next_event
        session.plain_send = kind.send is plain.send and kind.write is plain.write
        session.plain_output = session.framed or kind.data_to_send is plain.data_to_send
        session.plain_time = kind.next_timeout is plain.next_timeout
        session.python_input = type(kind.receive_data) is types.FunctionType
        session.answer = self.answer
        return session

    cdef int end_turn(self) except -1:
        if self.stepper is not None:
            self.stepper.leave_task()
        return 0

    def close(self):
        """No more connections. The loop, if there is one, has to run once more."""
        if self.stepper is not None:
            self.stepper.close()


@cython.final
cdef class Session:
    """One connection of a service; see the module."""

    cdef int begin(self) except -1:
        self.turner = PyThread_get_thread_ident()
        self.stirred = True
        try:
            self.protocol.connection_made()
            self.unmet = self.app.handler is not None
            if self.unmet and not self.protocol.opening:
                self.meet()
        except BaseException as error:
            self.failed(error)
        finally:
            self.turner = 0
        return 0

    cdef int meet(self) except -1:
        """Make the handler's object, and tell it of the connection."""
        self.unmet = False
        self.handler = self.app.handler()
        self.answer = self.handler.on_message
        on_connect = getattr(self.handler, "on_connect", None)
        if on_connect is not None:
            on_connect(self.face())
        return 0

    cdef int receive(self, bytes data) except -1:
        self.stirred = True
        if self.pieces and (<Pieces>self.protocol).piece is None:
            (<Pieces>self.protocol).piece = data
            return 0
        try:
            if self.python_input:
                (<object>self.protocol).receive_data(data)     # with no bound method in between
            else:
                self.protocol.receive_data(data)
        except BaseException as error:
            self.failed(error)
        return 0

    cdef int receive_eof(self) except -1:
        self.stirred = True
        try:
            self.protocol.receive_eof()
        except BaseException as error:
            self.failed(error)
        return 0

    cdef bint turn(self) except -1:
        cdef bint more = False
        self.turner = PyThread_get_thread_ident()
        self.hungry = False
        try:
            more = self.pull()
        except BaseException as error:
            self.failed(error)
        self.turner = 0
        return more

    cdef bint pull(self) except -1:
        cdef Protocol protocol = self.protocol
        cdef object event
        if self.connection is not None and self.connection.inbox:
            self.take_inbox()
        if self.unmet and not protocol.opening:
            self.meet()
        while not protocol.aborted:
            if protocol.queued_bytes >= self.app.max_output:
                return True
            if self.stream is not None:
                self.next_item()
                continue
            if protocol.closing or protocol.tls_wanted or self.running >= self.app.concurrency:
                return False
            if self.pieces:
                event = (<Pieces>protocol).piece
                if event is None:
                    return self.hunger()
                (<Pieces>protocol).piece = None
            elif self.plain_events:
                return self.hunger()
            else:
                event = (<Framed>protocol).next_event() if self.framed else protocol.next_event()
                if event is NEED_DATA:
                    return self.hunger()
                if event is PAUSED:
                    return protocol.queued_bytes > 0     # to be asked again when that is written
            self.call(event)
        return False

    cdef bint hunger(self) except -1:
        """There are no events without more input."""
        self.hungry = True
        if self.protocol.eof_received and self.running == 0:
            self.protocol.close()
        return False

    cdef int call(self, event) except -1:
        """Have an event answered."""
        cdef _Call task
        if self.answer is None:
            raise TypeError(f"{type(self.protocol).__name__} has events, and the service no handler for them")
        self.answered += 1
        self.stirred = True
        result = self.answer(event, self.face()) if self.app.wants_connection else self.answer(event)
        if not self.app.is_async:
            return self.deliver(result)
        task = _Call.__new__(_Call)
        task.session = self
        self.running += 1
        return self.app.stepper.run(task, result)

    cdef int deliver(self, result) except -1:
        if result is None or self.over:
            return 0
        if PyGen_CheckExact(result):
            self.stream = result
        elif self.plain_send:
            self.protocol.queue(result)
        else:
            self.protocol.send(result)
        return 0

    cdef int next_item(self) except -1:
        try:
            item = next(self.stream)
        except StopIteration:
            self.stream = None
            return 0
        except BaseException:
            self.stream = None
            raise
        if item is not None:
            self.protocol.send(item)
        return 0

    cdef int failed(self, error) except -1:
        """The peer broke the rules, or whoever was to answer failed: the connection ends, unless the protocol knows
        better."""
        cdef Protocol protocol = self.protocol
        goes_on = False
        if isinstance(error, ProtocolError):
            logger.info("%s: %s broke the rules: %s", self.app.service.name, self.peer_name(), error)
        elif is_cancelled(error):
            pass
        else:
            logger.error("%s: a connection of %s ends, since this was raised", self.app.service.name, self.peer_name(),
                         exc_info=error)
        try:
            goes_on = protocol.fail(error) is True
        except BaseException as further:
            logger.error("%s: fail() raised", self.app.service.name, exc_info=further)
        if not goes_on:
            self.error = error
            stream, self.stream = self.stream, None
            if stream is not None:
                self.end_stream(stream)
            protocol.close()
        return 0

    def peer_name(self):
        peer = self.protocol.peer
        return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "a client"

    def end_stream(self, stream):
        try:
            stream.close()
        except BaseException as error:
            logger.error("%s: an answer could not be ended", self.app.service.name, exc_info=error)

    cdef int take_inbox(self) except -1:
        cdef object inbox = self.connection.inbox
        self.stirred = True
        self.connection.inbox_bytes = 0
        while inbox:
            what, message = inbox.popleft()
            if what == "send":
                if not self.protocol.closing:
                    self.protocol.send(message)
            elif what == "close":
                self.protocol.close()
            elif what == "eof":
                self.protocol.write_eof()
            elif what == "timeout":
                self.wake_at = INFINITY if message is None else self.protocol.now + message
            else:
                self.protocol.abort()
        return 0

    cdef object take_one(self):
        cdef Protocol protocol = self.protocol
        if not self.plain_output or protocol.pieces is not None:
            return None
        piece, protocol.first = protocol.first, None
        protocol.queued_bytes = 0
        return piece

    cdef list take(self):
        cdef Protocol protocol = self.protocol
        if self.plain_output:
            return None if protocol.first is None else Protocol.data_to_send(protocol)
        try:
            return protocol.data_to_send() or None
        except BaseException as error:
            self.failed(error)
            protocol.abort()
            return None

    cdef bint is_done(self) noexcept:
        return self.protocol.aborted or (self.protocol.closing and self.running == 0 and self.stream is None)

    cdef bint is_idle(self) noexcept:
        if self.running or self.stream is not None or not self.hungry:
            return False
        return not self.framed or (<Framed>self.protocol).began == INFINITY

    cdef double seconds_left(self) except? -1:
        cdef double left = self.wake_at - self.protocol.now
        if self.running == 0 and self.stream is None:
            if self.plain_time:
                return max(0.0, min(left, self.app.idle_timeout))
            try:
                said = self.protocol.next_timeout()
                if said is not None:
                    left = min(left, <double>said)
            except BaseException as error:
                self.failed(error)
        return max(0.0, left)

    cdef int expire(self) except -1:
        """What seconds_left() counted down to has come."""
        cdef double now = self.protocol.now
        self.turner = PyThread_get_thread_ident()
        try:
            if now >= self.wake_at:
                self.wake_at = INFINITY
                on_timeout = getattr(self.handler, "on_timeout", None)
                if on_timeout is None:
                    self.protocol.close()
                else:
                    self.deliver(on_timeout())
            else:
                self.protocol.handle_timeout(now)
        except BaseException as error:
            self.failed(error)
        finally:
            self.turner = 0
        return 0

    cdef int drain(self) except -1:
        """The server is about to end, and nothing is going on here."""
        try:
            self.protocol.drain()
        except BaseException as error:
            self.failed(error)
        return 0

    cdef int lost(self, error) except -1:
        """The connection is gone."""
        if self.over:
            return 0
        self.over = True
        error = error if self.error is None else self.error
        stream, self.stream = self.stream, None
        if stream is not None:
            self.end_stream(stream)
        try:
            self.protocol.connection_lost(error)
            on_close = getattr(self.handler, "on_close", None)
            if on_close is not None:
                on_close(error)
        except BaseException as further:
            logger.error("%s: the end of a connection could not be told", self.app.service.name, exc_info=further)
        self.drained()
        return 0

    cdef int drained(self) except -1:
        """There is room for output again, or nobody to take it."""
        waiters, self.waiters = self.waiters, None
        if waiters is not None:
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
        return 0

    cdef Py_ssize_t queued_bytes(self) noexcept:
        return self.protocol.queued_bytes + (0 if self.connection is None else self.connection.inbox_bytes)

    cdef Connection face(self):
        cdef Connection connection = self.connection
        if connection is None:
            connection = self.connection = Connection.__new__(Connection)
            connection.session, connection.inbox = self, deque()
        return connection

    cdef bint mine(self) noexcept:
        return self.turner != 0 and self.turner == PyThread_get_thread_ident()


@cython.final
cdef class _Call(CoroutineExchange):
    """A coroutine that answers an event."""
    cdef Session session

    cdef int finished(self, object error) except -1:
        cdef Session session = self.session
        session.running -= 1
        session.stirred = True
        if error is not None:
            session.failed(error)
        else:
            try:
                if session.connection is not None and session.connection.inbox:
                    session.take_inbox()         # what it sent itself comes before what it returns
                session.deliver(self.result)
            except BaseException as raised:
                session.failed(raised)
        if not session.over and not session.mine():
            session.carrier.proceed()
        return 0


@cython.final
cdef class Connection:
    """A connection of a service, as a handler sees it. Its methods may be called by any thread, at any time.

    `state` is yours: whatever is put there stays with the connection.
    """

    def send(self, message):
        """Send a message, or whatever the protocol sends, after what was sent before.

        Raises BufferFull when max_output bytes wait for the peer to read already, ClientDisconnected when the
        connection is closed or being closed.
        """
        cdef Session session = self.session
        if session.over or session.protocol.closing:
            raise ClientDisconnected("the connection is closed")
        if session.carrier.congested():
            raise BufferFull("the peer does not read what was sent before")
        if session.mine():
            session.protocol.send(message)
        else:
            self.inbox_bytes += len(message) if isinstance(message, (bytes, bytearray, memoryview)) else MESSAGE_BYTES
            self.post("send", message)

    async def drain(self):
        """Wait until the peer has read so much that there is room, or is gone. For coroutines of the service."""
        cdef Session session = self.session
        while not session.over and session.carrier.congested():
            waiter = session.app.stepper.loop.create_future()
            if session.waiters is None:
                session.waiters = []
            session.waiters.append(waiter)
            await waiter

    def close(self):
        """Send what was sent so far, then close. Does nothing on a connection that is closed."""
        if self.session.mine():
            self.session.protocol.close()
        else:
            self.post("close", None)

    def abort(self):
        """Drop the connection at once."""
        if self.session.mine():
            self.session.protocol.abort()
        else:
            self.post("abort", None)

    def send_eof(self):
        """Half-close: the peer reads the end after what was sent; what it sends still comes."""
        if self.session.mine():
            self.session.protocol.write_eof()
        else:
            self.post("eof", None)

    def set_timeout(self, seconds):
        """Have the handler's on_timeout() called in so many seconds, instead of what was set before; None: never.

        A handler without on_timeout() has the connection closed then.
        """
        seconds = None if seconds is None else float(seconds)
        if self.session.mine():
            self.session.wake_at = INFINITY if seconds is None else self.session.protocol.now + seconds
        else:
            self.post("timeout", seconds)

    cdef int post(self, what, message) except -1:
        if not self.session.over:
            self.inbox.append((what, message))
            self.session.carrier.proceed()
        return 0

    @property
    def protocol(self):
        """The Protocol. Only for what is called in the connection's own turn."""
        return self.session.protocol

    @property
    def peer(self):
        """The other side's address as sockets have it; None for a Unix socket's."""
        return self.session.protocol.peer

    @property
    def local(self):
        """This side's address: (host, port), or (path, None)."""
        return self.session.protocol.local

    @property
    def tls(self):
        """A TLSFacts, or None without TLS."""
        return self.session.protocol.tls

    @property
    def is_closed(self):
        """Whether nothing can be sent any more."""
        return self.session.over or self.session.protocol.closing
