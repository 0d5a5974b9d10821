"""COBS: frames of any bytes that end with a zero, of which no other is sent. The shape of serial lines."""

from typing import final

from typing_extensions import Buffer

from fastnet.codecs.framing import Framing

@final
class COBS(Framing[Buffer, bytes]):
    """Frames of any bytes, stuffed so that a zero ends each (Consistent Overhead Byte Stuffing).

    Zeros with nothing between them, by which a sender makes sure where a frame begins, are no frames.

    Args:
        max_frame_bytes: of a frame without the stuffing.
    """

    def __new__(cls, *, max_frame_bytes: int = 65536) -> COBS: ...
