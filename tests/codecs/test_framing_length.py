"""Lengths before frames, against struct, protobuf's delimited messages and pynetstring; limits; wrong lengths."""

import struct
from typing import Any

import pynetstring
import pytest
from google.protobuf.internal.decoder import _DecodeVarint
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_length import Fixed, LengthPrefixed, Netstring, Varint
from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError
from tests.codecs.framings import cuts, outcome, same_however_cut

many_frames = st.lists(st.binary(max_size=200), max_size=6)
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def number(value: int, size: int, byteorder: Any) -> bytes:
    if size in CODES:
        return struct.pack((">" if byteorder == "big" else "<") + CODES[size], value)
    return value.to_bytes(size, byteorder)


@given(
    frames=many_frames,
    size=st.sampled_from([1, 2, 3, 4, 8]),
    byteorder=st.sampled_from(["big", "little"]),
    inclusive=st.booleans(),
    header=st.binary(max_size=5),
    sizes=cuts,
)
def test_prefixes_as_struct_makes_them(
    frames: list[bytes], size: Any, byteorder: Any, inclusive: bool, header: bytes, sizes: list[int]
) -> None:
    framing = LengthPrefixed(size, byteorder=byteorder, inclusive=inclusive, offset=len(header))
    head = len(header) + size
    sent = [header + number(len(f) + inclusive * head, size, byteorder) + f for f in frames]
    expected = sent if header else frames
    assert same_however_cut(framing, b"".join(sent), sizes) == (expected, "", 0)
    assert framing.encode_many(expected) == b"".join(sent)
    # with a header, the length that stands in the frame does not matter
    assert [framing.encode(header + bytes(size) + f if header else f) for f in frames] == sent


@given(frames=many_frames, sizes=cuts)
def test_varints_as_protobuf_makes_them(frames: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(_VarintBytes(len(frame)) + frame for frame in frames)
    assert same_however_cut(Varint(), stream, sizes) == (frames, "", 0)
    assert Varint().encode_many(frames) == stream


@given(value=st.integers(0, (1 << 64) - 1), padding=st.integers(0, 9))
def test_every_varint_of_64_bits_is_read_as_protobuf_does(value: int, padding: int) -> None:
    data = bytearray(_VarintBytes(value))
    for _ in range(min(padding, 10 - len(data))):  # longer than need be
        data[-1] |= 0x80
        data.append(0)
    assert _DecodeVarint(bytes(data), 0) == (value, len(data))
    if value == 0:
        assert Varint().decoder().feed(data) == [b""]
    else:
        with pytest.raises(LimitExceeded, match=f"a frame of {value} bytes"):
            Varint(max_frame_bytes=0).decoder().feed(data)


@pytest.mark.parametrize("wrong", [b"\x80" * 10, b"\xff" * 9 + b"\x02", b"\xff" * 11])
def test_a_varint_of_more_than_64_bits(wrong: bytes) -> None:
    _, error, _ = same_however_cut(Varint(), b"\x01a" + wrong, [])
    assert error.startswith("ProtocolError the length of a frame is not a number in its right form")


@given(frames=many_frames, sizes=cuts)
def test_netstrings_as_pynetstring_makes_them(frames: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(pynetstring.encode(frame) for frame in frames)
    assert same_however_cut(Netstring(), stream, sizes) == (frames, "", 0)
    assert Netstring().encode_many(frames) == stream


@given(stream=st.lists(st.sampled_from([b"0", b"1", b"2", b":", b",", b"x"]), max_size=12).map(b"".join))
def test_netstrings_by_definition(stream: bytes) -> None:
    """Until the first mistake, or the end, frame by frame."""
    expected, rest, error = [], stream, ""
    while rest and not error:
        digits, colon, behind = rest.partition(b":")
        if not digits.isdigit() or (digits[:1] == b"0" and digits != b"0"):
            # Not yet a mistake: digits alone.
            good = rest.isdigit() and (rest[:1] != b"0" or rest == b"0")
            error = "IncompleteFrame" if good and int(rest) <= 1000 else "LimitExceeded" if good else "ProtocolError"
            leading = rest[: len(rest) - len(rest.lstrip(b"012"))]
            if error == "ProtocolError" and leading[:1] != b"0" and int(leading or b"0") > 1000:
                error = "LimitExceeded"
        elif int(digits) > 1000:
            error = "LimitExceeded"
        elif not colon or len(behind) <= int(digits):
            error = "IncompleteFrame"
        elif behind[int(digits) : int(digits) + 1] != b",":
            error = "ProtocolError"
        else:
            expected.append(behind[: int(digits)])
            rest = behind[int(digits) + 1 :]
    found, text, _ = same_however_cut(Netstring(max_frame_bytes=1000), stream, [3, 2])
    assert (found, text.partition(" ")[0]) == (expected, error)


@pytest.mark.parametrize("wrong", [b":a,", b"01:a,", b"00:,", b"-1:,", b"+1:a,", b" 1:a,", b"1 :a,", b"1;a,", b"x"])
def test_a_netstring_with_a_wrong_number(wrong: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a number"):
        Netstring().decoder().feed(wrong)


def test_a_netstring_without_its_comma() -> None:
    frames, error, _ = same_however_cut(Netstring(), b"1:a,1:b;", [])
    assert (frames, error) == ([b"a"], "ProtocolError the bytes that were counted are not followed by their end")


@given(data=st.binary(max_size=100), size=st.integers(1, 20), sizes=cuts)
def test_fixed(data: bytes, size: int, sizes: list[int]) -> None:
    frames, error, pending = same_however_cut(Fixed(size), data, sizes)
    whole = len(data) // size
    assert frames == [data[i * size : (i + 1) * size] for i in range(whole)]
    assert pending == len(data) - whole * size
    assert error == ("" if pending == 0 else f"IncompleteFrame {IncompleteFrame(pending, size)}")


def test_fixed_sends_its_size_only() -> None:
    assert Fixed(3).encode_many([b"abc", b"def"]) == b"abcdef"
    for wrong in (b"", b"ab", b"abcd"):
        with pytest.raises(ValueError, match="a frame has 3 bytes"):
            Fixed(3).encode(wrong)


LIMITED = [
    lambda n: LengthPrefixed(1, max_frame_bytes=n),
    lambda n: LengthPrefixed(8, byteorder="little", max_frame_bytes=n),
    lambda n: Varint(max_frame_bytes=n),
    lambda n: Netstring(max_frame_bytes=n),
]


@pytest.mark.parametrize("limited", LIMITED)
@pytest.mark.parametrize("limit", [0, 1, 9, 10, 100, 127])
def test_limits_at_below_and_above(limited: Any, limit: int) -> None:
    for n in {max(limit - 1, 0), limit}:
        frame = b"x" * n
        assert same_however_cut(limited(limit), limited(limit).encode(frame) * 2, []) == ([frame] * 2, "", 0)
    above = limited(200).encode(b"x" * (limit + 1))
    frames, error, _ = same_however_cut(limited(limit), limited(limit).encode(b"") + above, [])
    assert (frames, error) == (
        [b""], f"LimitExceeded a frame of {limit + 1} bytes is announced; the limit is {limit}")  # fmt: skip
    head = above[: -limit - 1].rstrip(b",x") if above[-1:] == b"," else above[: -limit - 1]
    with pytest.raises(LimitExceeded):  # the head alone is enough
        limited(limit).decoder().feed(head)
    with pytest.raises(ValueError, match=f"the limit is {limit}"):
        limited(limit).encode(b"x" * (limit + 1))


def test_the_limit_of_a_frame_with_a_header_counts_the_header() -> None:
    framing = LengthPrefixed(2, offset=3, max_frame_bytes=10)
    assert framing.encode(b"abc\0\0hello") == b"abc\0\x05hello"
    assert outcome(framing, [b"abc\0\x05hello"])[0] == [b"abc\0\x05hello"]
    assert "LimitExceeded" in same_however_cut(framing, b"abc\0\x06hello!", [])[1]
    with pytest.raises(ValueError):
        framing.encode(b"abc\0\0hello!")
    with pytest.raises(ValueError, match="begins with its header, of 5 bytes"):
        framing.encode(b"abc\0")


@pytest.mark.parametrize("size, most", [(1, 255), (2, 65535)])
def test_a_length_that_its_number_cannot_hold(size: Any, most: int) -> None:
    for inclusive in (False, True):
        framing, room = LengthPrefixed(size, inclusive=inclusive), most - inclusive * size
        assert outcome(framing, [framing.encode(b"x" * room)])[0] == [b"x" * room]
        with pytest.raises(ValueError, match=f"the limit is {room}"):
            framing.encode(b"x" * (room + 1))


@pytest.mark.parametrize("length", [0, 1, 3])
def test_an_inclusive_length_below_its_own_size(length: int) -> None:
    framing = LengthPrefixed(4, inclusive=True)
    frames, error, _ = same_however_cut(framing, framing.encode(b"a") + number(length, 4, "big") + b"xyz", [])
    assert frames == [b"a"]
    assert error.startswith("ProtocolError the length")


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (LengthPrefixed, {"length_bytes": 5}, "length_bytes: 5 given, expected 1, 2, 3, 4 or 8"),
    (LengthPrefixed, {"byteorder": "middle"}, "byteorder: 'middle' given, expected 'big' or 'little'"),
    (LengthPrefixed, {"offset": -1}, "offset: -1 given, expected a number of bytes from 0 to 65535"),
    (LengthPrefixed, {"offset": 65536}, "offset: 65536 given"),
    (LengthPrefixed, {"length_bytes": 1, "offset": 255, "inclusive": True}, "offset: 255 given"),
    (LengthPrefixed, {"offset": 4, "max_frame_bytes": 7}, "max_frame_bytes: 7 given, expected a number of bytes from "),
    (Varint, {"max_frame_bytes": -1}, "max_frame_bytes: -1 given, expected a number of bytes from 0"),
    (Varint, {"max_frame_bytes": "1"}, "max_frame_bytes: '1' given"),
    (Netstring, {"max_frame_bytes": 1 << 62}, "max_frame_bytes: 4611686018427387904 given"),
    (Fixed, {"frame_bytes": 0}, "frame_bytes: 0 given, expected a number of bytes from 1"),
]


@pytest.mark.parametrize("kind, options, text", WRONG)
def test_wrong_options_are_named(kind: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(**options)
    assert str(caught.value).startswith(text)
