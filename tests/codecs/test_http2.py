"""Frames: against hyperframe in both directions, cut anywhere, and what is wrong."""

import struct

import hyperframe.frame as peer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http2 import PREFACE, ErrorCode, FrameType, encode_frame, parse_frames
from fastnet.errors import ProtocolError

streams = st.integers(1, 0x7FFFFFFF)
bodies, pads = st.binary(max_size=100), st.integers(0, 255)
frames = st.one_of(
    st.builds(lambda s, d, n: peer.DataFrame(s, d, pad_length=n, flags=["PADDED"]), streams, bodies, pads),
    st.builds(lambda s, d: peer.DataFrame(s, d, flags=["END_STREAM"]), streams, bodies),
    st.builds(lambda s, d: peer.HeadersFrame(s, d, flags=["END_HEADERS"]), streams, bodies),
    st.builds(lambda s, d: peer.HeadersFrame(s, d, depends_on=0, stream_weight=3, flags=["PRIORITY"]), streams, bodies),
    st.builds(lambda s, d: peer.ContinuationFrame(s, d, flags=["END_HEADERS"]), streams, bodies),
    st.builds(lambda s, n: peer.RstStreamFrame(s, n), streams, st.integers(0, 13)),
    st.builds(lambda s, n: peer.WindowUpdateFrame(s, n), st.integers(0, 9), st.integers(1, 0x7FFFFFFF)),
    st.builds(lambda d: peer.PingFrame(0, d), st.binary(min_size=8, max_size=8)),
    st.builds(lambda s, n, d: peer.GoAwayFrame(0, s, n, d), streams, st.integers(0, 13), bodies),
    st.builds(lambda d: peer.SettingsFrame(0, d), st.dictionaries(st.integers(1, 6), st.integers(0, 0x7FFFFFFF))),
)


@given(sent=st.lists(frames, max_size=6), cut=st.integers(0, 2000))
def test_frames_are_what_the_peer_wrote(sent: list[peer.Frame], cut: int) -> None:
    stream = b"".join(frame.serialize() for frame in sent)
    first, consumed = parse_frames(stream[:cut])
    rest, last = parse_frames(stream[consumed:])
    assert consumed + last == len(stream)
    for ours, theirs in zip([*first, *rest], sent, strict=True):
        assert (ours.type, ours.stream) == (theirs.type, theirs.stream_id)
        assert ours.length == theirs.body_len
        if isinstance(theirs, (peer.DataFrame, peer.HeadersFrame, peer.ContinuationFrame)):
            assert ours.payload == theirs.data
        if isinstance(theirs, (peer.RstStreamFrame, peer.GoAwayFrame)):
            assert ours.number == theirs.error_code
        if isinstance(theirs, peer.GoAwayFrame):
            assert ours.last_stream == theirs.last_stream_id
        if isinstance(theirs, peer.WindowUpdateFrame):
            assert ours.number == theirs.window_increment


@given(kind=st.sampled_from([0, 1, 9]), stream=streams, payload=bodies)
def test_the_peer_reads_what_we_write(kind: int, stream: int, payload: bytes) -> None:
    frame, length = peer.Frame.parse_frame_header(memoryview(encode_frame(kind, 4, stream, payload)[:9]))
    assert (frame.type, frame.stream_id, length) == (kind, stream, len(payload))


@pytest.mark.parametrize(
    "kind, flags, stream, payload, error",
    [
        (FrameType.DATA, 0, 0, b"a", ErrorCode.PROTOCOL_ERROR),
        (FrameType.DATA, 8, 1, b"\5ab", ErrorCode.PROTOCOL_ERROR),
        (FrameType.PING, 0, 0, b"1234567", ErrorCode.FRAME_SIZE_ERROR),
        (FrameType.SETTINGS, 0, 0, b"1234567", ErrorCode.FRAME_SIZE_ERROR),
        (FrameType.SETTINGS, 1, 0, b"123456", ErrorCode.FRAME_SIZE_ERROR),
        (FrameType.WINDOW_UPDATE, 0, 0, b"\0\0\0\0", ErrorCode.PROTOCOL_ERROR),
        (FrameType.RST_STREAM, 0, 0, b"\0\0\0\0", ErrorCode.PROTOCOL_ERROR),
    ],
)
def test_frames_that_break_the_connection(kind: int, flags: int, stream: int, payload: bytes, error: int) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_frames(encode_frame(kind, flags, stream, payload))
    assert raised.value.status == error


def test_a_frame_over_the_size_is_refused_by_its_header() -> None:
    assert parse_frames(encode_frame(0, 0, 1, bytes(100)), 100)[1] == 109
    with pytest.raises(ProtocolError) as raised:
        parse_frames(encode_frame(0, 0, 1, bytes(101))[:9], 100)
    assert raised.value.status == ErrorCode.FRAME_SIZE_ERROR
    with pytest.raises(ValueError, match="16777216"):
        encode_frame(0, 0, 1, bytes(1 << 24))


def test_a_frame_that_breaks_its_stream_is_given() -> None:
    frames, _ = parse_frames(encode_frame(FrameType.WINDOW_UPDATE, 0, 3, struct.pack(">I", 0)))
    assert frames[0].stream_error == ErrorCode.PROTOCOL_ERROR
    assert len(PREFACE) == 24
