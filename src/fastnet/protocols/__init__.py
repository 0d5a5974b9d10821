"""Protocols without I/O: state machines of one side of one connection. base is the contract."""

from fastnet.protocols.base import NEED_DATA, PAUSED, DatagramProtocol, Pieces, Protocol, TLSFacts, Wait
from fastnet.protocols.framed import Framed
from fastnet.protocols.http1_events import (
    ClientConnection,
    Closed,
    Data,
    EndOfMessage,
    ServerConnection,
    Upgraded,
)
from fastnet.protocols.workspace import Settings

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "ClientConnection",
    "Closed",
    "Data",
    "DatagramProtocol",
    "EndOfMessage",
    "Framed",
    "Pieces",
    "Protocol",
    "ServerConnection",
    "Settings",
    "TLSFacts",
    "Upgraded",
    "Wait",
]
