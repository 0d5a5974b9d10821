"""HPACK (RFC 7541): the header lists of HTTP/2, packed and unpacked."""

from collections.abc import Container, Iterable
from typing import final

from typing_extensions import Buffer

REASONS: dict[int, str]
STATIC: tuple[tuple[bytes, bytes] | None, ...]

class Table:
    """What Decoder and Encoder share: the dynamic table."""

    @property
    def table_size(self) -> int:
        """Bytes in the dynamic table, as section 4.1 counts them."""
    @property
    def max_table_size(self) -> int:
        """What the dynamic table may have at present."""

@final
class Decoder(Table):
    """Unpacks the blocks of one direction of a connection.

    max_table_size: what was announced as SETTINGS_HEADER_TABLE_SIZE, at most 65536; max_list_bytes: of one list, with
    32 bytes for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts it; max_fields: of one list.
    """

    def __init__(
        self, max_table_size: int = 4096, *, max_list_bytes: int = 65536, max_fields: int = 200
    ) -> None: ...
    def decode(self, data: Buffer) -> list[tuple[bytes, bytes]]:
        """The list that a whole block stands for: (name, value).

        Raises ProtocolError if the block is wrong, after which the connection cannot go on, and LimitExceeded if the
        list is over a limit, after which it can.
        """
    def set_max_table_size(self, size: int) -> None:
        """A smaller SETTINGS_HEADER_TABLE_SIZE was announced and acknowledged: no update may exceed it from now on.

        Raises ValueError for more than the max_table_size that the decoder was made with.
        """

@final
class Encoder(Table):
    """Packs the blocks of one direction of a connection.

    max_table_size: bytes of the dynamic table, at most 65536, whatever more the peer allows. Until the peer has said
    otherwise that may be 4096 at most.
    """

    def __init__(self, max_table_size: int = 4096) -> None: ...
    def set_max_table_size(self, size: int) -> None:
        """The peer's SETTINGS_HEADER_TABLE_SIZE; the next block tells the peer what came of it."""
    def encode(
        self, headers: Iterable[tuple[bytes | str, bytes | str]], secret: Container[bytes | str] = ()
    ) -> bytes:
        """The block of a list: (name, value) pairs of bytes or str (Latin-1), names in lower case.

        secret: names whose values are kept out of the table here and by every proxy behind (section 7.1.3), beside
        Authorization, Proxy-Authorization, Set-Cookie and short cookies, which always are.
        """
