"""What mail, news and file transfer make of lines: replies with a code, and texts that end with a dot."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, final

from typing_extensions import Buffer

from fastnet.codecs.framing import Framing

class Reply(NamedTuple):
    """A reply: its code, 100 to 699, and its lines without code and end."""

    code: int
    lines: tuple[bytes, ...]

@final
class Replies(Framing[tuple[int, Sequence[bytes]], Reply]):
    """Replies of one or more lines, each with a code of three digits.

    Args:
        style: "smtp": every line has the code (RFC 5321, section 4.2.1); "ftp": the first and the last have it (RFC
            959, section 4.2), and it is sent with every line.
        ending: as of Lines.
        max_line_bytes: of a line without its end.
        max_frame_bytes: of a whole reply, with the ends of its lines.
    """

    def __new__(
        cls,
        style: Literal["smtp", "ftp"] = "smtp",
        *,
        ending: Literal["crlf", "lf", "lenient"] = "crlf",
        max_line_bytes: int = 4096,
        max_frame_bytes: int = 65536,
    ) -> Replies: ...
    @property
    def style(self) -> str: ...
    @property
    def ending(self) -> str: ...
    @property
    def max_line_bytes(self) -> int: ...

@final
class DotStuffed(Framing[Buffer, bytes]):
    """Text until a line that holds a dot only (RFC 5321, section 4.5.2; POP3, NNTP).

    The frames are text with the CR LF of every line, dots as they were written; encode() ends the last line if need be.

    Args:
        allow_bare: CR and LF by themselves are data, which never end a line. By default they are errors: a receiver
            that takes them for the end of a line can be made to see a second message in one.
        max_frame_bytes: of a text as it is sent, without the last line.
    """

    def __new__(cls, *, allow_bare: bool = False, max_frame_bytes: int = 1048576) -> DotStuffed: ...
    @property
    def allow_bare(self) -> bool: ...
