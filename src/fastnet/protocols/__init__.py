"""Protocols without I/O: state machines of one side of one connection. HTTP/1.1 is in http1_events."""

from fastnet.protocols.http1_events import (
    NEED_DATA,
    PAUSED,
    ClientConnection,
    Closed,
    Data,
    EndOfMessage,
    ServerConnection,
    Upgraded,
    Wait,
)
from fastnet.protocols.workspace import Settings

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "ClientConnection",
    "Closed",
    "Data",
    "EndOfMessage",
    "ServerConnection",
    "Settings",
    "Upgraded",
    "Wait",
]
