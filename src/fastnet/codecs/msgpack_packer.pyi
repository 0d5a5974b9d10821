"""The Packer of MessagePack."""

from collections.abc import Callable, Iterable, Sized
from typing import Any, Protocol

from typing_extensions import Buffer

class _Pairs(Sized, Iterable[tuple[Any, Any]], Protocol): ...

class Packer:
    """Packs objects one by one; the options, and errors, are those of `packb`.

    With autoreset=False the methods return None and collect bytes, for bytes() or getbuffer(), until reset(); an error
    in pack() resets, too. While a view of getbuffer() is alive everything that would change it raises BufferError.
    Threads may share a Packer; with autoreset=False their objects come in any order, each whole.
    """

    def __init__(
        self,
        *,
        default: Callable[[Any], Any] | None = None,
        use_single_float: bool = False,
        autoreset: bool = True,
        use_bin_type: bool = True,
        strict_types: bool = False,
        datetime: bool = False,
        unicode_errors: str | None = None,
        buf_size: int | None = None,
    ) -> None: ...
    def pack(self, obj: Any) -> bytes | Any:
        """An object as MessagePack; None with autoreset=False."""
    def pack_into(self, obj: Any, buffer: Buffer, offset: int = 0) -> int:
        """Write an object into `buffer`, from `offset` (bytes) on; returns the bytes written.

        Raises BufferFull when it does not fit; a part of it has then been written. ValueError for an offset outside
        of the buffer, BufferError for one that is read-only.
        """
    def pack_array_header(self, size: int) -> bytes | Any:
        """The beginning of an array; the `size` objects that belong into it are packed next."""
    def pack_map_header(self, size: int) -> bytes | Any:
        """The beginning of a map; `size` keys and values are packed next, in turn."""
    def pack_map_pairs(self, pairs: _Pairs) -> bytes | Any:
        """A map of pairs (key, value), in their order."""
    def pack_ext_type(self, typecode: int, data: Buffer) -> bytes | Any:
        """An object of an application's type: -128 to 127, of which those below 0 belong to MessagePack itself."""
    def bytes(self) -> bytes:
        """What has been collected with autoreset=False."""
    def reset(self) -> None:
        """Forget what has been collected."""
    def getbuffer(self) -> memoryview:
        """A read-only view of what has been collected. Packer itself has the buffer protocol, too."""
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __release_buffer__(self, buffer: memoryview, /) -> None: ...
