"""HTTP/1.1 heads written (RFC 9112): what could split a message is refused."""

from collections.abc import Iterable

def encode_response_head(
    status: int, headers: Iterable[tuple[bytes | str, bytes | str]] = (), reason: bytes | None = None
) -> bytes:
    """Serialize a response head: status line, fields, empty line (RFC 9112, section 4).

    status: 100 to 599; headers: (name, value) pairs of bytes or str (Latin-1), written as they are and in their
    order: nothing is added; reason: bytes, or None for the standard phrase. Raises ValueError for a character that
    may not stand there.
    """

def encode_request_head(
    method: str, target: str, headers: Iterable[tuple[bytes | str, bytes | str]] = ()
) -> bytes:
    """Serialize a request head: request line, fields, empty line (RFC 9112, section 3).

    Nothing is added: the caller gives Host and the framing fields. Raises ValueError for a character that may not
    stand there.
    """
