"""The contract of protocols without I/O: one side of one connection, which owns no socket and never asks the time."""

from enum import Enum
from typing import Any, Final, NamedTuple

from typing_extensions import Buffer

class Wait(Enum):
    """Why there is no event now.

    NEED_DATA: it comes with more input. PAUSED: input is there, but first the answer in progress is to be completed,
    queued output sent, or, under hold(), the rest of a body asked for.
    """

    NEED_DATA = "need data"
    PAUSED = "paused"

NEED_DATA: Final = Wait.NEED_DATA
PAUSED: Final = Wait.PAUSED

class TLSFacts(NamedTuple):
    """What TLS agreed on. server_name: whom the client asked for; peer_certificate: as ssl's getpeercert() has it.

    peer_chain: certificates that the peer showed, and that were verified, in DER, its own first, and possibly alone;
    own_certificate: what a server showed, in PEM; None for clients.
    """

    version: str
    cipher: str
    alpn: str | None = None
    server_name: str | None = None
    peer_certificate: dict[str, Any] | None = None
    resumed: bool = False
    peer_chain: tuple[bytes, ...] = ()
    own_certificate: str | None = None

class Protocol:
    """One side of one stream connection, without I/O; base of all. Its module shows how a protocol is driven.

    Data, set by whoever drives it before connection_made(): `peer` and `local`, addresses as sockets have them, `tls`,
    a TLSFacts or None; and before each call `now`, monotonic seconds.
    """

    now: float
    peer: Any
    local: Any
    tls: Any
    tls_available: bool
    tls_wanted: bool
    @property
    def queued(self) -> list[Buffer] | None:
        """What write() took and data_to_send() has not given yet; None: nothing."""
    @property
    def queued_bytes(self) -> int:
        """How much that is."""
    @property
    def eof_received(self) -> bool:
        """receive_eof() was called, and not overridden."""
    @property
    def eof_queued(self) -> bool:
        """write_eof() was called."""
    @property
    def closing(self) -> bool:
        """close() or abort() was called."""
    @property
    def opening(self) -> bool:
        """The two sides are still agreeing on something: a handler is told of the connection when that is over."""
    @property
    def aborted(self) -> bool:
        """abort() was called."""
    def connection_made(self) -> None:
        """The connection is there, and TLS agreed on. Queue a greeting here, if this side speaks first."""
    def receive_data(self, data: bytes) -> None:
        """Bytes came. Raises ProtocolError when the peer broke the rules; the connection is then closed; see fail()."""
    def receive_eof(self) -> None:
        """The peer is done sending, and may still be reading.

        By default, whoever drives the protocol closes the connection when there are no more events, and no more
        answers to those there were. Override it to raise ProtocolError if the end comes in the middle of something,
        and without calling it to go on sending.
        """
    def next_event(self) -> Any:
        """The next event, NEED_DATA, or PAUSED while what was given before has to be answered first.

        Raises ProtocolError as receive_data() does. A protocol that answers by itself has no events.
        """
    def send(self, event: Any) -> None:
        """Queue an event, such as an answer, for the peer: turn it into bytes for write(). By default it is bytes."""
    def fail(self, error: Exception) -> bool | None:
        """What the peer sent, or whoever was to answer it, raised `error`: queue a last word if the protocol has one.

        `error` is a ProtocolError for the peer's faults, and any other Exception for ours, of which the peer should
        be told no details. By default nothing is said. The connection is closed afterwards, unless this method
        returns True: then it goes on.
        """
    def data_to_send(self) -> list[Buffer]:
        """Bytes-like objects to be written, in order, at once; they are then taken off the queue."""
    def next_timeout(self) -> float | None:
        """Seconds from `now` until handle_timeout() is due, or None: there is nothing to wait for but input."""
    def handle_timeout(self, now: float) -> None:
        """The time that next_timeout() asked for is over, and nothing came meanwhile. By default: abort()."""
    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; `error` says why, None for a proper end. Nothing is called after this."""
    def write(self, data: Buffer) -> None:
        """Queue bytes."""
    def write_eof(self) -> None:
        """Half-close: send what is queued, then tell the peer that nothing follows; input goes on."""
    def start_tls(self, unread: Buffer) -> None:
        """Go on with TLS: what is queued is sent as it is, then the handshake begins, and tls_started() tells its end.

        Until then no events are asked for. For protocols such as SMTP, in which one side asks for it and the other
        agrees: both call this, where they know. `unread` is what came behind the last thing that was read: it must be
        empty, since somebody else may have put it there, to be taken for what came by TLS.

        Raises ProtocolError if it is not, FastnetError where TLS cannot be had: see `tls_available`.
        """
    def tls_started(self) -> None:
        """TLS is agreed on, as start_tls() asked; `tls` says what. Forget what was said before, if it matters."""
    def close(self) -> None:
        """Send what is queued, then close; no more events are asked for."""
    def drain(self) -> None:
        """The server, or client, is about to end, and nothing is going on: say farewell. By default: close()."""
    def abort(self) -> None:
        """Drop the connection at once, with what is queued."""

class Pieces(Protocol):
    """A stream without frames: the events are the bytes that came, cut anywhere; what a handler answers is sent."""

    def receive_data(self, data: Buffer) -> None:
        """Bytes came: an event, or more of the one that nobody asked for yet."""
    def next_event(self) -> bytes | Wait:
        """What came, as bytes; or NEED_DATA."""

class DatagramProtocol:
    """One side of any number of conversations by datagrams over one socket, without I/O.

    `peer` is an address as sockets have it, or None on a connected socket, whose only peer it is. `local`, the socket's
    own address, is set before anything is called; `now`, monotonic seconds, before each call.
    """

    now: float
    local: Any
    @property
    def queued(self) -> list[tuple[Buffer, Any]] | None:
        """What send_datagram() took and data_to_send() has not given yet; None: nothing."""
    def receive_datagram(self, data: bytes, peer: Any) -> None:
        """A datagram came. What is no part of the protocol is to be dropped: anybody can send anything to a socket."""
    def receive_error(self, error: OSError, peer: Any) -> None:
        """The OSError that sending to `peer` met, now or before: nobody is there, or the datagram was too large."""
    def next_event(self) -> Any:
        """The next event, NEED_DATA, or PAUSED; see Protocol. An event knows the peer that it came from."""
    def send(self, event: Any) -> None:
        """Queue an event for the peer that it names. By default it is (data, peer)."""
    def data_to_send(self) -> list[tuple[Buffer, Any]]:
        """What is to be sent, and to whom; it is then taken off the queue."""
    def next_timeout(self) -> float | None:
        """Seconds from `now` until handle_timeout() is due, or None."""
    def handle_timeout(self, now: float) -> None:
        """The time that next_timeout() asked for is over."""
    def send_datagram(self, data: Buffer, peer: Any) -> None:
        """Queue a datagram."""
    def reply(self, event: Any, result: Any) -> None:
        """Queue what a handler answered to an event. By default the event has a `peer`, and the answer is bytes."""
    def fail(self, event: Any, error: BaseException) -> None:
        """Whoever was to answer `event` raised `error`: queue a last word if the protocol has one. By default none.

        As of Protocol.fail(), `error` is a ProtocolError for the peer's faults, and ours otherwise.
        """

class Datagram(bytes):
    """A datagram, as an event: bytes that know the `peer` they came from."""

    peer: Any

class Datagrams(DatagramProtocol):
    """Each datagram is a message, and an event, a Datagram; what a handler answers goes back to its sender."""
