"""Telnet (RFC 854, 855): commands between the data, each behind the byte 255, IAC."""

from typing import NamedTuple, final

from typing_extensions import Buffer

from fastnet.codecs.framing import Framing

class TelnetCommand(NamedTuple):
    """A command: its number; for WILL (251), WONT, DO, DONT and SB (250) the option; for SB the bytes to its SE."""

    command: int
    option: int | None = None
    data: bytes = b""

@final
class Telnet(Framing[Buffer | TelnetCommand, bytes | TelnetCommand]):
    """Data, as bytes, and commands between them, as TelnetCommand.

    Data come in the runs in which they arrive; joined, they are the same however the stream is cut. CR NUL stays as it
    is. The commands are those of RFC 854, and EOF to EOR (236 to 239; RFC 885, 1184).

    Args:
        max_frame_bytes: of a subnegotiation's data as they are sent, each 255 twice.
    """

    def __new__(cls, *, max_frame_bytes: int = 65536) -> Telnet: ...
