"""Arrays of one C type to and from MessagePack."""

from array import array
from typing import Any

from typing_extensions import Buffer

def pack_array(items: Buffer, /) -> bytes:
    """The items of an array.array, or another buffer of one dimension, as a MessagePack array of numbers.

    Formats b B h H i I l L q Q f d, native. Integers take their shortest form, floats keep their precision: the bytes
    are those of packb(list(items)), for "f" with use_single_float. Releases the GIL.

    Raises TypeError for another format or more dimensions, BufferError for a buffer that is not contiguous.
    """

def unpack_array(packed: Buffer, typecode: str, /, *, max_array_len: int = -1) -> array[Any]:
    """The numbers of a MessagePack array as an array.array of this typecode.

    An item may have any form of number, as long as the type holds its value exactly. Releases the GIL.

    Raises InvalidValue for what is not an array or an item that does not fit, Truncated, ExtraData, SizeExceeded;
    TypeError and ValueError for a typecode that is not one of numbers.
    """
