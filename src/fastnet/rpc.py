"""Remote calls: one service of typed methods, served by MessagePack-RPC, JSON-RPC 2.0 and XML-RPC. See docs/rpc.md.

    api = rpc.Service("arithmetic")

    @api.method
    def add(a: int, b: int) -> int:
        return a + b

`fastnet serve module:api.msgpack --bind tcp://127.0.0.1:4000` serves it, as api.json,
api.json_prefixed and api.http do. Client and AsyncClient call them, and others' services.
"""

from typing import TYPE_CHECKING, Any

from fastnet.apps.rpc import Service
from fastnet.protocols.rpc import Answer, Call, Cancel, Item
from fastnet.protocols.rpc_errors import (
    CallCancelled,
    ConnectionLost,
    DeadlineExceeded,
    InternalError,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    ParseError,
    ResultRefused,
    RPCError,
)

if TYPE_CHECKING:
    from fastnet.clients.rpc import Client
    from fastnet.clients.rpc_async import AsyncClient

__all__ = [
    "Answer",
    "AsyncClient",
    "Call",
    "CallCancelled",
    "Cancel",
    "Client",
    "ConnectionLost",
    "DeadlineExceeded",
    "InternalError",
    "InvalidParams",
    "InvalidRequest",
    "Item",
    "MethodNotFound",
    "ParseError",
    "RPCError",
    "ResultRefused",
    "Service",
]


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: a server has no use for ssl and asyncio.
    if name == "Client":
        from fastnet.clients.rpc import Client

        return Client
    if name == "AsyncClient":
        from fastnet.clients.rpc_async import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
