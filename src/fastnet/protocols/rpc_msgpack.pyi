"""MessagePack-RPC, without I/O, both roles at once: either side may call the other."""

from typing import Any, Final

from fastnet.protocols.base import Protocol
from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import RPCError

MAX_MESSAGE_BYTES: Final[int]
MAX_DEPTH: Final[int]
LARGEST_ID: Final[int]

class MessagePackRPC(Protocol):
    """One side of a MessagePack-RPC connection. Events: Call, Answer, Item, Cancel; all but the second go both ways.

    Args:
        max_message_bytes: a message of more is refused (LimitExceeded), received or to be sent.
        max_depth: arrays and maps inside each other, that of the message itself among them.
        message_timeout: seconds from the first byte of a message to its last.
        idle_timeout: seconds without a message, while nobody is answering one either.
    """

    def __init__(
        self,
        *,
        max_message_bytes: int = ...,
        max_depth: int = ...,
        message_timeout: float = 20.0,
        idle_timeout: float = ...,
    ) -> None: ...
    @property
    def max_message(self) -> int: ...
    def call(self, call: Call) -> None:
        """Queue a call, or a notification, of this side. Raises ValueError or TypeError for what cannot be sent."""
    def refuse(self, id: int, why: str) -> None: ...
    def read_call(self, id: int, params: Any) -> Call | None: ...

def written_fault(fault: RPCError) -> dict[str, Any]: ...
def read_fault(error: Any) -> RPCError: ...
