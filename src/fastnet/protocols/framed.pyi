"""Messages in a framing, as a protocol: the events are the messages that come, and what is sent is messages."""

from typing import Any

from fastnet.codecs.framing import Framing
from fastnet.protocols.base import Protocol

class Framed(Protocol):
    """A connection over which messages go both ways, each in a frame.

    Args:
        framing: how messages stand in the stream: see fastnet.framing.
        message_timeout: seconds from the first byte of a message to its last.
        idle_timeout: seconds without a message, in which nobody is answering one either.
    """

    message_timeout: float
    idle_timeout: float
    def __init__(
        self, framing: Framing[Any, Any], *, message_timeout: float = 20.0, idle_timeout: float = ...
    ) -> None: ...
    @property
    def framing(self) -> Framing[Any, Any]: ...
    def next_event(self) -> Any:
        """The next message; NEED_DATA. Raises ProtocolError for a bad frame, LimitExceeded for one that is too long."""
    def send(self, event: Any) -> None:
        """Queue a message. Raises ValueError for one that the framing cannot send."""
