"""The sending half of an HTTP/2 connection (RFC 9113): answers of many streams into one output buffer."""

from typing import final

from fastnet.protocols.http1 import Connection

class Multiplexer(Connection):
    """What goes out of an HTTP/2 connection."""

@final
class Stream(Connection):
    """One request of an HTTP/2 connection, and its answer."""

    @property
    def id(self) -> int: ...
    @property
    def urgency(self) -> int: ...
    @property
    def incremental(self) -> bool: ...
