"""The server's side of HTTP/2, without I/O, from Python: events of streams, and answers to them."""

from collections.abc import Iterable
from typing import Final, NamedTuple, final

from fastnet.codecs.http1 import Request
from fastnet.protocols.workspace import Settings

class Asked(NamedTuple):
    """A head has come: the stream may be answered."""

    stream: int
    request: Request

class Body(NamedTuple):
    """A piece of the request's body."""

    stream: int
    data: bytes

class Ended(NamedTuple):
    """The request is complete. trailers: possibly none."""

    stream: int
    trailers: list[tuple[bytes, bytes]]

class Reset(NamedTuple):
    """The stream is gone: nothing more can be sent on it."""

    stream: int

class Over(NamedTuple):
    """The connection is at its end: send what is queued, and close."""

WANTED: Final[str]
FULL: Final[str]

Event = Asked | Body | Ended | Reset | Over | str

@final
class Http2Server:
    """One connection (RFC 9113) of a server, which owns no socket and asks no clock.

    Give it what was read; pull events until WANTED (give it more) or FULL (write first); answer; write what
    data_to_send() gives. `now`: seconds of a clock that never goes back.
    """

    def __init__(self, settings: Settings | None = None, *, now: float = 0.0, server: bytes = b"") -> None: ...
    @property
    def open_streams(self) -> list[int]:
        """Numbers of the streams that are not closed."""
    def receive_data(self, data: bytes, now: float | None = None) -> None:
        """Bytes came."""
    def receive_eof(self) -> None:
        """The client will send nothing more."""
    def next_event(self) -> Event:
        """The next event; WANTED or FULL if there is none."""
    def send_head(
        self, stream: int, status: int, headers: Iterable[tuple[bytes, bytes]] = (), length: int = -1
    ) -> None:
        """Begin an answer, or an interim one (1xx). length: of the whole body, if it is known.

        Raises KeyError for a stream that is closed, ValueError for a head that cannot be sent, RuntimeError if it was
        sent already.
        """
    def send_data(self, stream: int, data: bytes) -> None:
        """More of the body. Raises ValueError if it is longer than the length that was announced."""
    def send_end(self, stream: int, trailers: list[tuple[bytes, bytes]] | None = None) -> None:
        """The answer is complete. Raises ValueError if its body is shorter than announced."""
    def send_response(
        self, stream: int, status: int, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> None:
        """A whole answer."""
    def reset(self, stream: int, code: int = 8) -> None:
        """Break a stream off, with an ErrorCode."""
    def hold(self, stream: int, on: bool) -> None:
        """While on, the client may not send more of this stream's body than its window has room for."""
    def waiting(self, stream: int) -> int:
        """Bytes of the answer that wait for a window, or for their turn."""
    def shut(self) -> None:
        """Say GOAWAY, and be at the end."""
    def drain(self) -> None:
        """Say GOAWAY, and go on with what has been asked for."""
    def data_to_send(self) -> bytes:
        """What is to be written now."""
    def next_timeout(self) -> float | None:
        """Seconds until handle_timeout() is due, counted from the `now` given last."""
    def handle_timeout(self, now: float) -> None:
        """The time is over: drop who is too slow."""
