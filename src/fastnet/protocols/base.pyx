"""The contract of protocols without I/O: one side of one connection, which owns no socket and never asks the time.

Whoever drives a protocol (a server, a client, a test) does this, again and again:

    protocol.now = monotonic seconds                 time is data
    protocol.receive_data(what was read)             or receive_eof(), or handle_timeout(now)
    event = protocol.next_event()                    until NEED_DATA or PAUSED; pulled, so that nobody is overrun
    protocol.send(an answer)                         as events ask for it
    write all of protocol.data_to_send()             in order
    protocol.next_timeout()                          call handle_timeout() then, unless something comes before
    protocol.closing, .aborted, .eof_queued          what is to become of the connection, once all that is written

`Protocol` is the form for streams, `DatagramProtocol` that for datagrams. Subclass them in Python, or compiled, by their
.pxd. A subclass overrides what it needs; what is here already queues output.
"""

from enum import Enum
from typing import NamedTuple

from cpython.bytes cimport PyBytes_CheckExact, PyBytes_GET_SIZE

from fastnet.errors import FastnetError, ProtocolError


class Wait(Enum):
    """Why there is no event now.

    NEED_DATA: it comes with more input. PAUSED: input is there, but first the answer in progress is to be completed,
    queued output sent, or, under hold(), the rest of a body asked for.
    """

    NEED_DATA = "need data"
    PAUSED = "paused"


NEED_DATA, PAUSED = Wait.NEED_DATA, Wait.PAUSED

cdef enum:
    MOST_WAITING = 1024        # datagrams


class TLSFacts(NamedTuple):
    """What TLS agreed on. server_name: whom the client asked for; peer_certificate: as ssl's getpeercert() has it.

    peer_chain: certificates that the peer showed, and that were verified, in DER, its own first, and possibly alone;
    own_certificate: what a server showed, in PEM; None for clients.
    """

    version: str
    cipher: str
    alpn: str | None = None
    server_name: str | None = None
    peer_certificate: dict | None = None
    resumed: bool = False
    peer_chain: tuple = ()
    own_certificate: str | None = None


cdef class Protocol:
    """One side of one stream connection, without I/O.

    Public data, set by whoever drives it before connection_made(): `peer` and `local`, addresses as sockets have them
    (None where there are none), `tls`, a TLSFacts or None, `tls_available`: whether start_tls() can be called; and before
    each call `now`, monotonic seconds.
    """

    cpdef connection_made(self):
        """The connection is there, and TLS agreed on. Queue a greeting here, if this side speaks first."""

    cpdef receive_data(self, data):
        """Bytes came. Raises ProtocolError when the peer broke the rules; the connection is then closed; see fail()."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does with data: override receive_data()")

    cpdef receive_eof(self):
        """The peer is done sending, and may still be reading.

        As it is here, whoever drives the protocol closes the connection when there are no more events, and no more
        answers to those there were. Override it to raise ProtocolError if the end comes in the middle of something,
        and without calling it to go on sending.
        """
        self.eof_received = True

    cpdef next_event(self):
        """The next event, NEED_DATA, or PAUSED while what was given before has to be answered first.

        Raises ProtocolError as receive_data() does. A protocol that answers by itself has no events.
        """
        return NEED_DATA

    cpdef send(self, event):
        """Queue an event, such as an answer, for the peer: turn it into bytes for write(). As it is here, it is bytes."""
        self.write(event)

    cpdef fail(self, error):
        """What the peer sent, or whoever was to answer it, raised `error`: queue a last word if the protocol has one.

        `error` is a ProtocolError for the peer's faults, and any other Exception for ours, of which the peer should
        be told no details. As it is here, nothing is said. The connection is closed afterwards, unless this method
        returns True: then it goes on.
        """

    cpdef data_to_send(self):
        """A list of bytes-like objects to be written, in order, at once; they are then taken off the queue."""
        cdef list pieces = self.pieces
        if self.first is None:
            return []
        if pieces is None:
            pieces = [self.first]
        self.first = self.pieces = None
        self.queued_bytes = 0
        return pieces

    @property
    def queued(self):
        """What data_to_send() would give, or None."""
        return self.pieces if self.first is None or self.pieces is not None else [self.first]

    cpdef next_timeout(self):
        """Seconds from `now` until handle_timeout() is due, or None: there is nothing to wait for but input."""
        return None

    cpdef handle_timeout(self, double now):
        """The time that next_timeout() asked for is over, and nothing came meanwhile. As it is here: abort()."""
        self.abort()

    cpdef connection_lost(self, error):
        """The connection is gone; `error` says why, None for a proper end. Nothing is called after this."""

    cpdef write(self, data):
        """Queue bytes."""
        self.queue(data)

    cdef int queue(self, object data) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data) if PyBytes_CheckExact(data) else len(data)
        if self.first is None:
            self.first = data
        elif self.pieces is None:
            self.pieces = [self.first, data]
        else:
            self.pieces.append(data)
        self.queued_bytes += size
        return 0

    cpdef write_eof(self):
        """Half-close: send what is queued, then tell the peer that nothing follows; input goes on."""
        self.eof_queued = True

    cpdef start_tls(self, unread):
        """Go on with TLS: what is queued is sent as it is, then the handshake begins, and tls_started() tells its end.

        Until then no events are asked for. For protocols such as SMTP, in which one side asks for it and the other
        agrees: both call this, where they know. `unread` is what came behind the last thing that was read: it must be
        empty, since somebody else may have put it there, to be taken for what came by TLS.

        Raises ProtocolError if it is not, FastnetError where TLS cannot be had: see `tls_available`.
        """
        if len(unread):
            raise ProtocolError("something came in plain text behind the request for TLS")
        if not self.tls_available:
            raise FastnetError("TLS cannot be started here: it is on already, or the server has no --tls-cert")
        self.tls_wanted = True

    cpdef tls_started(self):
        """TLS is agreed on, as start_tls() asked; `tls` says what. Forget what was said before, if it matters."""

    cpdef close(self):
        """Send what is queued, then close; no more events are asked for."""
        self.closing = True

    cpdef drain(self):
        """The server, or client, is about to end, and nothing is going on: say farewell. As it is here: close()."""
        self.close()

    cpdef abort(self):
        """Drop the connection at once, with what is queued."""
        self.closing = self.aborted = True


cdef class Pieces(Protocol):
    """A stream without frames: the events are the bytes that came, cut anywhere; what a handler answers is sent."""

    cpdef receive_data(self, data):
        """Bytes came: an event, or more of the one that nobody asked for yet."""
        self.piece = bytes(data) if self.piece is None else self.piece + data

    cpdef next_event(self):
        """What came, as bytes; or NEED_DATA."""
        piece, self.piece = self.piece, None
        return NEED_DATA if piece is None else piece


cdef class DatagramProtocol:
    """One side of any number of conversations by datagrams over one socket, without I/O.

    `peer` is an address as sockets have it, or None on a connected socket, whose only peer it is. `local`, the socket's
    own address, is set before anything is called; `now`, monotonic seconds, before each call.
    """

    cpdef receive_datagram(self, data, peer):
        """A datagram came. What is no part of the protocol is to be dropped: anybody can send anything to a socket."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say what it does with data: override receive_datagram()")

    cpdef receive_error(self, error, peer):
        """The OSError that sending to `peer` met, now or before: nobody is there, or the datagram was too large."""

    cpdef next_event(self):
        """The next event, NEED_DATA, or PAUSED; see Protocol. An event knows the peer that it came from."""
        return NEED_DATA

    cpdef send(self, event):
        """Queue an event for the peer that it names. As it is here, it is (data, peer)."""
        self.send_datagram(*event)

    cpdef data_to_send(self):
        """A list of (bytes-like object, peer) to be sent; they are then taken off the queue."""
        cdef list queued = self.queued
        if queued is None:
            return []
        self.queued = None
        return queued

    cpdef next_timeout(self):
        """Seconds from `now` until handle_timeout() is due, or None."""
        return None

    cpdef handle_timeout(self, double now):
        """The time that next_timeout() asked for is over."""

    cpdef send_datagram(self, data, peer):
        """Queue a datagram."""
        if self.queued is None:
            self.queued = [(data, peer)]
        else:
            self.queued.append((data, peer))

    cpdef reply(self, event, result):
        """Queue what a handler answered to an event. As it is here, the event knows its `peer`, and the answer is bytes."""
        self.send_datagram(result, event.peer)

    cpdef fail(self, event, error):
        """Whoever was to answer an event raised `error`: queue a last word, if the protocol has one; see Protocol."""

    cdef Py_ssize_t answer_at_once(self, const char *data, Py_ssize_t n, const void *name, Py_ssize_t name_size,
                                   char *room, Py_ssize_t most) except -2:
        return -1


class Datagram(bytes):
    """A datagram, as an event: bytes that know the `peer` they came from."""


cdef class Datagrams(DatagramProtocol):
    """Each datagram is a message, and an event; what a handler answers goes back to its sender."""

    def __cinit__(self):
        self.events = []

    cpdef receive_datagram(self, data, peer):
        """One message; dropped, as the network might do, where too many wait to be answered."""
        if len(self.events) < MOST_WAITING:
            event = Datagram(data)
            event.peer = peer
            self.events.append(event)

    cpdef next_event(self):
        """The next message, a Datagram; or NEED_DATA."""
        return self.events.pop(0) if self.events else NEED_DATA
