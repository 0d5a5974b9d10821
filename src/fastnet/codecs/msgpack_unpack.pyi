"""Unpacking MessagePack."""

from collections.abc import Callable
from typing import Any

from typing_extensions import Buffer

from fastnet.codecs.msgpack_types import ExtType

def unpackb(
    packed: Buffer,
    *,
    object_hook: Callable[[dict[Any, Any]], Any] | None = None,
    list_hook: Callable[[Any], Any] | None = None,
    use_list: bool = True,
    raw: bool = False,
    timestamp: int = 0,
    strict_map_key: bool = True,
    unicode_errors: str | None = None,
    object_pairs_hook: Callable[[list[tuple[Any, Any]]], Any] | None = None,
    ext_hook: Callable[[int, bytes], Any] | None = ExtType,
    max_str_len: int = -1,
    max_bin_len: int = -1,
    max_array_len: int = -1,
    max_map_len: int = -1,
    max_ext_len: int = -1,
    max_depth: int = 1024,
    bin_views: bool = False,
) -> Any:
    """The object that `packed` holds.

    Args:
        object_hook, object_pairs_hook, list_hook, ext_hook: are called with each map (a dict, or a list of pairs),
            array, and ext type's code and bytes, and return what stands for it.
        use_list: False makes arrays tuples.
        raw: str becomes bytes, undecoded.
        timestamp: 0 Timestamp, 1 float (seconds), 2 int (nanoseconds), 3 datetime in UTC.
        strict_map_key: only str and bytes may be keys.
        unicode_errors: how str that is not UTF-8 is decoded; None raises.
        max_..._len: bytes, items or pairs, -1 for no limit but that of the input.
        max_depth: how deep arrays and maps may be nested.
        bin_views: binary data becomes a memoryview of `packed`, which stays in use as long as they do.

    Raises (all but the first two are FastnetError):
        UnicodeDecodeError, OverflowError: a str that is not UTF-8; a datetime of a year that there is none of.
        Truncated: there is not enough. ExtraData: there is more. FormatError: a byte that begins nothing.
        StackError: nested too deep. SizeExceeded: longer than a limit. InvalidValue: a map key or timestamp that is
        not allowed.
    """
