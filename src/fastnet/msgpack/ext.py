"""The extension types, by the module's name that msgpack-python has for them."""

from fastnet.codecs.msgpack_types import ExtType, Timestamp

__all__ = ["ExtType", "Timestamp"]
