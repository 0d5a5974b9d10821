"""The faults of remote calls: what a method raises for its caller, and what the caller gets.

    FastnetError
        RPCError              any fault, with the peer's code, message and data
            ParseError        -32700   the text is no JSON, XML or MessagePack
            InvalidRequest    -32600   it is, but no call
            MethodNotFound    -32601
            InvalidParams     -32602   the arguments do not fit the method's signature
            InternalError     -32603   the method failed; the peer is told no more, unless asked for debug
            DeadlineExceeded  -32001   it took too long; raised by a client for its own deadline, too
            CallCancelled     -32002   the caller, or the server's end, cancelled it
            ResultRefused     -32003   the result cannot be sent: too large, or of a type that has no form there
        ConnectionLost        the answer will never come: whether the method ran is not known

The codes are those of JSON-RPC 2.0, section 5.1, and are the same on MessagePack-RPC and XML-RPC (where they are those
of "Specification for Fault Code Interoperability", -32700 to -32603 alike). -32000 to -32099 are the server's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastnet.errors import FastnetError


class RPCError(FastnetError):
    """A call that failed. A method raises it, or a subclass, to tell its caller why: all three go to the peer.

    Args:
        message: one line for a person.
        data: anything more, of what the protocol can carry; None: nothing.
        code: an integer; by default that of the class, for this one -32000.
    """

    default_code: ClassVar[int] = -32000
    text: ClassVar[str] = "server error"

    def __init__(self, message: str | None = None, data: Any = None, code: int | None = None) -> None:
        self.message = self.text if message is None else message
        self.data = data
        self.code = self.default_code if code is None else code
        super().__init__(self.message, data, self.code)

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class ParseError(RPCError):
    """The text is not of the protocol's format at all."""

    default_code = -32700
    text = "parse error"


class InvalidRequest(RPCError):
    """It is well formed, and no call."""

    default_code = -32600
    text = "invalid request"


class MethodNotFound(RPCError):
    """There is no such method."""

    default_code = -32601
    text = "method not found"


class InvalidParams(RPCError):
    """The arguments do not fit the method's signature; the message says which, and how."""

    default_code = -32602
    text = "invalid params"


class InternalError(RPCError):
    """The method failed in a way that is not the caller's business."""

    default_code = -32603
    text = "internal error"


class DeadlineExceeded(RPCError):
    """There was no answer in time. From a client's own deadline: whether the method ran is not known."""

    default_code = -32001
    text = "deadline exceeded"


class CallCancelled(RPCError):
    """The call was cancelled before it was done."""

    default_code = -32002
    text = "cancelled"


class ResultRefused(RPCError):
    """The method ran, but its result cannot be sent."""

    default_code = -32003
    text = "the result cannot be sent"


class ConnectionLost(FastnetError):
    """The connection ended before the answer. Whether the method ran is not known."""


_BY_CODE: dict[int, type[RPCError]] = {
    kind.default_code: kind
    for kind in (
        ParseError,
        InvalidRequest,
        MethodNotFound,
        InvalidParams,
        InternalError,
        DeadlineExceeded,
        CallCancelled,
        ResultRefused,
    )
}


def fault(code: int, message: str, data: Any = None) -> RPCError:
    """The fault that a peer sent, of the class that its code has."""
    return _BY_CODE.get(code, RPCError)(message, data, code)
