"""The body of a message in the chunked transfer coding (RFC 9112, section 7.1), by itself: bytes in, bytes out."""

from typing import final

from typing_extensions import Buffer

@final
class ChunkedBody:
    """One body being decoded; feed() it until it is done.

    Args:
        max_extensions_bytes: of all chunk extensions together, which are skipped.
    """

    def __new__(cls, *, max_extensions_bytes: int = 4096) -> ChunkedBody: ...
    def feed(self, data: Buffer, /) -> bytes:
        """What of the body is in `data`, all chunks of it joined.

        Raises ProtocolError for what is not a chunk, LimitExceeded for too many extensions, and again from then on;
        RuntimeError while another thread uses the same decoder.
        """
    @property
    def done(self) -> bool:
        """The last chunk has come; the trailer section follows it."""
    @property
    def consumed(self) -> int:
        """How many bytes of what was fed last belong to the body: all, until it is done."""
