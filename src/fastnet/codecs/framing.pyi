"""Framing: what all framings share. A `Framing` describes, once and for all; a `Decoder` is one stream's state."""

from collections.abc import Iterable
from types import GenericAlias
from typing import Any, Generic, Literal, TypeVar, final, overload

from typing_extensions import Buffer

from fastnet.codecs.framing_memory import Spans
from fastnet.errors import ProtocolError

_Sent = TypeVar("_Sent", contravariant=True)
_Received = TypeVar("_Received", covariant=True)
_Frames = TypeVar("_Frames", covariant=True)

class Framing(Generic[_Sent, _Received]):
    """How frames stand in a stream. Never changes; hashable, picklable, equal to any other with the same options.

    One object serves any number of streams and threads. Wrong options raise ConfigError, which names the option.
    """

    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    @property
    def max_frame_bytes(self) -> int:
        """A frame of more bytes is refused, received or to be sent."""
    def decoder(self, frames: Literal["bytes"] = "bytes") -> Decoder[list[_Received]]:
        """A decoder for one stream, at a place where a frame begins. Raises ConfigError."""
    def encode(self, frame: _Sent, /) -> bytes:
        """A frame as it is sent. Raises ValueError for one that cannot be: too long, or its own end inside."""
    def encode_many(self, frames: Iterable[_Sent], /) -> bytes:
        """Frames as they are sent, one after the other. Raises ValueError as encode() does."""

class ByteFraming(Framing[Buffer, bytes]):
    """A framing whose frames are bytes of the stream as they stand there, so that views and offsets can be had."""

    @overload
    def decoder(self, frames: Literal["bytes"] = "bytes") -> Decoder[list[bytes]]: ...
    @overload
    def decoder(self, frames: Literal["views"]) -> Decoder[list[memoryview]]: ...
    @overload
    def decoder(self, frames: Literal["offsets"]) -> Decoder[Spans]: ...

@final
class Decoder(Generic[_Frames]):
    """One stream's decoder, as `decoder()` of a framing makes it.

    Give it what arrives, by feed(), or by get_buffer() and feed_into(), cut anywhere; call eof() when the peer is done.

    A bad frame raises ProtocolError, one over a limit LimitExceeded, but whole frames before it come first: they are
    returned, `error` tells what follows, and the next call raises it, as does every later one.
    Raises RuntimeError while another thread uses the same decoder.
    """

    def __new__(cls, framing: Framing[Any, Any], frames: str = "bytes") -> Decoder[Any]: ...
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    def feed(self, data: Buffer, /) -> _Frames:
        """The frames that end in `data`. Raises ProtocolError or LimitExceeded; TypeError for what has no bytes."""
    def get_buffer(self, hint: int = -1, /) -> memoryview:
        """Writable memory of at least `hint` bytes (64 KiB if not above 0) to receive into; feed_into() must follow.

        With feed_into() it is the pair that asyncio.BufferedProtocol asks for. Lent until the next call of this
        decoder; what is written to it later may change frames. Raises ProtocolError as feed() does.
        """
    def feed_into(self, nbytes: int, /) -> _Frames:
        """The frames that end in the first `nbytes` bytes of what get_buffer() lent. Raises as feed() does.

        Once for each get_buffer(); raises ValueError for more bytes than were lent.
        """
    def eof(self) -> None:
        """The stream has ended. Raises IncompleteFrame, with byte counts, if inside a frame; else as feed() does."""
    @property
    def framing(self) -> Framing[object, object]:
        """What it decodes."""
    @property
    def pending(self) -> int:
        """Bytes of the unfinished frame that came so far."""
    @property
    def awaits_literal(self) -> bool:
        """LinesWithLiterals: the peer waits for leave ("+ ...") to send the literal that it announced."""
    @property
    def error(self) -> ProtocolError | None:
        """What the next call will raise, if that is certain already."""
