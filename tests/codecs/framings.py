"""A stream cut anywhere, by either door, into a decoder: what comes out is to be the same. Shared by tests."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from fastnet.codecs.framing import ByteFraming, Decoder, Framing
from fastnet.errors import ProtocolError

MODES = ("bytes", "views", "offsets")
Outcome = tuple[list[Any], str, int | None]  # frames; the error, at the end of the stream at the latest; pending bytes

cuts = st.lists(st.integers(1, 60), max_size=12)


def pieces_of(stream: bytes, sizes: Sequence[int]) -> list[bytes]:
    """`stream` in pieces of these sizes, and the rest; every byte by itself for sizes of none."""
    pieces = []
    for size in sizes or [1] * len(stream):
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


def plain(found: Any) -> list[Any]:
    """What feed() returns, in a form that all modes share and that lasts."""
    if hasattr(found, "data") and not isinstance(found, list):
        return [bytes(found.data[start:end]) for start, end in found]
    return [bytes(frame) if isinstance(frame, memoryview) else frame for frame in found]


def feed(decoder: Decoder[Any], piece: bytes, into: bool) -> Any:
    if not into:
        return decoder.feed(piece)
    lent = decoder.get_buffer(len(piece))
    lent[: len(piece)] = piece
    return decoder.feed_into(len(piece))


def outcome(framing: Framing[Any, Any], pieces: Sequence[bytes], mode: Any = "bytes", into: bool = False) -> Outcome:
    decoder = framing.decoder(mode)
    kept = []  # views and offsets stay what they are while the decoder goes on
    try:
        for piece in pieces:
            kept.append(feed(decoder, piece, into))
        pending: int | None = decoder.pending
        decoder.eof()
        error = ""
    except ProtocolError as caught:
        error = f"{type(caught).__name__} {caught}"
        pending = None if decoder.error else decoder.pending
    return [frame for found in kept for frame in plain(found)], error, pending


def same_however_cut(framing: Framing[Any, Any], stream: bytes, sizes: Sequence[int]) -> Outcome:
    """The outcome of the whole stream, which is that of every way to cut and to hand it over, too."""
    whole = outcome(framing, [stream])
    ways = ([stream], pieces_of(stream, sizes), pieces_of(stream, []))
    for mode in MODES if isinstance(framing, ByteFraming) else MODES[:1]:
        for pieces in ways:
            for into in (False, True):
                assert outcome(framing, pieces, mode, into) == whole, (framing, mode, into, pieces)
    return whole
