"""Streams of JSON values: a line each, a length before each, or RFC 7464; cut as the stream may be."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from fastnet.codecs.framing import ByteFraming
from fastnet.codecs.framing_length import LengthPrefixed
from fastnet.codecs.framing_lines import Lines
from fastnet.codecs.json import MAX_DEPTH, JSONDecodeError, dumps, loads
from fastnet.codecs.json_text import progress
from fastnet.errors import IncompleteFrame, LimitExceeded, ProtocolError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MAX_FRAME_BYTES = 1024 * 1024


class JSONDecoder:
    """One stream's decoder, as decoder() of a framing makes it. Give it what arrives; call eof() when the peer is done.

    What is wrong raises ProtocolError, LimitExceeded among them, but values before it come first: they are returned,
    and the next call raises, as does every later one. Not for two threads at once.
    """

    def __init__(self, framing: ByteFraming, options: dict[str, Any]) -> None:
        self._decoder = framing.decoder()
        self._options = options
        self._error: ProtocolError | None = None

    def feed(self, data: "Buffer", /) -> list[Any]:
        """The values that end in `data`. Raises ProtocolError or LimitExceeded."""
        if self._error is not None:
            raise self._error
        values: list[Any] = []
        try:
            for frame in self._decoder.feed(data):
                self._take(frame, values)
        except ProtocolError as error:
            self._error = error
            if not values:
                raise
        return values

    def eof(self) -> None:
        """The stream has ended. Raises IncompleteFrame, with byte counts, inside a value; else as feed() does."""
        if self._error is not None:
            raise self._error
        self._decoder.eof()

    def _take(self, frame: bytes, values: list[Any]) -> None:
        values.append(loads(frame, **self._options))


class _SequenceDecoder(JSONDecoder):
    """A text begins with RS and is complete at the first line's end that stands in no array, object or string."""

    def __init__(self, framing: ByteFraming, options: dict[str, Any]) -> None:
        super().__init__(framing, options)
        self._pieces: list[bytes] = []
        self._size = self._depth = 0
        self._in_string = False

    def eof(self) -> None:
        received = self._size + len(b"\x1e\n") if self._pieces else 0
        try:
            super().eof()
        except IncompleteFrame as error:
            raise IncompleteFrame(received + error.received) from None
        if received:
            raise IncompleteFrame(received)

    def _take(self, frame: bytes, values: list[Any]) -> None:
        if not self._pieces:
            if not frame.startswith(b"\x1e"):
                raise JSONDecodeError("a JSON text sequence has a text that does not begin with RS (0x1e)")
            frame = frame[1:]
        if b"\x1e" in frame:
            raise JSONDecodeError("a JSON text sequence has a text that ends with its RS (0x1e), not with a line's end")
        self._size += len(frame) + bool(self._pieces)
        self._pieces.append(frame)
        if self._size > self._options["max_bytes"]:
            raise LimitExceeded(f"a JSON text of over {self._options['max_bytes']} bytes", 413)
        self._depth, self._in_string = progress(frame, self._depth, self._in_string)
        if self._depth <= 0 and not self._in_string:
            text = b"\n".join(self._pieces)
            self._pieces, self._size, self._depth = [], 0, 0
            values.append(loads(text, **self._options))


class _JSONFraming:
    """What the framings share. One object serves any number of streams and threads."""

    _decoder_type = JSONDecoder

    def __init__(
        self, framing: ByteFraming, max_bytes: int, max_depth: int, unique_keys: bool, allow_nan: bool
    ) -> None:
        loads(b"0", max_depth=max_depth)  # which says what is wrong with it
        self._framing = framing
        self._options = {
            "max_bytes": max_bytes,
            "max_depth": max_depth,
            "unique_keys": unique_keys,
            "allow_nan": allow_nan,
        }

    def decoder(self) -> JSONDecoder:
        """A decoder for one stream, at a place where a value begins."""
        return self._decoder_type(self._framing, self._options)

    def encode(self, value: Any, /) -> bytes:
        """A value as it is sent. Raises TypeError and ValueError as dumps() does, ValueError for one over max_bytes."""
        return self._framing.encode(dumps(value))

    def encode_many(self, values: Iterable[Any], /) -> bytes:
        """Values as they are sent, one after the other. Raises as encode() does."""
        return b"".join(map(self.encode, values))


class JSONLines(_JSONFraming):
    """A line for each value ("NDJSON"). Sent with CRLF for "crlf", else with LF. An empty line is an error.

    max_bytes is for one text; the other options are those of loads().
    """

    def __init__(
        self,
        *,
        ending: Literal["lf", "crlf", "lenient"] = "lenient",
        max_bytes: int = _MAX_FRAME_BYTES,
        max_depth: int = MAX_DEPTH,
        unique_keys: bool = False,
        allow_nan: bool = False,
    ) -> None:
        super().__init__(Lines(ending, max_frame_bytes=max_bytes), max_bytes, max_depth, unique_keys, allow_nan)
        self._end = b"\r\n" if ending == "crlf" else b"\n"

    def encode(self, value: Any, /) -> bytes:
        """A value as it is sent. Raises as dumps() does, and ValueError for one over max_bytes."""
        return _limited(dumps(value), self._options["max_bytes"]) + self._end


class JSONLengthPrefixed(_JSONFraming):
    """A length of 1, 2, 3, 4 or 8 bytes before each value; the options are those of LengthPrefixed and loads()."""

    def __init__(
        self,
        length_bytes: Literal[1, 2, 3, 4, 8] = 4,
        *,
        byteorder: Literal["big", "little"] = "big",
        max_bytes: int = _MAX_FRAME_BYTES,
        max_depth: int = MAX_DEPTH,
        unique_keys: bool = False,
        allow_nan: bool = False,
    ) -> None:
        framing = LengthPrefixed(length_bytes, byteorder=byteorder, max_frame_bytes=max_bytes)
        super().__init__(framing, max_bytes, max_depth, unique_keys, allow_nan)


class JSONSequence(_JSONFraming):
    """RFC 7464: RS, the text, LF. A received text may have lines inside; one that is cut off by the next RS is refused.

    The options are those of JSONLines.
    """

    _decoder_type = _SequenceDecoder

    def __init__(
        self,
        *,
        max_bytes: int = _MAX_FRAME_BYTES,
        max_depth: int = MAX_DEPTH,
        unique_keys: bool = False,
        allow_nan: bool = False,
    ) -> None:
        super().__init__(Lines("lf", max_frame_bytes=max_bytes + 1), max_bytes, max_depth, unique_keys, allow_nan)

    def encode(self, value: Any, /) -> bytes:
        """A value as it is sent. Raises as dumps() does, and ValueError for one over max_bytes."""
        return b"\x1e" + _limited(dumps(value), self._options["max_bytes"]) + b"\n"


def _limited(text: bytes, max_bytes: int) -> bytes:
    if len(text) > max_bytes:
        raise ValueError(f"a JSON text of {len(text)} bytes; the most is {max_bytes}")
    return text
