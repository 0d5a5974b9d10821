"""One side of one WebSocket connection (RFC 6455), without I/O: messages in, messages out, the rest by itself.

>>> from fastnet.protocols.websocket import WebSocket
>>> server, client = WebSocket(), WebSocket(client=True)
>>> client.send("hello")
>>> server.receive_data(b"".join(client.data_to_send()))
>>> server.next_event()
'hello'
"""

from typing import Any

from fastnet.codecs.http1 import Request, Response
from fastnet.codecs.websocket import Close, Control
from fastnet.codecs.websocket_deflate import Deflating
from fastnet.protocols.base import Protocol, Wait
from fastnet.protocols.websocket_options import Options

class WebSocket(Protocol):
    """One side of a connection.

    Events are messages, `str` or `bytes`. When next_event() raises ProtocolError, the peer broke the rules: give it to
    fail(), which says so by a Close, and close the connection once that is sent.

    Args:
        options: limits, deadlines and wishes.
        client: this is the client's side.
        handshake: what sees to the opening handshake first; None: the connection is open.
        deflating: without a handshake, what was agreed on of permessage-deflate.
        subprotocol: the same of subprotocols.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        client: bool = False,
        handshake: Any = None,
        deflating: Deflating | None = None,
        subprotocol: str | None = None,
    ) -> None: ...
    @property
    def client(self) -> bool: ...
    @property
    def options(self) -> Options: ...
    @property
    def handshake(self) -> Any:
        """What sees to the opening handshake, until it is complete; then None."""
    @property
    def request(self) -> Request | None:
        """On the server's side, the head of the opening handshake."""
    @property
    def response(self) -> Response | None:
        """On the client's side, the head of the answer to it."""
    @property
    def subprotocol(self) -> str | None:
        """That was agreed on."""
    @property
    def compressed(self) -> bool:
        """permessage-deflate was agreed on."""
    @property
    def close_code(self) -> int:
        """Of the peer's Close; 1005: it had none; 1006: the peer went without one; 0: it has not gone."""
    @property
    def close_reason(self) -> str: ...
    @property
    def latency(self) -> float:
        """Seconds that the last ping took to be answered; inf: none was yet."""
    def next_event(self) -> str | bytes | Wait:
        """The next message; NEED_DATA. Raises ProtocolError, or LimitExceeded, when the peer broke the rules."""
    def send(self, event: str | bytes | bytearray | memoryview | Control | Close) -> None:
        """Queue a message, or a Ping or Pong; or a Close, after which what is sent is dropped.

        Raises TypeError for anything else, RuntimeError before the connection is open.
        """
