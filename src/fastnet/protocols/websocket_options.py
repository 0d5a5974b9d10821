"""What one side of a WebSocket connection allows and wants; checked when made, the same for every face."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastnet.codecs.http1 import Request
from fastnet.codecs.websocket import check_limit
from fastnet.codecs.websocket_deflate import Deflate
from fastnet.errors import ConfigError

_DEADLINES = ("ping_interval", "ping_timeout", "message_timeout", "close_timeout", "handshake_timeout")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Limits, deadlines and wishes of one side; sizes in bytes, times in seconds, inf: never.

    max_message_bytes: of a message, decompressed; max_frame_bytes: of a frame, None: as many; max_fragments: of a
    message.
    ping_interval: of silence until a ping is sent; ping_timeout: for its pong, or anything else, to come.
    message_timeout: from the first byte of a message to its last; close_timeout: for the other side to close, too;
    handshake_timeout: for the opening handshake.
    deflate: how to compress (RFC 7692); None: never. subprotocols: best first.

    A server's only: path, of which all others are 404, None: any; origins, of browsers' pages that may connect: None:
    those from the same host, "*": any, or such as "https://example.org"; check: called with the Request, returns None
    or a status to refuse with.

    Raises ConfigError for what cannot be.
    """

    max_message_bytes: int = 1 << 20
    max_frame_bytes: int | None = None
    max_fragments: int = 1024
    ping_interval: float = 20.0
    ping_timeout: float = 20.0
    message_timeout: float = 60.0
    close_timeout: float = 10.0
    handshake_timeout: float = 10.0
    deflate: Deflate | None = field(default_factory=Deflate)
    subprotocols: tuple[str, ...] = ()
    path: str | None = None
    origins: tuple[str, ...] | str | None = None
    check: Callable[[Request], int | None] | None = None

    def __post_init__(self) -> None:
        check_limit("max_message_bytes", self.max_message_bytes)
        check_limit("max_fragments", self.max_fragments)
        if self.max_frame_bytes is not None:
            check_limit("max_frame_bytes", self.max_frame_bytes)
        for name in _DEADLINES:
            value: Any = getattr(self, name)
            if not isinstance(value, (int, float)) or math.isnan(value) or value <= 0:
                raise ConfigError(name, value, "seconds above 0, or inf")
        for name in ("subprotocols", "origins"):
            value = getattr(self, name)
            if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) and one for one in value):
                if name == "origins" and value in (None, "*"):
                    continue
                raise ConfigError(name, value, "a list of strings" + (', "*" or None' if name == "origins" else ""))
            object.__setattr__(self, name, tuple(value))
        if self.deflate is not None and not isinstance(self.deflate, Deflate):
            raise ConfigError("deflate", self.deflate, "a Deflate, or None")
        if self.path is not None and not (isinstance(self.path, str) and self.path.startswith("/")):
            raise ConfigError("path", self.path, 'a path that begins with "/", or None')
        if self.check is not None and not callable(self.check):
            raise ConfigError("check", self.check, "a function, or None")
