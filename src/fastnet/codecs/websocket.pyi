"""WebSocket (RFC 6455, section 5): frames in, messages and control frames out, and the other way.

>>> decoder, encoder = Decoder(), Encoder(client=True)
>>> wire = encoder.encode("hello") + encoder.encode(Ping(b"?"))
>>> decoder.feed(wire[:9]), decoder.feed(wire[9:])
([], ['hello', Ping(b'?')])
"""

from collections.abc import Callable
from typing import final

from typing_extensions import Buffer

from fastnet.errors import ProtocolError

class Control:
    """What came in a control frame: `data`, at most 125 bytes, or ValueError is raised."""

    def __init__(self, data: bytes = b"") -> None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    @property
    def data(self) -> bytes: ...

@final
class Ping(Control):
    """To be answered by a Pong with the same data (RFC 6455, section 5.5.2)."""

@final
class Pong(Control):
    """The answer to a Ping, or a sign of life (RFC 6455, section 5.5.3)."""

@final
class Close:
    """The end: nothing follows (RFC 6455, section 5.5.1).

    `code` is 1005 where none was given; else 1000 to 1003, 1007 to 1014 or 3000 to 4999. `reason` has at most 123 bytes
    of UTF-8, and needs a code. Otherwise ValueError is raised.
    """

    def __init__(self, code: int = 1005, reason: str = "") -> None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    @property
    def code(self) -> int: ...
    @property
    def reason(self) -> str: ...

_Event = str | bytes | Control | Close

def check_limit(option: str, value: object, least: int = 1) -> int:
    """`value`, if it is a number from `least` on; ConfigError names `option` otherwise."""

def mask(data: Buffer, key: Buffer, /) -> bytes:
    """`data` with the mask of four bytes put on or taken off (RFC 6455, section 5.3). ValueError for another `key`."""

@final
class Decoder:
    """One side's input: strict, with a limit on everything that grows. For one thread at a time.

    Args:
        client: it reads what a server sends, which is not masked.
        max_message_bytes: of a message, also when it is decompressed.
        max_frame_bytes: of a frame's payload; None: as much as a message.
        max_fragments: of a message.
        inflate: takes the bytes of a compressed message and a limit, returns them decompressed, or None for more than
            the limit, or raises ProtocolError; None: what is compressed is refused. See websocket_deflate.
    """

    def __init__(
        self,
        *,
        client: bool = False,
        max_message_bytes: int = 1048576,
        max_frame_bytes: int | None = None,
        max_fragments: int = 1024,
        inflate: Callable[[bytes, int], bytes | None] | None = None,
    ) -> None: ...
    def feed(self, data: Buffer, /) -> list[_Event]:
        """Take bytes that came; return what they complete: str, bytes, Ping, Pong, Close.

        When the peer breaks the rules, what was good before is returned first; then each call raises ProtocolError, or
        LimitExceeded, whose `status` is the code to close with: 1002, 1007 or 1009. After a Close nothing counts.
        """
    @property
    def error(self) -> ProtocolError | None:
        """What the peer did wrong; None as long as all is well."""
    @property
    def is_unfinished(self) -> bool:
        """Whether a message, or a frame, has begun and is not complete."""
    @property
    def closed(self) -> bool:
        """A Close came."""
    @property
    def max_message_bytes(self) -> int: ...
    @property
    def max_frame_bytes(self) -> int: ...
    @property
    def max_fragments(self) -> int: ...

@final
class Encoder:
    """One side's output.

    Args:
        client: frames are masked, each with a key from os.urandom().
        deflate: compresses a message's bytes; see websocket_deflate; None: nothing is compressed.
        deflate_from: bytes of a message from which it is compressed.
    """

    def __init__(
        self, *, client: bool = False, deflate: Callable[[bytes], bytes] | None = None, deflate_from: int = 128
    ) -> None: ...
    def encode(self, message: str | Buffer | Control | Close, /) -> bytes:
        """The frame of a message, or of a Ping, Pong or Close. TypeError for anything else."""
    def fragment(self, data: str | Buffer, *, first: bool = False, final: bool = False) -> bytes:
        """A frame with a part of a message, the type of which is that of the `first` part; never compressed."""
    @property
    def client(self) -> bool: ...
    @property
    def deflate_from(self) -> int: ...
