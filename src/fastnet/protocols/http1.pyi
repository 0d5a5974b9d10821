"""One side of one HTTP/1.1 connection, without I/O. From Python, use fastnet.protocols.http1_events."""

from fastnet.protocols.http1_sender import Sender
from fastnet.protocols.workspace import Workspace

class Connection(Sender):
    """State of one connection, driven by compiled code: see http1.pxd."""

    def __init__(self, workspace: Workspace, server: bool = True) -> None: ...
    @property
    def deadline(self) -> float:
        """Monotonic seconds at which the wait in progress is over; inf: never."""
    @property
    def is_server(self) -> bool: ...
    @property
    def held(self) -> bool:
        """The app has enough body for now."""
    @property
    def truncated(self) -> bool:
        """It was closed in the middle of a message."""
    @property
    def aborted(self) -> bool:
        """It is closed and queued output is worthless: close the socket at once."""
    @property
    def linger(self) -> bool:
        """The peer may still be sending: read and drop before closing the socket."""
    @property
    def content_length(self) -> int:
        """Of the message being received, in bytes; -1: chunked, or until EOF."""
    @property
    def body_bytes(self) -> int:
        """Of the message being received, so far."""
    def take_rest(self) -> bytes:
        """After UPGRADED: what the peer already sent in the new protocol."""
