"""One HTTP/2 connection of a server (RFC 9113); from Python by way of fastnet.protocols.http2_events."""

from typing import final

from fastnet.protocols.http2_closing import Closing
from fastnet.protocols.workspace import Workspace

@final
class Http2Connection(Closing):
    """State of one connection, for compiled drivers."""

    def __init__(self, workspace: Workspace) -> None: ...
