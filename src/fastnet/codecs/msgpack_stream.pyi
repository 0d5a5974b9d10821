"""MessagePack from a stream."""

from collections.abc import Callable
from typing import Any, Protocol, Self

from typing_extensions import Buffer

from fastnet.codecs.msgpack_types import ExtType

class _Readable(Protocol):
    def read(self, n: int, /) -> bytes: ...

class Unpacker:
    """Unpacks objects one by one, from what it is fed or from a file.

    Args:
        file_like: what to read() from, `read_size` bytes at a time (default: 1 MiB, max_buffer_size at most); None for
            feed().
        max_buffer_size: bytes that may wait to be unpacked (100 MiB); more raise BufferFull. 0 means 2 GiB. It is also
            the limit of each max_..._len that is not given, and half of it that of max_map_len.

    The other options and the errors are those of `unpackb`; of an object that is too long the header is enough to
    raise. OutOfData, and StopIteration of an iteration, mean that nothing is there, or not all of it: feed more and
    call the same method again. Truncated means that no more will come. Every other error of unpack(), skip() and the
    iteration is final: UnpackException from then on. RuntimeError: a hook or another thread used it at the same time.
    """

    def __init__(
        self,
        file_like: _Readable | None = None,
        *,
        read_size: int = 0,
        use_list: bool = True,
        raw: bool = False,
        timestamp: int = 0,
        strict_map_key: bool = True,
        object_hook: Callable[[dict[Any, Any]], Any] | None = None,
        object_pairs_hook: Callable[[list[tuple[Any, Any]]], Any] | None = None,
        list_hook: Callable[[Any], Any] | None = None,
        unicode_errors: str | None = None,
        max_buffer_size: int = 104857600,
        ext_hook: Callable[[int, bytes], Any] | None = ExtType,
        max_str_len: int = -1,
        max_bin_len: int = -1,
        max_array_len: int = -1,
        max_map_len: int = -1,
        max_ext_len: int = -1,
        max_depth: int = 1024,
        bin_views: bool = False,
    ) -> None: ...
    def feed(self, next_bytes: Buffer) -> None:
        """More of the stream. After BufferFull nothing has changed. AssertionError when there is a file."""
    def feed_eof(self) -> None:
        """There is no more. Raises Truncated when an object has begun and not ended."""
    def unpack_all(self, next_bytes: Buffer = b"") -> list[Any]:
        """Feed, and unpack all the objects that are now whole.

        An error after the first of them is raised by the next call, so that none is lost.
        """
    def unpack(self) -> Any:
        """The next object."""
    def skip(self) -> None:
        """Pass over the next object; its str are not decoded, its bytes need not be there at one time."""
    def read_array_header(self) -> int:
        """The length of the array that comes next: as many objects follow. InvalidValue when none does."""
    def read_map_header(self) -> int:
        """The length of the map that comes next: as many pairs of objects follow. InvalidValue when none does."""
    def read_bytes(self, nbytes: int) -> bytes:
        """The next `nbytes` bytes of the stream, whatever they are; fewer when there are fewer."""
    def tell(self) -> int:
        """Bytes of the stream that have been read: where the next object begins."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
