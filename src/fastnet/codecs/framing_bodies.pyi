"""Lines that tell of bytes behind them: a body that is counted, as memcached and NATS have it; IMAP's literals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, final

from fastnet.codecs.framing import Framing

@final
class CountedBody(Framing[tuple[bytes, bytes | None], tuple[bytes, bytes | None]]):
    """Lines, of which some, told by their first word, have a body whose length is one of their words.

    The frames are (line, body), without the ends of either; body is None where the line has none. encode() raises
    ValueError when the line counts other than the body has.

    Args:
        words: first word -> which word of the line, from 0 for the first, is the length; -1: the last. For what a
            memcached server receives {b"set": 4, b"add": 4, ...}; for NATS {b"PUB": -1, b"HPUB": -1}.
        ending: as of Lines; a body has the same end.
        ignore_case: of these words.
        max_line_bytes: of a line without its end.
        max_frame_bytes: of a body.
    """

    def __new__(
        cls,
        words: Mapping[bytes, int] | Iterable[tuple[bytes, int]],
        *,
        ending: Literal["crlf", "lf", "lenient"] = "crlf",
        ignore_case: bool = False,
        max_line_bytes: int = 4096,
        max_frame_bytes: int = 1048576,
    ) -> CountedBody: ...
    @property
    def words(self) -> tuple[tuple[bytes, int], ...]: ...
    @property
    def ending(self) -> str: ...
    @property
    def ignore_case(self) -> bool: ...
    @property
    def max_line_bytes(self) -> int: ...

@final
class LinesWithLiterals(Framing[Sequence[bytes], tuple[bytes, ...]]):
    """Lines in which bytes of any kind stand, behind their number: IMAP's literals (RFC 3501, section 4.3; RFC 7888).

    The frames are parts: text, literal, text and so on; the first and the last are text. A server that receives {n}
    must give leave before the literal comes: see Decoder.awaits_literal.

    Args:
        non_synchronizing: send {n+}, for which the peer's leave is not needed.
        max_line_bytes: of each part that is text.
        max_frame_bytes: of all parts, with the ends of lines.
    """

    def __new__(
        cls, *, non_synchronizing: bool = False, max_line_bytes: int = 8192, max_frame_bytes: int = 1048576
    ) -> LinesWithLiterals: ...
    def encode_pieces(self, frame: Sequence[bytes], /) -> list[bytes]:
        """As encode(), but in pieces: after each but the last, a client waits for the server's leave to go on."""
    @property
    def non_synchronizing(self) -> bool: ...
    @property
    def max_line_bytes(self) -> int: ...
