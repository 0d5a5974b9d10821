"""HTTP/2 frames (RFC 9113, sections 4 and 6), without a connection: read, checked one by one, and written."""

from enum import IntEnum
from typing import final

from typing_extensions import Buffer

PREFACE: bytes

class ErrorCode(IntEnum):
    """Error codes of RST_STREAM and GOAWAY (section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13

class FrameType(IntEnum):
    """Types of frames (section 6; RFC 9218, section 7.1)."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9
    PRIORITY_UPDATE = 16

@final
class Frame:
    """A frame: type, flags and stream as numbers; payload without padding and without priority fields.

    length: of the whole payload, which is what flow control counts. number: RST_STREAM and GOAWAY an error code,
    WINDOW_UPDATE an increment, PRIORITY a dependency, else 0. last_stream: GOAWAY, and the stream that PUSH_PROMISE or
    PRIORITY_UPDATE is about. stream_error: an ErrorCode if the frame breaks its stream, else 0.
    """

    @property
    def type(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def stream(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def last_stream(self) -> int: ...
    @property
    def stream_error(self) -> int: ...
    @property
    def payload(self) -> bytes: ...

def parse_frames(data: Buffer, max_frame_size: int = 16384) -> tuple[list[Frame], int]:
    """The whole frames at the start of `data`, and how many bytes they are.

    Raises ProtocolError at a frame that breaks the connection; its `status` is the ErrorCode to close it with.
    """

def encode_frame(type: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame as it is sent. Raises ValueError for a payload of 2^24 bytes or more."""
