"""unpackb() reads what msgpack-python reads, and refuses what it refuses."""

from typing import Any

import pytest
from hypothesis import given

from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_types import (
    ExtraData,
    ExtType,
    FormatError,
    SizeExceeded,
    Timestamp,
    Truncated,
)
from fastnet.codecs.msgpack_unpack import unpackb

from . import msgpack_oracle as oracle


@given(oracle.messages, oracle.unpack_options)
def test_as_msgpack_python(data: bytes, options: dict[str, Any]) -> None:
    oracle.compare_unpack(data, options)


@given(oracle.values)
def test_round_trip(value: Any) -> None:
    packed = oracle.packed_of(value)
    again = unpackb(packed, strict_map_key=False, unicode_errors="surrogatepass")
    assert oracle.packed_of(again) == packed


@pytest.mark.parametrize("byte", range(256))
def test_every_first_byte(byte: int) -> None:
    for rest in (b"", b"\0" * 20, b"\xff" * 20, b"\x01" * 300):
        for options in ({}, {"strict_map_key": False, "raw": True}):
            oracle.compare_unpack(bytes([byte]) + rest, options)


def test_empty_and_truncated() -> None:
    whole = packb({"a": [1, 2.5, "x" * 40, b"y" * 300, ExtType(1, b"z"), Timestamp(1, 2), {}, [], None, 2**40]})
    for n in range(len(whole)):
        with pytest.raises((Truncated, SizeExceeded)):
            unpackb(whole[:n])
        with pytest.raises(Truncated):
            unpackb(whole[:n], max_array_len=20, max_map_len=20)
    with pytest.raises(ExtraData) as caught:
        unpackb(whole + b"ab")
    assert (caught.value.unpacked, caught.value.extra) == (unpackb(whole), b"ab")


LIMITS = [
    ("max_str_len", "abc"), ("max_str_len", "a" * 40), ("max_bin_len", b"abc"), ("max_array_len", [1, 2, 3]),
    ("max_map_len", {"a": 1, "b": 2, "c": 3}), ("max_ext_len", ExtType(1, b"abc")),
    ("max_ext_len", ExtType(1, b"abcd")),
]  # fmt: skip


@pytest.mark.parametrize("option, value", LIMITS)
def test_limits(option: str, value: Any) -> None:
    n = len(value.data if isinstance(value, ExtType) else value)
    packed = packb(value)
    assert unpackb(packed, **{option: n}) == value  # type: ignore[arg-type]
    assert unpackb(packed, **{option: n + 1}) == value  # type: ignore[arg-type]
    with pytest.raises(SizeExceeded, match=option):
        unpackb(packed, **{option: n - 1})  # type: ignore[arg-type]
    # The header is enough.
    with pytest.raises(SizeExceeded, match=option):
        unpackb(packed[:-1], **{option: n - 1})  # type: ignore[arg-type]


def test_bin_views_are_not_copied() -> None:
    data = bytearray(packb([b"abc", {b"key": b"d" * 300}]))
    first, pairs = unpackb(data, bin_views=True)
    assert isinstance(first, memoryview) and first == b"abc"
    assert pairs[b"key"] == b"d" * 300
    data[3:4] = b"X"
    assert bytes(first) == b"Xbc"
    with pytest.raises(BufferError):
        data.append(1)


BUFFERS = [bytearray(b"\x92\x01\x02"), memoryview(b"\x92\x01\x02"), memoryview(b"\x92-\x01-\x02-")[::2]]


@pytest.mark.parametrize("data", BUFFERS)
def test_every_buffer(data: Any) -> None:
    assert unpackb(data) == [1, 2]


def test_what_is_no_buffer_of_bytes() -> None:
    with pytest.raises(TypeError):
        unpackb("a")  # type: ignore[arg-type]
    with pytest.raises(BufferError):
        unpackb(memoryview(b"abcdefgh").cast("I"))


def test_an_error_of_a_hook_comes_through() -> None:
    packed = packb([[1], {"a": ExtType(1, b"")}])
    for name in ("object_hook", "object_pairs_hook", "list_hook", "ext_hook"):
        with pytest.raises(ZeroDivisionError):
            unpackb(packed, **{name: lambda *_: 1 // 0})  # type: ignore[arg-type]


def test_wrong_options() -> None:
    for options in ({"timestamp": 4}, {"timestamp": -1}, {"max_depth": -1}):
        with pytest.raises(ValueError):
            unpackb(b"\x01", **options)  # type: ignore[arg-type]
    both = {"object_hook": id, "object_pairs_hook": id}
    for wrong in ({"object_hook": 1}, {"ext_hook": 1}, {"unicode_errors": 1}, both):
        with pytest.raises(TypeError):
            unpackb(b"\x01", **wrong)  # type: ignore[arg-type]
    with pytest.raises(FormatError):
        unpackb(b"\xc1")
