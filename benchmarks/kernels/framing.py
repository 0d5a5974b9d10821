"""Decoders of frames, all made to find the same ones in the same pieces of a stream.

The pieces are of 64 KiB, as a busy socket gives them, so that frames lie across two of them. The pure-Python decoders
are what one writes with care: one bytearray, offsets, few copies. A decoder's `run` is timed, `collect` proves what it
finds.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httptools

from benchmarks.bars import Bar
from fastnet import framing
from fastnet.codecs.http1_chunked import ChunkedBody

SPEED = "frames_per_s"
PIECE_BYTES = 65536
LARGEST_FRAME = 2048
STREAM_BYTES = 1 << 19


@dataclass(frozen=True)
class FrameDecoder:
    name: str
    collect: Callable[[list[bytes]], list[bytes]]  # pieces of a stream -> its frames
    run: Callable[[list[bytes]], object]  # the same, without what only the proof needs


@dataclass(frozen=True)
class FramingCase:
    title: str
    inputs: list[bytes]  # pieces of a stream
    frames: list[bytes]
    units: int  # frames, or chunks, by which the time is divided
    parsers: list[FrameDecoder]
    bars: list[Bar]

    def check(self) -> None:
        for parser in self.parsers:
            if parser.collect(self.inputs) != self.frames:
                raise ValueError(f"{parser.name} does not find the frames of {self.title}")


def ours(how: framing.ByteFraming, mode: Any = "bytes") -> FrameDecoder:
    def run(pieces: list[bytes]) -> object:
        feed, found = how.decoder(mode).feed, []
        for piece in pieces:
            if mode == "offsets":
                found.append(feed(piece))
            else:
                found += feed(piece)
        return found

    def collect(pieces: list[bytes]) -> list[bytes]:
        feed, frames = how.decoder(mode).feed, []
        for piece in pieces:
            found = feed(piece)
            if mode == "offsets":
                frames += [bytes(found.data[start:end]) for start, end in found]
            else:
                frames += map(bytes, found)
        return frames

    return FrameDecoder(f"fastnet, {mode}", collect, run)


def python(name: str, decode: Callable[[list[bytes]], list[bytes]]) -> FrameDecoder:
    return FrameDecoder(name, decode, decode)


def readexactly(pieces: list[bytes]) -> list[bytes]:
    """asyncio's own way: readexactly() of the length, then of the frame; no socket, nothing to wait for."""

    async def read() -> list[bytes]:
        frames, reader, left = [], asyncio.StreamReader(limit=1 << 30), iter(pieces)
        exactly, feed, size = reader.readexactly, reader.feed_data, 0
        total = sum(map(len, pieces))
        while size < total:
            if len(reader._buffer) < LARGEST_FRAME and (piece := next(left, b"")):  # type: ignore[attr-defined]
                feed(piece)
            n = int.from_bytes(await exactly(4), "big")
            frames.append(await exactly(n))
            size += 4 + n
        return frames

    return asyncio.run(read())


def prefix_by_hand(pieces: list[bytes]) -> list[bytes]:
    buffer, frames = bytearray(), []
    for piece in pieces:
        buffer += piece
        at, end = 0, len(buffer)
        while end - at >= 4:
            stop = at + 4 + int.from_bytes(buffer[at : at + 4], "big")
            if stop > end:
                break
            frames.append(bytes(buffer[at + 4 : stop]))
            at = stop
        del buffer[:at]
    return frames


def varint_by_hand(pieces: list[bytes]) -> list[bytes]:
    buffer, frames = bytearray(), []
    for piece in pieces:
        buffer += piece
        at, end = 0, len(buffer)
        while at < end:
            head, length, shift = at, 0, 0
            while head < end:
                byte = buffer[head]
                head += 1
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
            else:
                break
            if head + length > end:
                break
            frames.append(bytes(buffer[head : head + length]))
            at = head + length
        del buffer[:at]
    return frames


def netstring_by_hand(pieces: list[bytes]) -> list[bytes]:
    buffer, frames = bytearray(), []
    for piece in pieces:
        buffer += piece
        at, end = 0, len(buffer)
        while (colon := buffer.find(b":", at, at + 10)) >= 0:
            digits = buffer[at:colon]
            if not digits.isdigit() or (digits[0] == 48 and len(digits) > 1):
                raise ValueError("not a length")
            stop = colon + 1 + int(digits)
            if stop >= end:
                break
            if buffer[stop] != 44:
                raise ValueError("no comma")
            frames.append(bytes(buffer[colon + 1 : stop]))
            at = stop + 1
        del buffer[:at]
    return frames


def split_lines(pieces: list[bytes]) -> list[bytes]:
    rest, frames = b"", []
    for piece in pieces:
        lines = piece.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        frames += lines
    return frames


class HttptoolsBody:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.on_body = self.parts.append


def httptools_chunked(pieces: list[bytes]) -> list[bytes]:
    body = HttptoolsBody()
    parser = httptools.HttpResponseParser(body)
    parser.feed_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces:
        parser.feed_data(piece)
    return body.parts


def ours_chunked(pieces: list[bytes]) -> list[bytes]:
    feed = ChunkedBody().feed
    return [feed(piece) for piece in pieces]


def cut(stream: bytes) -> list[bytes]:
    return [stream[at : at + PIECE_BYTES] for at in range(0, len(stream), PIECE_BYTES)]


def sized(size: int) -> list[bytes]:
    return [bytes([65 + i % 26]) * size for i in range(STREAM_BYTES // size)]


def faster(mode: str, other: str, bound: float) -> Bar:
    return Bar(f"fastnet, {mode}", SPEED, bound, other)


def case(title: str, how: framing.ByteFraming, size: int, peers: list[FrameDecoder], bars: list[Bar]) -> FramingCase:
    frames = sized(size)
    mine = [ours(how, mode) for mode in ("bytes", "views", "offsets")]
    return FramingCase(f"Framing: {title}", cut(how.encode_many(frames)), frames, len(frames), peers + mine, bars)


def chunked_case() -> FramingCase:
    chunks = sized(64)
    stream = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    joined = [b"".join(chunks)]

    def body(decode: Callable[[list[bytes]], list[bytes]]) -> Callable[[list[bytes]], list[bytes]]:
        return lambda pieces: [b"".join(decode(pieces))]

    parsers = [
        FrameDecoder("httptools, on_body", body(httptools_chunked), httptools_chunked),
        FrameDecoder("fastnet, bytes", body(ours_chunked), ours_chunked),
    ]
    bars = [faster("bytes", "httptools, on_body", 4)]
    title = "Framing: HTTP's chunked coding, chunks of 64 B"
    return FramingCase(title, cut(stream), joined, len(chunks), parsers, bars)


ASYNCIO = python("asyncio readexactly", readexactly)
PREFIX = [ASYNCIO, python("pure Python", prefix_by_hand)]
SPLIT = python("bytes.split", split_lines)
FIRST = "pure Python"

CASES: dict[str, FramingCase] = {
    "frames-prefix-64": case(
        "4-byte length, 64 B", framing.LengthPrefixed(4), 64, PREFIX, [faster("bytes", ASYNCIO.name, 25)]
    ),
    "frames-prefix-1024": case(
        "4-byte length, 1 KiB",
        framing.LengthPrefixed(4),
        1024,
        PREFIX,
        [faster("bytes", ASYNCIO.name, 4), faster("views", ASYNCIO.name, 10)],
    ),
    "frames-varint-64": case(
        "varint, 64 B", framing.Varint(), 64, [python(FIRST, varint_by_hand)], [faster("bytes", FIRST, 8)]
    ),
    "frames-netstring-64": case(
        "netstring, 64 B",
        framing.Netstring(),
        64,
        [python(FIRST, netstring_by_hand)],
        [faster("bytes", FIRST, 10)],
    ),
    "frames-lines-64": case("lines, 64 B", framing.Lines("lf"), 64, [SPLIT], [faster("bytes", SPLIT.name, 1)]),
    "frames-lines-16": case("lines, 16 B", framing.Lines("lf"), 16, [SPLIT], [faster("bytes", SPLIT.name, 1)]),
    "frames-chunked-64": chunked_case(),
}
