"""What MessagePack has beside plain Python objects: extension types, timestamps, and the errors.

Names, attributes and base classes of msgpack-python 1.x; every error is a `FastnetError`, too.

    ProtocolError
        UnpackException                    something is wrong with what came, or not enough came
            OutOfData                      an Unpacker needs more before it can go on; nothing is lost
                Truncated (ValueError)     the input ended inside an object
            BufferFull (LimitExceeded)     more is waiting than max_buffer_size, or a caller's buffer is too small
            FormatError (ValueError)       a byte that begins no object
            StackError (ValueError, LimitExceeded)  nested deeper than max_depth
        ExtraData (ValueError)             unpackb() got more than one object
        InvalidValue (ValueError)          a map key or a timestamp that is not allowed, another type than asked for
        SizeExceeded (ValueError, LimitExceeded)    longer than a max_*_len
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from fastnet.errors import LimitExceeded, ProtocolError

if TYPE_CHECKING:
    import datetime

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
    "SizeExceeded",
    "StackError",
    "Timestamp",
    "Truncated",
    "UnpackException",
    "UnpackValueError",
]


def _epoch() -> "datetime.datetime":
    # Not before it is needed: CPython 3.13.0 crashes when two interpreters with a GIL each import it at once.
    import datetime

    return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


_GIGA = 10**9


class UnpackException(ProtocolError):
    """Base of the errors that concern the input as a whole."""

    def __init__(self, message: str = "", status: int = 400) -> None:
        super().__init__(message or (self.__doc__ or ""), status)


class OutOfData(UnpackException):
    """The object has not come whole yet: feed more, and call the same method again."""


class Truncated(ValueError, OutOfData):
    """The input ended inside an object."""


class BufferFull(UnpackException, LimitExceeded):
    """More bytes than the buffer may hold."""


class FormatError(ValueError, UnpackException):
    """Not MessagePack: no object begins with the byte 0xc1."""


class StackError(ValueError, UnpackException, LimitExceeded):
    """Arrays and maps are nested too deep."""


class InvalidValue(ValueError, ProtocolError):
    """A well-formed object that is not allowed in its place."""


class SizeExceeded(ValueError, LimitExceeded):
    """Something is longer than the limit set for its kind."""


UnpackValueError = ValueError  # by its old name
PackException = Exception
PackValueError = ValueError
PackOverflowError = OverflowError


class ExtraData(UnpackValueError, ProtocolError):
    """unpackb() was given more than one object: `unpacked` is the first, `extra` the bytes after it."""

    status = 400

    def __init__(self, unpacked: Any, extra: bytes) -> None:
        self.unpacked = unpacked
        self.extra = extra

    def __str__(self) -> str:
        return "unpack(b) received extra data."


class _CodeAndData(NamedTuple):
    code: int
    data: bytes


class ExtType(_CodeAndData):
    """An object of an application's own type: `code` 0 to 127, and its bytes.

    Raises TypeError for a code that is no int or data that is not bytes, ValueError for a code out of range.
    """

    __slots__ = ()

    def __new__(cls, code: int, data: bytes) -> "ExtType":
        if not isinstance(code, int):
            raise TypeError("code must be int")
        if not isinstance(data, bytes):
            raise TypeError("data must be bytes")
        if not 0 <= code <= 127:
            raise ValueError("code must be 0~127")
        return super().__new__(cls, code, data)


class Timestamp:
    """A moment as MessagePack's extension type -1 has it: seconds since 1970 in UTC, and nanoseconds after those.

    Moments before 1970 have negative seconds, nanoseconds are never negative. Raises TypeError when one is no int,
    ValueError when nanoseconds are not 0 to 999,999,999.
    """

    __slots__ = ["nanoseconds", "seconds"]

    def __init__(self, seconds: int, nanoseconds: int = 0) -> None:
        if not isinstance(seconds, int):
            raise TypeError("seconds must be an integer")
        if not isinstance(nanoseconds, int):
            raise TypeError("nanoseconds must be an integer")
        if not 0 <= nanoseconds < _GIGA:
            raise ValueError(f"nanoseconds must be 0 to 999999999, not {nanoseconds}")
        self.seconds = seconds
        self.nanoseconds = nanoseconds

    def __repr__(self) -> str:
        return f"Timestamp(seconds={self.seconds}, nanoseconds={self.nanoseconds})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return False
        return (self.seconds, self.nanoseconds) == (other.seconds, other.nanoseconds)

    def __hash__(self) -> int:
        return hash((self.seconds, self.nanoseconds))

    @staticmethod
    def from_bytes(b: bytes) -> "Timestamp":
        """The timestamp whose extension type has these 4, 8 or 12 bytes; ValueError for another length."""
        if len(b) == 4:
            return Timestamp(int.from_bytes(b, "big"))
        if len(b) == 8:
            both = int.from_bytes(b, "big")
            return Timestamp(both & (1 << 34) - 1, both >> 34)
        if len(b) == 12:
            return Timestamp(int.from_bytes(b[4:], "big", signed=True), int.from_bytes(b[:4], "big"))
        raise ValueError(f"a timestamp has 4, 8 or 12 bytes, not {len(b)}")

    def to_bytes(self) -> bytes:
        """The bytes of its extension type, as few as will do."""
        if self.seconds >> 34:
            return self.nanoseconds.to_bytes(4, "big") + self.seconds.to_bytes(8, "big", signed=True)
        both = self.nanoseconds << 34 | self.seconds
        return both.to_bytes(8 if both >> 32 else 4, "big")

    @staticmethod
    def from_unix(unix_sec: float) -> "Timestamp":
        """From seconds since 1970, with a fraction."""
        return Timestamp(int(unix_sec // 1), int((unix_sec % 1) * _GIGA))

    def to_unix(self) -> float:
        """Seconds since 1970 as a float, which is exact to a microsecond or so."""
        return self.seconds + self.nanoseconds / 1e9

    @staticmethod
    def from_unix_nano(unix_ns: int) -> "Timestamp":
        """From nanoseconds since 1970."""
        return Timestamp(*divmod(unix_ns, _GIGA))

    def to_unix_nano(self) -> int:
        """Nanoseconds since 1970."""
        return self.seconds * _GIGA + self.nanoseconds

    def to_datetime(self) -> "datetime.datetime":
        """A datetime in UTC, to the microsecond; OverflowError for a year it does not have."""
        import datetime

        return _epoch() + datetime.timedelta(seconds=self.seconds, microseconds=self.nanoseconds // 1000)

    @staticmethod
    def from_datetime(dt: "datetime.datetime") -> "Timestamp":
        """From a datetime; one without a time zone is in local time."""
        if dt.tzinfo is None:
            dt = dt.astimezone()
        since = dt - _epoch()
        return Timestamp(since.days * 86400 + since.seconds, since.microseconds * 1000)
