"""The events of remote calls, the same for every RPC protocol."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from fastnet.protocols.rpc_errors import RPCError

@final
class Call:
    """A method is to be called. Sent by a caller; a server fills in `result`, or `fault`, and sends it back.

    id: what the answer will carry; None for a notification.
    params: a sequence, or a mapping for arguments by name.
    one_way: a notification, which has no answer.
    stream: the caller takes items before the result (MessagePack-RPC).
    timeout_s: the caller's deadline, in seconds from now, or None (MessagePack-RPC).
    batch: for the protocol: what the call came in.
    """

    result: Any
    fault: RPCError | None
    batch: Any
    def __init__(
        self,
        id: Any,
        method: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        one_way: bool = False,
        stream: bool = False,
        timeout_s: float | None = None,
        batch: Any = None,
    ) -> None: ...
    @property
    def id(self) -> Any: ...
    @property
    def method(self) -> str: ...
    @property
    def params(self) -> Any: ...
    @property
    def one_way(self) -> bool: ...
    @property
    def stream(self) -> bool: ...
    @property
    def timeout_s(self) -> float | None: ...

@final
class Answer:
    """The result of the call `id`, or its fault. The id None: the peer could not make out which call."""

    def __init__(self, id: Any, result: Any = None, fault: RPCError | None = None) -> None: ...
    @property
    def id(self) -> Any: ...
    @property
    def result(self) -> Any: ...
    @property
    def fault(self) -> RPCError | None: ...

@final
class Item:
    """One of the items that come before the answer to a call that asked for a stream."""

    def __init__(self, id: Any, value: Any) -> None: ...
    @property
    def id(self) -> Any: ...
    @property
    def value(self) -> Any: ...

@final
class Cancel:
    """Whoever made the call `id` does not wait for its answer any more. The call is answered all the same."""

    def __init__(self, id: Any) -> None: ...
    @property
    def id(self) -> Any: ...
