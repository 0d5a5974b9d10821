"""Frames inside frames: with a checksum, or compressed. What carries them is any framing of bytes."""

from typing import Any, Literal, final

from typing_extensions import Buffer

from fastnet.codecs.framing import Framing

@final
class Checksummed(Framing[Buffer, bytes]):
    """Frames with their CRC-32C (RFC 3720, appendix B.4) in four bytes, inside those of another framing.

    Args:
        inner: how they stand in the stream, such as LengthPrefixed(4) or COBS(); its limit counts the checksum.
        byteorder: of the checksum.
        before: whether the checksum stands before the frame, as part of a header, or behind it.
    """

    def __new__(
        cls, inner: Framing[Any, bytes], *, byteorder: Literal["big", "little"] = "big", before: bool = False
    ) -> Checksummed: ...
    @property
    def inner(self) -> Framing[Any, bytes]: ...
    @property
    def byteorder(self) -> str: ...
    @property
    def before(self) -> bool: ...

@final
class Compressed(Framing[Buffer, bytes]):
    """Frames compressed each by itself, inside those of another framing.

    A frame that would become longer than the limit is refused as soon as it is one byte over: decompressing takes no
    more memory than that, and for zstd a window of 8 MiB, or of the limit where that is more.

    Args:
        inner: how they stand in the stream; its limit counts the compressed bytes.
        algorithm: "zlib" (RFC 1950), or "zstd" (RFC 8878), which needs Python 3.14 or the package backports.zstd.
        level: of compression; None: the algorithm's own default.
        max_frame_bytes: of a frame before it is compressed.
    """

    def __new__(
        cls,
        inner: Framing[Any, bytes],
        algorithm: Literal["zlib", "zstd"] = "zlib",
        *,
        level: int | None = None,
        max_frame_bytes: int = 1048576,
    ) -> Compressed: ...
    @property
    def inner(self) -> Framing[Any, bytes]: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def level(self) -> int | None: ...
