"""Frames whose length is known from what stands before them, or always the same."""

from typing import Literal, final

from fastnet.codecs.framing import ByteFraming

@final
class LengthPrefixed(ByteFraming):
    """A length as a binary number, then so many bytes.

    Args:
        length_bytes: 1, 2, 3, 4 or 8.
        byteorder: of the length.
        inclusive: the length counts itself, and what stands before it, too.
        offset: bytes of a header before the length. With a header the frames are all of it: header, length and the
            rest; encode() takes such a frame and puts the right length in.
        max_frame_bytes: of a frame as it is returned.
    """

    def __new__(
        cls,
        length_bytes: Literal[1, 2, 3, 4, 8] = 4,
        *,
        byteorder: Literal["big", "little"] = "big",
        inclusive: bool = False,
        offset: int = 0,
        max_frame_bytes: int = 1048576,
    ) -> LengthPrefixed: ...
    @property
    def length_bytes(self) -> int: ...
    @property
    def byteorder(self) -> str: ...
    @property
    def inclusive(self) -> bool: ...
    @property
    def offset(self) -> int: ...

@final
class Varint(ByteFraming):
    """A length as an unsigned LEB128 number, then so many bytes: what protobuf calls delimited.

    Up to ten bytes of length are read, in any form; the shortest is sent.
    """

    def __new__(cls, *, max_frame_bytes: int = 1048576) -> Varint: ...

@final
class Fixed(ByteFraming):
    """Frames of one size, with nothing between them."""

    def __new__(cls, frame_bytes: int) -> Fixed: ...
    @property
    def frame_bytes(self) -> int: ...

@final
class Netstring(ByteFraming):
    """A length in decimal digits, without leading zeros, a colon, so many bytes, a comma."""

    def __new__(cls, *, max_frame_bytes: int = 1048576) -> Netstring: ...
