"""Checksums: CRC-32, CRC-32C, CRC-64/XZ, CRC-16, Adler-32, Fletcher, and the Internet's.

Each function takes bytes-like data, or an iterable of such pieces, and the value so far; it returns the new value.
Raises TypeError for what is neither, BufferError for a buffer that is not contiguous, OverflowError for a value that
does not fit the checksum.
"""

from collections.abc import Iterable
from typing import TypeAlias, final

from typing_extensions import Buffer

_Data: TypeAlias = Buffer | Iterable[Buffer]

algorithms_available: tuple[str, ...]

def crc32(data: _Data, value: int = 0, /) -> int:
    """CRC-32 as zlib and Ethernet compute it: the same as zlib.crc32(). Of b"123456789": 0xcbf43926."""

def crc32c(data: _Data, value: int = 0, /) -> int:
    """CRC-32C (RFC 3720, appendix B.4), as iSCSI and SCTP compute it. Of b"123456789": 0xe3069283."""

def crc64_xz(data: _Data, value: int = 0, /) -> int:
    """CRC-64/XZ. Of b"123456789": 0x995dc9bbdf1939fa."""

def crc16_modbus(data: _Data, value: int = 0xFFFF, /) -> int:
    """CRC-16/MODBUS. Of b"123456789": 0x4b37; Modbus sends its low byte first."""

def crc16_ccitt(data: _Data, value: int = 0, /) -> int:
    """CRC-16 of x^16 + x^12 + x^5 + 1, most significant bit first.

    From 0 it is CRC-16/XMODEM, the same as binascii.crc_hqx(): 0x31c3 of b"123456789". From 0xffff it is
    CRC-16/IBM-3740, also called CCITT-FALSE: 0x29b1.
    """

def adler32(data: _Data, value: int = 1, /) -> int:
    """Adler-32 (RFC 1950): the same as zlib.adler32(). Of b"123456789": 0x091e01de."""

def fletcher16(data: _Data, value: int = 0, /) -> int:
    """Fletcher-16: sums of bytes modulo 255, the second sum in the high byte. Of b"abcde": 0xc8f0."""

def fletcher32(data: _Data, value: int = 0, /) -> int:
    """Fletcher-32: sums of little-endian 16-bit words modulo 65535. Of b"abcde": 0xf04fc729.

    An odd last byte is padded with a zero, so `value` must be that of an even number of bytes. Pieces of an iterable
    may have any length.
    """

def internet(data: _Data, value: int = 0xFFFF, /) -> int:
    """The Internet checksum (RFC 1071), as IPv4, ICMP, UDP and TCP have it: the number to store big-endian.

    Over data in which the right checksum is in place it is 0. An odd last byte is padded with a zero, so `value` must
    be that of an even number of bytes. Pieces of an iterable may have any length.
    """

def internet_replace(value: int, before: Buffer, after: Buffer, /) -> int:
    """The Internet checksum after a field at an even offset changed, without the rest (RFC 1624, equation 3).

    Raises ValueError unless `before` and `after` have the same, even, length.
    """

def crc32_combine(a: int, b: int, b_length: int, /) -> int:
    """crc32() of A + B from that of A, that of B, and the length of B in bytes."""

def crc32c_combine(a: int, b: int, b_length: int, /) -> int:
    """crc32c() of A + B from that of A, that of B, and the length of B in bytes."""

def crc64_xz_combine(a: int, b: int, b_length: int, /) -> int:
    """crc64_xz() of A + B from that of A, that of B, and the length of B in bytes."""

def crc16_modbus_combine(a: int, b: int, b_length: int, /) -> int:
    """crc16_modbus() of A + B from that of A, that of B, and the length of B in bytes."""

def crc16_ccitt_combine(a: int, b: int, b_length: int, /) -> int:
    """crc16_ccitt() of A + B from that of A, begun with any value, that of B from 0, and B's length in bytes."""

def adler32_combine(a: int, b: int, b_length: int, /) -> int:
    """adler32() of A + B from that of A, that of B, and the length of B in bytes."""

def copy_into(name: str, data: Buffer, into: Buffer, value: int | None = None, /) -> int:
    """Copy `data` to the beginning of `into`, and return its checksum, in one pass over memory.

    The two may overlap. Raises ValueError when `into` is too small or there is no checksum `name`, BufferError when
    it is read-only.
    """

def new(name: str, data: _Data = b"", /) -> Checksum:
    """Checksum(name, data), by hashlib's name for it."""

@final
class Checksum:
    """A checksum under way, as hashlib's objects are: update() it piece by piece, then digest() or value.

    `name` is one of algorithms_available; ValueError if not. A piece may have any length.
    """

    def __init__(self, name: str, data: _Data = b"", /) -> None: ...
    def update(self, data: _Data, /) -> None:
        """Go on with a buffer, or an iterable of buffers. After an error nothing has changed.

        Raises RuntimeError while another thread updates the same object.
        """
    def copy_into(self, data: Buffer, into: Buffer, /) -> int:
        """Copy `data` to the beginning of `into` and update, in one pass; returns the bytes copied.

        Raises ValueError when `into` is too small, BufferError when it is read-only; RuntimeError as update() does.
        """
    def digest(self) -> bytes:
        """The value, most significant byte first."""
    def hexdigest(self) -> str:
        """The value as hexadecimal digits."""
    def copy(self) -> Checksum:
        """Another Checksum that goes on from here."""
    @property
    def value(self) -> int:
        """The checksum of everything so far, as the function of the same name returns it."""
    @property
    def name(self) -> str:
        """The name it was made with."""
    @property
    def digest_size(self) -> int:
        """Bytes of the digest."""
    @property
    def block_size(self) -> int:
        """1: any number of bytes may be given."""
