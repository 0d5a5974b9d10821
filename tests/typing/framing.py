"""What a user's type checker should make of fastnet.framing; read by test_typing.py, never run."""

from typing import Any, assert_type

from fastnet import framing
from fastnet.errors import ProtocolError


def bytes_views_and_offsets(data: bytes | bytearray | memoryview) -> None:
    messages = framing.LengthPrefixed(4, byteorder="little", max_frame_bytes=100)
    assert_type(messages.decoder().feed(data), list[bytes])
    assert_type(messages.decoder("views").feed(data), list[memoryview])
    spans = messages.decoder("offsets").feed(data)
    assert_type(spans, framing.Spans)
    assert_type([end - start for start, end in spans], list[int])
    assert_type(memoryview(spans), memoryview[int])
    assert_type(messages.encode(bytearray(b"x")), bytes)
    assert_type(messages.encode_many([b"x", memoryview(b"y")]), bytes)


def one_decoder(decoder: framing.Decoder[list[bytes]]) -> None:
    lent = decoder.get_buffer(100)
    lent[:1] = b"x"
    assert_type(decoder.feed_into(1), list[bytes])
    assert_type(decoder.pending, int)
    assert_type(decoder.error, ProtocolError | None)


def frames_of_parts(data: bytes) -> None:
    for reply in framing.Replies("ftp").decoder().feed(data):
        assert_type(reply, framing.Reply)
        assert_type(reply.lines, tuple[bytes, ...])
    for line, body in framing.CountedBody({b"PUB": -1}).decoder().feed(data):
        assert_type(line, bytes)
        assert_type(body, bytes | None)
    for parts in framing.LinesWithLiterals().decoder().feed(data):
        assert_type(parts, tuple[bytes, ...])
    for frame in framing.Telnet().decoder().feed(data):
        assert_type(frame, bytes | framing.TelnetCommand)
    assert_type(framing.Checksummed(framing.COBS()).decoder().feed(data), list[bytes])
    assert_type(framing.Compressed(framing.Varint(), "zstd", level=3).encode(data), bytes)


def any_framing(how: framing.Framing[Any, bytes]) -> list[bytes]:
    return how.decoder().feed(b"")


any_framing(framing.DotStuffed())
any_framing(framing.Lines("lf"))
