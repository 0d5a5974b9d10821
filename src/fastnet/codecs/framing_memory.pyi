"""What decoders of frames keep bytes in, and what they say places with."""

from collections.abc import Iterator
from typing import final

@final
class Block:
    """Memory that a decoder fills once, from the front, and views may look into. Python sees it read-only."""

    def __new__(cls, size: int) -> Block: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Room:
    """The unused end of a block, to be received into."""

    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class Spans:
    """Where frames are in `data`: a sequence of (start, end), and a buffer of n x 2 unsigned integers."""

    @property
    def data(self) -> bytes | memoryview:
        """What the frames are in; valid, and the same, for as long as it is kept."""
    def __len__(self) -> int: ...
    def __getitem__(self, i: int, /) -> tuple[int, int]: ...
    def __iter__(self) -> Iterator[tuple[int, int]]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
