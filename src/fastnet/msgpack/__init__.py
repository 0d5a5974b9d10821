"""MessagePack, with the names, options and results of msgpack-python 1.x: ``import fastnet.msgpack as msgpack``.

Beyond them: ``pack_array`` and ``unpack_array`` for arrays of one C type, ``Packer.pack_into`` a buffer of the caller,
``Unpacker.unpack_all`` for a list of all that is there, ``Unpacker.feed_eof`` for the end of the input, ``bin_views``
for binary data that is not copied, and ``max_depth``. docs/msgpack.md says where results differ, and why.
"""

from typing import IO, Any

from fastnet.codecs.msgpack_arrays import pack_array, unpack_array
from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_packer import Packer
from fastnet.codecs.msgpack_stream import Unpacker
from fastnet.codecs.msgpack_types import (
    BufferFull,
    ExtraData,
    ExtType,
    FormatError,
    InvalidValue,
    OutOfData,
    PackException,
    PackOverflowError,
    PackValueError,
    SizeExceeded,
    StackError,
    Timestamp,
    Truncated,
    UnpackException,
    UnpackValueError,
)
from fastnet.codecs.msgpack_unpack import unpackb
from fastnet.msgpack import exceptions, ext

__all__ = [
    "BufferFull",
    "ExtType",
    "ExtraData",
    "FormatError",
    "InvalidValue",
    "OutOfData",
    "PackException",
    "PackOverflowError",
    "PackValueError",
    "Packer",
    "SizeExceeded",
    "StackError",
    "Timestamp",
    "Truncated",
    "UnpackException",
    "UnpackValueError",
    "Unpacker",
    "dump",
    "dumps",
    "exceptions",
    "ext",
    "load",
    "loads",
    "pack",
    "pack_array",
    "packb",
    "unpack",
    "unpack_array",
    "unpackb",
]

# The release of msgpack-python whose behaviour this is.
version = (1, 2, 4)


def pack(o: Any, stream: IO[bytes], **kwargs: Any) -> None:
    """Write an object's bytes to `stream`; options and errors are those of packb()."""
    stream.write(packb(o, **kwargs))


def unpack(stream: IO[bytes], **kwargs: Any) -> Any:
    """The one object that `stream` holds; options and errors are those of unpackb()."""
    return unpackb(stream.read(), **kwargs)


load = unpack
loads = unpackb
dump = pack
dumps = packb
