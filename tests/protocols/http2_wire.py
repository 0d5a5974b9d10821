"""What RFC 9113 and RFC 7541 say that a server must do with what a client sends: frames, and the error that is due.

Each row begins where the preface and an empty SETTINGS were sent. `expected` is FINE, an ErrorCode that the connection
ends with, or (stream, ErrorCode) of a stream that ends while the connection goes on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from fastnet.codecs.hpack import Encoder
from fastnet.codecs.http2 import PREFACE, ErrorCode, Frame, FrameType, encode_frame, parse_frames

E = ErrorCode
FINE = None
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
START = PREFACE + encode_frame(FrameType.SETTINGS, 0, 0)
GET = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]
POST = [(":method", "POST"), *GET[1:]]


def block(fields: Iterable[tuple[str, str]]) -> bytes:
    return Encoder(0).encode(fields)


def headers(
    stream: int, fields: Iterable[tuple[str, str]] = GET, end: bool = True, flags: int = END_HEADERS, extra: bytes = b""
) -> bytes:
    return encode_frame(FrameType.HEADERS, flags | (END_STREAM if end else 0), stream, extra + block(fields))


def data(stream: int, payload: bytes = b"", end: bool = False, flags: int = 0) -> bytes:
    return encode_frame(FrameType.DATA, flags | (END_STREAM if end else 0), stream, payload)


def number(kind: int, stream: int, value: int) -> bytes:
    return encode_frame(kind, 0, stream, struct.pack(">I", value))


def setting(name: int, value: int) -> bytes:
    return encode_frame(FrameType.SETTINGS, 0, 0, struct.pack(">HI", name, value))


def without(name: str) -> list[tuple[str, str]]:
    return [field for field in GET if field[0] != name]


def window(stream: int, value: int) -> bytes:
    return number(FrameType.WINDOW_UPDATE, stream, value)


def reset(stream: int, code: int = 8) -> bytes:
    return number(FrameType.RST_STREAM, stream, code)


class Row(NamedTuple):
    name: str
    sent: bytes
    expected: int | tuple[int, int] | set[int | tuple[int, int]] | None

    def met_by(self, outcome: int | tuple[int, int] | None) -> bool:
        return outcome in self.expected if isinstance(self.expected, set) else outcome == self.expected


OPEN = headers(1, POST, end=False)
BAD = (1, E.PROTOCOL_ERROR)
# Of a stream that is half closed the stream ends, of one that is closed, the answer having gone out, the connection.
CLOSED: set[int | tuple[int, int]] = {E.STREAM_CLOSED, (1, E.STREAM_CLOSED)}
ROWS = [
    Row("a request", headers(1), FINE),
    Row("a request with a body", OPEN + data(1, b"abc", end=True), FINE),
    Row("4.1 unknown frame types are ignored", encode_frame(99, 255, 0, b"abc") + headers(1), FINE),
    Row("4.1 reserved bits are ignored", encode_frame(FrameType.PING, 0xFE, 0x80000000, bytes(8)), FINE),
    Row("4.2 a frame of 16385 bytes", OPEN + data(1, bytes(16385)), E.FRAME_SIZE_ERROR),
    Row("4.2 a frame of 16384 bytes", OPEN + data(1, bytes(16384), end=True), FINE),
    Row("4.3 a block that cannot be decoded", encode_frame(1, 5, 1, b"\x80"), E.COMPRESSION_ERROR),
    Row("4.3 a Huffman string with bad padding", encode_frame(1, 5, 1, b"\x82\x00\x81\xff\x00"), E.COMPRESSION_ERROR),
    Row("7541 4.2 a table size over the limit", encode_frame(1, 5, 1, b"\x3f\xe2\x1f\x82"), E.COMPRESSION_ERROR),
    Row("7541 4.2 a size change behind a field", encode_frame(1, 5, 1, b"\x82\x20"), E.COMPRESSION_ERROR),
    Row("7541 2.3.3 an index beyond the tables", encode_frame(1, 5, 1, b"\xbe"), E.COMPRESSION_ERROR),
    Row("5.1 DATA on an idle stream", data(1, b"a"), E.PROTOCOL_ERROR),
    Row("5.1 RST_STREAM on an idle stream", reset(1), E.PROTOCOL_ERROR),
    Row("5.1 WINDOW_UPDATE on an idle stream", window(1, 1), E.PROTOCOL_ERROR),
    Row("5.1 CONTINUATION on an idle stream", encode_frame(9, 4, 1, b""), E.PROTOCOL_ERROR),
    Row("5.1 DATA after END_STREAM", OPEN + data(1, b"", end=True) + data(1, b"a"), CLOSED),
    Row("5.1 HEADERS after END_STREAM", headers(1) + headers(1), CLOSED),
    Row("5.1 DATA after RST_STREAM is dropped", OPEN + reset(1) + data(1, b"a") + headers(3), FINE),
    Row("5.1 WINDOW_UPDATE, RST_STREAM and PRIORITY on a closed stream",
        headers(1) + window(1, 1) + reset(1) + encode_frame(2, 0, 1, bytes(5)), FINE),
    Row("5.1.1 an even stream", headers(2), E.PROTOCOL_ERROR),
    Row("5.1.1 a stream that is not the next", headers(5) + headers(3), E.STREAM_CLOSED),
    Row("5.3.2 PRIORITY on an idle stream", encode_frame(2, 0, 9, bytes(5)), FINE),
    Row("5.5 an extension's frame inside a block", headers(1, flags=0) + encode_frame(99, 0, 0), E.PROTOCOL_ERROR),
    Row("6.1 DATA on stream 0", data(0, b"a"), E.PROTOCOL_ERROR),
    Row("6.1 more padding than payload", OPEN + data(1, b"\x05abc", flags=PADDED), E.PROTOCOL_ERROR),
    Row("6.1 padding", OPEN + data(1, b"\x02abc\0\0", end=True, flags=PADDED), FINE),
    Row("6.2 HEADERS on stream 0", headers(0), E.PROTOCOL_ERROR),
    Row("6.2 HEADERS with priority", headers(1, flags=END_HEADERS | PRIORITY, extra=b"\0\0\0\0\xff"), FINE),
    Row("6.2 HEADERS with more padding than payload",
        encode_frame(1, 5 | PADDED, 1, b"\xff" + block(GET)), E.PROTOCOL_ERROR),
    Row("6.2 HEADERS of another stream inside a block", headers(1, flags=0) + headers(3), E.PROTOCOL_ERROR),
    Row("6.3 PRIORITY on stream 0", encode_frame(2, 0, 0, bytes(5)), E.PROTOCOL_ERROR),
    Row("6.3 PRIORITY of 4 bytes", OPEN + encode_frame(2, 0, 1, bytes(4)), (1, E.FRAME_SIZE_ERROR)),
    Row("6.4 RST_STREAM on stream 0", reset(0), E.PROTOCOL_ERROR),
    Row("6.4 RST_STREAM of 3 bytes", OPEN + encode_frame(3, 0, 1, bytes(3)), E.FRAME_SIZE_ERROR),
    Row("6.5 SETTINGS of a stream", encode_frame(4, 0, 1), E.PROTOCOL_ERROR),
    Row("6.5 SETTINGS of 5 bytes", encode_frame(4, 0, 0, bytes(5)), E.FRAME_SIZE_ERROR),
    Row("6.5 an acknowledgement with payload", encode_frame(4, ACK, 0, bytes(6)), E.FRAME_SIZE_ERROR),
    Row("6.5.2 ENABLE_PUSH of 2", setting(2, 2), E.PROTOCOL_ERROR),
    Row("6.5.2 INITIAL_WINDOW_SIZE of 2^31", setting(4, 1 << 31), E.FLOW_CONTROL_ERROR),
    Row("6.5.2 MAX_FRAME_SIZE of 16383", setting(5, 16383), E.PROTOCOL_ERROR),
    Row("6.5.2 MAX_FRAME_SIZE of 2^24", setting(5, 1 << 24), E.PROTOCOL_ERROR),
    Row("6.5.2 an unknown setting", setting(0xABCD, 1) + headers(1), FINE),
    Row("6.6 PUSH_PROMISE of a client", OPEN + encode_frame(5, 4, 1, bytes(4) + block(GET)), E.PROTOCOL_ERROR),
    Row("6.7 PING of 7 bytes", encode_frame(6, 0, 0, bytes(7)), E.FRAME_SIZE_ERROR),
    Row("6.7 PING of a stream", encode_frame(6, 0, 1, bytes(8)), E.PROTOCOL_ERROR),
    Row("6.7 an acknowledgement is not answered", encode_frame(6, ACK, 0, bytes(8)), FINE),
    Row("6.8 GOAWAY of a stream", encode_frame(7, 0, 1, bytes(8)), E.PROTOCOL_ERROR),
    Row("6.9 WINDOW_UPDATE by 0", window(0, 0), E.PROTOCOL_ERROR),
    Row("6.9 WINDOW_UPDATE of a stream by 0", OPEN + window(1, 0), BAD),
    Row("6.9 WINDOW_UPDATE of 3 bytes", encode_frame(8, 0, 0, bytes(3)), E.FRAME_SIZE_ERROR),
    Row("6.9.1 a window over 2^31-1", window(0, 0x7FFFFFFF) + window(0, 1), E.FLOW_CONTROL_ERROR),
    Row("6.9.1 a stream's window over 2^31-1",
        OPEN + window(1, 0x7FFFFFFF) + window(1, 1), (1, E.FLOW_CONTROL_ERROR)),
    Row("6.9.2 a setting that makes a window too large",
        OPEN + window(1, 0x7FFF0000) + setting(4, 0x7FFFFFFF), E.FLOW_CONTROL_ERROR),
    Row("6.10 CONTINUATION", headers(1, flags=0) + encode_frame(9, END_HEADERS, 1, block([("x", "y")])), FINE),
    Row("6.10 CONTINUATION of nothing", headers(1) + encode_frame(9, END_HEADERS, 1), E.PROTOCOL_ERROR),
    Row("6.10 CONTINUATION on stream 0", headers(1, flags=0) + encode_frame(9, END_HEADERS, 0), E.PROTOCOL_ERROR),
    Row("8.1 HEADERS in the middle without END_STREAM", OPEN + headers(1, [("x", "y")], end=False), BAD),
    Row("8.1 trailers", OPEN + data(1, b"a") + headers(1, [("x", "y")]), FINE),
    Row("8.1.1 a length of which too little comes",
        headers(1, [*POST, ("content-length", "4")], end=False) + data(1, b"abc", end=True), BAD),
    Row("8.1.1 a length of which too much comes",
        headers(1, [*POST, ("content-length", "2")], end=False) + data(1, b"abc", end=True), BAD),
    Row("8.1.1 a length without a body", headers(1, [*POST, ("content-length", "2")]), BAD),
    Row("8.1.1 two lengths",
        headers(1, [*POST, ("content-length", "3"), ("content-length", "3")], end=False) + data(1, b"abc", True), BAD),
    Row("8.2.1 an upper-case name", headers(1, [*GET, ("X-a", "b")]), BAD),
    Row("8.2.1 a name with a space", headers(1, [*GET, ("x a", "b")]), BAD),
    Row("8.2.1 a name with a colon", headers(1, [*GET, ("x:a", "b")]), BAD),
    Row("8.2.1 an empty name", headers(1, [*GET, ("", "b")]), BAD),
    Row("8.2.1 CR LF in a value", headers(1, [*GET, ("x", "a\r\ny: b")]), BAD),
    Row("8.2.1 LF in a value", headers(1, [*GET, ("x", "a\nb")]), BAD),
    Row("8.2.1 NUL in a value", headers(1, [*GET, ("x", "a\0b")]), BAD),
    Row("8.2.1 space before a value", headers(1, [*GET, ("x", " a")]), BAD),
    Row("8.2.1 space behind a value", headers(1, [*GET, ("x", "a\t")]), BAD),
    Row("8.2.2 connection", headers(1, [*GET, ("connection", "close")]), BAD),
    Row("8.2.2 keep-alive", headers(1, [*GET, ("keep-alive", "a")]), BAD),
    Row("8.2.2 proxy-connection", headers(1, [*GET, ("proxy-connection", "a")]), BAD),
    Row("8.2.2 transfer-encoding", headers(1, [*GET, ("transfer-encoding", "chunked")]), BAD),
    Row("8.2.2 upgrade", headers(1, [*GET, ("upgrade", "x")]), BAD),
    Row("8.2.2 te: gzip", headers(1, [*GET, ("te", "gzip")]), BAD),
    Row("8.2.2 te: trailers", headers(1, [*GET, ("te", "trailers")]), FINE),
    Row("8.3 an unknown pseudo-header field", headers(1, [*GET, (":x", "a")]), BAD),
    Row("8.3 :status in a request", headers(1, [*GET, (":status", "200")]), BAD),
    Row("8.3 a pseudo-header field behind others", headers(1, [*GET[:3], ("x", "y"), GET[3]]), BAD),
    Row("8.3 a pseudo-header field in trailers", OPEN + headers(1, [(":path", "/")]), BAD),
    *(Row(f"8.3.1 without {name}", headers(1, without(name)), BAD) for name in (":method", ":scheme", ":path")),
    *(Row(f"8.3.1 {field[0]} twice", headers(1, [field, *GET]), BAD) for field in GET),
    Row("8.3.1 an empty :path", headers(1, [*without(":path"), (":path", "")]), BAD),
    Row("8.3.1 a :path that does not begin with /", headers(1, [*without(":path"), (":path", "a")]), BAD),
    Row("8.3.1 CR LF in :path", headers(1, [*without(":path"), (":path", "/ HTTP/1.1\r\nx: y\r\n")]), BAD),
    Row("8.3.1 a space in :path", headers(1, [*without(":path"), (":path", "/a b")]), BAD),
    Row("8.3.1 a space in :method", headers(1, [*without(":method"), (":method", "GET /x")], end=True), BAD),
    Row("8.3.1 host that is not :authority", headers(1, [*GET, ("host", "b")]), BAD),
    Row("8.3.1 host that is :authority", headers(1, [*GET, ("host", "a")]), FINE),
    Row("8.3.1 host without :authority", headers(1, [*without(":authority"), ("host", "a")]), FINE),
    Row("8.3.1 neither host nor :authority", headers(1, without(":authority")), BAD),
    Row("8.5 CONNECT with a :path", headers(1, [(":method", "CONNECT"), *GET[1:]]), BAD),
    Row("9218 PRIORITY_UPDATE", headers(1) + encode_frame(16, 0, 0, b"\0\0\0\x01u=1"), FINE),
    Row("9218 PRIORITY_UPDATE of stream 0", encode_frame(16, 0, 0, bytes(4) + b"u=1"), E.PROTOCOL_ERROR),
]
# What is wrong before that: sent instead of START.
STARTS = [
    Row("3.4 not a preface", PREFACE[:20] + b"XXXX" + encode_frame(4, 0, 0), E.PROTOCOL_ERROR),
    Row("3.4 PING before SETTINGS", PREFACE + encode_frame(6, 0, 0, bytes(8)), E.PROTOCOL_ERROR),
    Row("3.4 an acknowledgement before SETTINGS", PREFACE + encode_frame(4, ACK, 0), E.PROTOCOL_ERROR),
]
MARK = b"the mark"


def outcome(stream: bytes) -> int | tuple[int, int] | None:
    """What these frames of a server say, in the words of a Row. ValueError as long as they say nothing."""
    frames, _ = parse_frames(stream, 1 << 24)
    broken = [frame for frame in frames if frame.type == FrameType.RST_STREAM and frame.number != E.NO_ERROR]
    for frame in frames:
        if frame.type == FrameType.GOAWAY:
            return frame.number
        if frame.type == FrameType.PING and frame.flags & ACK and frame.payload == MARK:
            return (broken[0].stream, broken[0].number) if broken else FINE
    raise ValueError("neither GOAWAY nor the mark came back")


def of_type(kind: int, stream: bytes) -> list[Frame]:
    return [frame for frame in parse_frames(stream, 1 << 24)[0] if frame.type == kind]
