"""Frames with checksums, and compressed ones: every flipped bit is found, no frame grows over its limit."""

import pickle
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.checksum import crc32c
from fastnet.codecs.framing_bodies import CountedBody
from fastnet.codecs.framing_cobs import COBS
from fastnet.codecs.framing_length import Fixed, LengthPrefixed, Varint
from fastnet.codecs.framing_telnet import Telnet
from fastnet.codecs.framing_wrapped import Checksummed, Compressed
from fastnet.errors import ConfigError
from tests.codecs.framings import cuts, outcome, same_however_cut

try:
    from compression import zstd  # type: ignore[import-not-found]
except ImportError:
    from backports import zstd

ALGORITHMS: list[Any] = ["zlib", "zstd"]
frames_of_bytes = st.lists(st.binary(max_size=100), max_size=5)
prefix = LengthPrefixed(4)
every = pytest.mark.parametrize("algorithm", ALGORITHMS)


@given(frames=frames_of_bytes, byteorder=st.sampled_from(["big", "little"]), sizes=cuts)
def test_the_checksum_stands_behind(frames: list[bytes], byteorder: Any, sizes: list[int]) -> None:
    framing = Checksummed(prefix, byteorder=byteorder)
    stream = b"".join((len(f) + 4).to_bytes(4, "big") + f + crc32c(f).to_bytes(4, byteorder) for f in frames)
    assert framing.encode_many(frames) == stream
    assert same_however_cut(framing, stream, sizes) == (frames, "", 0)


@given(frames=frames_of_bytes, byteorder=st.sampled_from(["big", "little"]), sizes=cuts)
def test_or_the_checksum_stands_before(frames: list[bytes], byteorder: Any, sizes: list[int]) -> None:
    framing = Checksummed(prefix, byteorder=byteorder, before=True)
    stream = b"".join((len(f) + 4).to_bytes(4, "big") + crc32c(f).to_bytes(4, byteorder) + f for f in frames)
    assert framing.encode_many(frames) == stream
    assert same_however_cut(framing, stream, sizes) == (frames, "", 0)
    assert pickle.loads(pickle.dumps(framing)) == framing != Checksummed(prefix, byteorder=byteorder)


@pytest.mark.parametrize("before", [False, True])
def test_every_flipped_bit_is_found(before: bool) -> None:
    framing = Checksummed(Fixed(12), before=before)
    good = framing.encode(b"12345678")
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        frames, error, _ = outcome(framing, [good + bad + good])
        assert frames == [b"12345678"]
        assert error.startswith("ProtocolError the checksum of a frame is 0x")


@pytest.mark.parametrize("before", [False, True])
def test_a_frame_without_room_for_a_checksum(before: bool) -> None:
    frames, error, _ = same_however_cut(Checksummed(Varint(), before=before), b"\x04\0\0\0\0\x03abc", [])
    assert (frames, error) == ([b""], "ProtocolError a frame of 3 bytes has no room for its checksum")


def test_limits_of_checksummed_frames_at_below_and_above() -> None:
    framing = Checksummed(Varint(max_frame_bytes=14))
    assert framing.max_frame_bytes == 10
    for n in (9, 10):
        assert outcome(framing, [framing.encode(b"x" * n)])[0] == [b"x" * n]
    assert "LimitExceeded" in same_however_cut(framing, Checksummed(Varint()).encode(b"x" * 11), [])[1]
    with pytest.raises(ValueError):
        framing.encode(b"x" * 11)
    with pytest.raises(ConfigError, match="for the checksum"):
        Checksummed(Fixed(3))


@every
@given(frames=frames_of_bytes, sizes=cuts)
def test_compressed_frames_come_back(algorithm: Any, frames: list[bytes], sizes: list[int]) -> None:
    framing = Compressed(prefix, algorithm)
    assert same_however_cut(framing, framing.encode_many(frames), sizes) == (frames, "", 0)


@pytest.mark.parametrize("level", [None, 0, 1, 9])
def test_compressed_frames_are_what_the_libraries_make(level: int | None) -> None:
    frame = b"frame" * 100
    packed = Compressed(prefix, "zlib", level=level).encode(frame)[4:]
    assert zlib.decompress(packed) == frame
    assert packed == zlib.compress(frame, -1 if level is None else level)
    packed = Compressed(prefix, "zstd", level=level).encode(frame)[4:]
    assert zstd.decompress(packed) == frame
    assert Compressed(prefix, "zstd").decoder().feed(prefix.encode(zstd.compress(frame))) == [frame]


@every
@given(stream=st.binary(max_size=60), sizes=cuts)
def test_any_stream_is_the_same_however_it_is_cut(algorithm: Any, stream: bytes, sizes: list[int]) -> None:
    same_however_cut(Compressed(LengthPrefixed(1), algorithm), stream, sizes)


@every
def test_limits_of_what_is_decompressed_at_below_and_above(algorithm: Any) -> None:
    for limit in (0, 1, 1000):
        framing = Compressed(prefix, algorithm, max_frame_bytes=limit)
        for n in {max(limit - 1, 0), limit}:
            assert same_however_cut(framing, framing.encode(b"x" * n), [9]) == ([b"x" * n], "", 0)
        above = Compressed(prefix, algorithm).encode(b"x" * (limit + 1))
        frames, error, _ = same_however_cut(framing, framing.encode(b"") + above, [9])
        assert (frames, error) == ([b""], f"LimitExceeded a frame has more than {limit} bytes when decompressed")
        with pytest.raises(ValueError, match=f"the limit is {limit}"):
            framing.encode(b"x" * (limit + 1))


@every
def test_a_bomb_takes_no_more_memory_than_its_limit(algorithm: Any) -> None:
    bomb = Compressed(prefix, algorithm, max_frame_bytes=1 << 28).encode(bytes(1 << 26))
    framing = Compressed(prefix, algorithm, max_frame_bytes=1 << 16)
    tracemalloc.start()
    try:
        _, error, _ = outcome(framing, [bomb])
        assert "LimitExceeded" in error
        assert tracemalloc.get_traced_memory()[1] < 1 << 19
    finally:
        tracemalloc.stop()


def test_a_window_over_the_limit_is_refused() -> None:
    options = {zstd.CompressionParameter.window_log: 27}
    compressor = zstd.ZstdCompressor(options=options)
    wide = compressor.compress(b"x" * 10) + compressor.flush()  # does not know its size when it begins
    _, error, _ = outcome(Compressed(prefix, "zstd"), [prefix.encode(wide)])
    assert error.startswith("ProtocolError a frame is not zstd")
    assert outcome(Compressed(prefix, "zstd", max_frame_bytes=1 << 27), [prefix.encode(wide)])[0] == [b"x" * 10]


@every
def test_what_is_not_one_whole_compressed_frame(algorithm: Any) -> None:
    framing = Compressed(prefix, algorithm)
    good = framing.encode(b"frame")
    wrong = {good[4:-1]: "is cut short", good[4:] + b"x": "1 bytes behind", b"nonsense": "is not", b"": "is cut short"}
    for packed, text in wrong.items():
        frames, error, _ = same_however_cut(framing, good + prefix.encode(packed), [7])
        assert frames == [b"frame"]
        assert error.startswith("ProtocolError") and text in error


@given(frames=frames_of_bytes, sizes=cuts)
def test_wrapped_twice(frames: list[bytes], sizes: list[int]) -> None:
    for framing in (Checksummed(COBS()), Checksummed(Compressed(COBS())), Compressed(Checksummed(prefix), "zstd")):
        assert same_however_cut(framing, framing.encode_many([*frames, b""]), sizes) == ([*frames, b""], "", 0)
        assert pickle.loads(pickle.dumps(framing)) == framing


@pytest.mark.parametrize("inner", [Telnet(), CountedBody({}), None, b"x"])
def test_what_cannot_carry_frames(inner: Any) -> None:
    for kind in (Checksummed, Compressed):
        with pytest.raises(ConfigError, match="expected a framing whose frames are bytes"):
            kind(inner)


WRONG: list[tuple[Any, str]] = [
    ({"algorithm": "gzip"}, "algorithm: 'gzip' given, expected 'zlib' or 'zstd'"),
    ({"level": 10}, "level: 10 given, expected None, or a number from -1 to 9"),
    ({"algorithm": "zstd", "level": 99}, "level: 99 given"),
    ({"max_frame_bytes": -1}, "max_frame_bytes: -1 given"),
]


@pytest.mark.parametrize("options, text", WRONG)
def test_wrong_options_are_named(options: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Compressed(prefix, **options)
    assert str(caught.value).startswith(text)
