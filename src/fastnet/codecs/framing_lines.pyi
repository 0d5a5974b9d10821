"""Frames whose end is marked: by a delimiter, by the end of a line."""

from typing import Literal, final

from fastnet.codecs.framing import ByteFraming

@final
class Delimited(ByteFraming):
    """Frames that end with a delimiter of 1 to 64 bytes, which is not part of them."""

    def __new__(cls, delimiter: bytes, *, max_frame_bytes: int = 65536) -> Delimited: ...
    @property
    def delimiter(self) -> bytes: ...

@final
class Lines(ByteFraming):
    """Lines, without their ends.

    Args:
        ending: "crlf": CR LF, and either by itself is an error; "lf": LF, and CR is data; "lenient": LF, and a CR
            before it belongs to the end. "lenient" sends CR LF.
        max_frame_bytes: of a line without its end.
    """

    def __new__(cls, ending: Literal["crlf", "lf", "lenient"] = "crlf", *, max_frame_bytes: int = 65536) -> Lines: ...
    @property
    def ending(self) -> str: ...
