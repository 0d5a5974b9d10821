"""HTTP/1.1 connections for Python (RFC 9112), without I/O: ServerConnection and ClientConnection."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, final

from typing_extensions import Buffer

from fastnet.codecs.http1 import Request, Response
from fastnet.protocols.base import NEED_DATA as NEED_DATA
from fastnet.protocols.base import PAUSED as PAUSED
from fastnet.protocols.base import Wait as Wait
from fastnet.protocols.workspace import Settings

_Fields: TypeAlias = Iterable[tuple[bytes | str, bytes | str]]

@final
@dataclass(frozen=True)
class Data:
    """A part of a body, without its framing."""

    data: bytes

@final
@dataclass(frozen=True)
class EndOfMessage:
    """The message is complete. trailers: [(lower-cased name, value)], kept apart from the head's fields."""

    trailers: list[tuple[bytes, bytes]]

@final
class Upgraded:
    """The connection belongs to another protocol now: take_rest() has what the peer already sent in it."""

    __match_args__: ClassVar[tuple[()]] = ()
    def __init__(self, *args: object) -> None: ...

@final
@dataclass(frozen=True)
class Closed:
    """No more messages will come. Write what data_to_send() has and close.

    truncated: it happened in the middle of a message.
    """

    truncated: bool

class EventConnection:
    """What ServerConnection and ClientConnection share."""

    def receive_data(self, data: Buffer, now: float | None = None) -> None:
        """Take bytes that the peer sent: any bytes-like object. Pull next_event() next, and until it has none."""
    def receive_eof(self, now: float | None = None) -> None:
        """The peer will send nothing more; it may still read. Pull next_event() next."""
    def hold(self, on: bool) -> None:
        """While on, next_event() says PAUSED instead of giving Data, and the time a body takes does not count."""
    def take_rest(self) -> bytes:
        """After Upgraded: the bytes that the peer sent in the new protocol and that were not taken yet."""
    @property
    def wants_data(self) -> bool:
        """Reading from the peer makes sense now. While it does not, leave the bytes in the socket."""
    @property
    def keep_alive(self) -> bool:
        """The connection goes on after this exchange, as far as is known."""
    @property
    def answering(self) -> bool:
        """A request was received (client: sent) whose answer is not complete."""
    @property
    def aborted(self) -> bool:
        """Closed, and there is nothing left to say: close the socket at once."""
    @property
    def linger(self) -> bool:
        """Closed, but the peer may still be sending: shut down writing, read and drop for a moment, then close."""
    @property
    def is_cut(self) -> bool:
        """Closed in the middle of an answer that only closing would end: write the rest, then close with a reset."""
    @property
    def closed(self) -> bool:
        """Closed was, or is next, what next_event() says; nothing can be sent any more."""
    def next_event(
        self,
    ) -> Request | Response | Data | EndOfMessage | Upgraded | Closed | Literal[Wait.NEED_DATA, Wait.PAUSED]:
        """The next event; or NEED_DATA or PAUSED."""
    def send_data(self, data: Buffer) -> None:
        """Queue a part of the body: any bytes-like object. It is dropped where the message cannot have a body (HEAD).

        Raises ValueError when the body becomes longer than its Content-Length said; then abort() is all that is left.
        Raises RuntimeError when no body is due.
        """
    def send_end(self, trailers: _Fields = ()) -> None:
        """The message is complete. trailers: (name, value) pairs, sent if the body is chunked, else dropped.

        Raises ValueError when the body is shorter than its Content-Length said, or for a trailer that may not be sent.
        Raises RuntimeError when no body is due.
        """
    def data_to_send(self) -> list[bytes]:
        """What to write now: a list of bytes, to be written in order. It is handed over: write all of it.

        Empty after abort(). A driver whose writes can block says what became of them to write_progress().
        """
    def write_progress(self, n: int, pending: bool, now: float | None = None) -> None:
        """n more bytes of what data_to_send() returned were taken by the peer; `pending`: others still wait.

        From the first call with `pending` until one without it, the write deadline runs.
        """
    def abort(self) -> None:
        """Give the connection up: what is queued is not sent, and Closed is next."""
    def next_timeout(self) -> float | None:
        """Seconds from the `now` told last after which handle_timeout() is due, or None: not before more happens."""
    def handle_timeout(self, now: float) -> None:
        """Tell the time. If a deadline has passed, a client is answered 408 where it can be, and Closed is next."""

@final
class ServerConnection(EventConnection):
    """The server's side of a connection.

    settings: limits and deadlines; now: when the connection was accepted, if there are to be deadlines; server: value
    of the Server field of every answer, none by default.
    """

    def __init__(self, settings: Settings | None = None, *, now: float = 0.0, server: bytes = b"") -> None: ...
    def next_event(self) -> Request | Data | EndOfMessage | Upgraded | Closed | Literal[Wait.NEED_DATA, Wait.PAUSED]:
        """The next Request, Data, EndOfMessage, Upgraded or Closed; or NEED_DATA or PAUSED.

        When the client breaks the rules the answer that is due is queued, and the event is Closed.
        """
    def send_response(
        self, status: int, headers: _Fields = (), body: Buffer | None = b"", *, reason: bytes | None = None
    ) -> None:
        """Answer the request. body: the whole of it; None: it follows by send_data(), ended by send_end().

        The framing fields are the connection's own: Content-Length where the length is known from `body` or among the
        headers, else chunked or, to HTTP/1.0, the end of the connection; Connection; none where no body may be.
        headers: (name, value) pairs of bytes or str (Latin-1); reason: bytes, or None for the standard phrase. 101, or
        2xx to CONNECT, hands the connection over. Raises ValueError, and nothing is sent, for what cannot be sent: a
        control character, a wrong Content-Length. Raises RuntimeError when no answer is due.
        """
    def send_informational(self, status: int, headers: _Fields = ()) -> None:
        """Send 100 (Continue), 103 (Early Hints) or another 1xx before the answer; to HTTP/1.0 nothing is sent.

        100 is sent only if the client waits for it. Raises as send_response() does.
        """
    def refuse(self, status: int, text: str) -> None:
        """Answer with an error and close; Closed is next. An answer of which the head was sent ends where it is."""
    @property
    def expecting_continue(self) -> bool:
        """The client waits for 100 (Continue), or for an answer, before it sends the body."""

@final
class ClientConnection(EventConnection):
    """The client's side of a connection.

    settings: limits and deadlines. first_byte_timeout is the longest wait for an answer once the request is complete.
    """

    def __init__(self, settings: Settings | None = None) -> None: ...
    def next_event(self) -> Response | Data | EndOfMessage | Upgraded | Closed | Literal[Wait.NEED_DATA, Wait.PAUSED]:
        """The next Response, Data, EndOfMessage, Upgraded or Closed; or NEED_DATA or PAUSED.

        Raises ProtocolError, or LimitExceeded, when the server breaks the rules: the connection is closed then.
        """
    def send_request(
        self,
        method: str,
        target: str,
        headers: _Fields = (),
        body: Buffer | None = b"",
        *,
        now: float | None = None,
    ) -> None:
        """Queue a request. body: the whole of it; None: it follows by send_data(), ended by send_end().

        The answer to the one before must be complete. Content-Length is added where the length is known, else chunked.
        With `Expect: 100-continue` and body=None, wait for a Response before send_data(): 100 asks for the body; a
        final one instead is the answer, after which the body may still be sent, or the connection closed. Raises
        ValueError, and nothing is sent, for what cannot be sent or when there is not one Host; RuntimeError when the
        connection is closed or busy.
        """
    @property
    def expecting_continue(self) -> bool:
        """Neither 100 (Continue) nor an answer has come to a request with `Expect: 100-continue`."""
