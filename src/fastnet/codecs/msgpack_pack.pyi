"""Packing MessagePack."""

from collections.abc import Callable
from typing import Any

def packb(
    o: Any,
    *,
    default: Callable[[Any], Any] | None = None,
    use_single_float: bool = False,
    autoreset: bool = True,
    use_bin_type: bool = True,
    strict_types: bool = False,
    datetime: bool = False,
    unicode_errors: str | None = None,
    buf_size: int | None = None,
) -> bytes:
    """An object as MessagePack.

    Args:
        o: None, bool, int of 64 bits, float, str, bytes, bytearray, memoryview, list, tuple, dict, ExtType, Timestamp,
            and what is derived from them, nested up to 1024 deep.
        default: is called with what cannot be packed, and returns what to pack in its place.
        use_single_float: floats take 4 bytes.
        use_bin_type: False writes bytes as str, and no str in the form that peers from before 2013 do not know.
        strict_types: exact types only; a derived class, and a tuple, go to `default`.
        datetime: datetimes that have a time zone are packed as Timestamp.
        unicode_errors: how str that is not Unicode (surrogates) is encoded; None raises.
        autoreset, buf_size: as a Packer has them; of no use here.

    Raises:
        TypeError: a type that cannot be packed. OverflowError: an int of more than 64 bits, a float too large for
        use_single_float. ValueError: nested too deep (or in itself), too long, a str with surrogates, a datetime
        without a time zone. RuntimeError: a list or dict that `default` changed while it was packed.
    """
