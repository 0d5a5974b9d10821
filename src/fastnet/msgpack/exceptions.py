"""The errors, by the module's name that msgpack-python has for them."""

from fastnet.codecs.msgpack_types import (
    BufferFull,
    ExtraData,
    FormatError,
    OutOfData,
    PackException,
    PackOverflowError,
    PackValueError,
    StackError,
    UnpackException,
    UnpackValueError,
)

__all__ = [
    "BufferFull",
    "ExtraData",
    "FormatError",
    "OutOfData",
    "PackException",
    "PackOverflowError",
    "PackValueError",
    "StackError",
    "UnpackException",
    "UnpackValueError",
]
