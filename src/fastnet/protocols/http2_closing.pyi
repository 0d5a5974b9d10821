"""How streams of HTTP/2 end, and connections, and what a client may do for nothing."""

from typing import Any

from fastnet.protocols.http2_sender import Multiplexer

class Closing(Multiplexer):
    """The ends of streams and of the connection, and windows that are opened again."""

    @property
    def streams(self) -> dict[int, Any]: ...
    @property
    def goaway_sent(self) -> bool: ...
