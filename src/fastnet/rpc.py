"""Remote calls: one service of typed methods, served by MessagePack-RPC, JSON-RPC 2.0 and XML-RPC. See docs/rpc.md.

    api = rpc.Service("arithmetic")

    @api.method
    def add(a: int, b: int) -> int:
        return a + b

`fastnet serve module:api.msgpack --bind tcp://127.0.0.1:4000` serves it, as api.json,
api.json_prefixed and api.http do.
"""

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

__all__ = [
    "Answer",
    "Call",
    "CallCancelled",
    "Cancel",
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
