"""What needs no server: how values are packed, within which limits, and times to live."""

import time
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.clients.memcache_commands import (
    FLAG_INTEGER,
    FLAG_PICKLE,
    FLAG_TEXT,
    FLAG_ZLIB,
    Commands,
    Packing,
    exptime_of,  # fmt: skip
)
from fastnet.codecs.memcache import encode_get
from fastnet.errors import ConfigError, FastnetError, LimitExceeded


@given(st.binary(max_size=300) | st.text(max_size=300) | st.integers(-(2**70), 2**70), st.sampled_from([0, 1, 100]))
def test_values_come_back(value: Any, least: int) -> None:
    packing = Packing(min_compress_bytes=least)
    back = packing.unpack(*packing.pack(value))
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("size, packed", [(4095, False), (4096, True), (5000, True)])
def test_large_values_are_compressed(size: int, packed: bool) -> None:
    data, flags = Packing().pack(b"x" * size)
    assert (len(data) < size, flags) == (packed, FLAG_ZLIB if packed else 0)
    assert Packing().pack("x" * size)[1] == (FLAG_TEXT | FLAG_ZLIB if packed else FLAG_TEXT)
    assert Packing(min_compress_bytes=0).pack(b"x" * size)[1] == 0


def test_what_does_not_get_smaller_stays_as_it_is() -> None:
    noise = zlib.compress(bytes(range(256)) * 10)
    noise = b"".join(zlib.crc32(noise + bytes([n % 256, n // 256])).to_bytes(4, "big") for n in range(3000))
    assert Packing().pack(noise) == (noise, 0)


@pytest.mark.parametrize("size, fits", [(9_999, True), (10_000, True), (10_001, False), (50_000_000, False)])
def test_a_compressed_value_expands_to_the_limit_only(size: int, fits: bool) -> None:
    data = zlib.compress(bytes(size))
    packing = Packing(max_expanded_bytes=10_000)
    if fits:
        assert packing.unpack(data, FLAG_ZLIB) == bytes(size)
    else:
        with pytest.raises(LimitExceeded, match="more than 10000 bytes"):
            packing.unpack(data, FLAG_ZLIB)


@pytest.mark.parametrize("data, flags", [
    (b"x", FLAG_ZLIB), (zlib.compress(b"hello")[:-2], FLAG_ZLIB), (b"\xff", FLAG_TEXT), (b"x", FLAG_INTEGER),
    (b"cos\nsystem\n", FLAG_PICKLE)])  # fmt: skip
def test_what_cannot_be_read_is_an_error(data: bytes, flags: int) -> None:
    with pytest.raises(FastnetError):
        Packing().unpack(data, flags)


@pytest.mark.parametrize("value", [None, 1.5, True, [1], bytearray(b"x")])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="a value is bytes, str or int"):
        Packing().pack(value)


@pytest.mark.parametrize("option", ["min_compress_bytes", "max_expanded_bytes"])
@pytest.mark.parametrize("value", [-1, "1", True])
def test_options(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Packing(**{option: value})
    assert caught.value.option == option


def test_times_to_live() -> None:
    assert [exptime_of(ttl) for ttl in (None, 0.1, 1, 1.5, 2592000)] == [0, 1, 1, 2, 2592000]
    # A month and more would be read as a time in 1970.
    assert abs(exptime_of(2592001) - (time.time() + 2592001)) < 5
    for wrong in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="ttl_s"):
            exptime_of(wrong)


def test_keys_of_a_line_are_few_enough_for_any_server() -> None:
    steps = Commands(["a:1"], Packing(), "raise").get_many([f"{number:0250}" for number in range(1000)])
    calls = next(steps)
    assert [len(call.data) for call in calls] == [250] * 4
    assert all(len(encode_get(call.data)) < 65536 for call in calls)
    assert list(Commands(["a:1"], Packing(), "raise").get_many([])) == []


def test_unreachable() -> None:
    with pytest.raises(ConfigError):
        Commands(["a:1"], Packing(), "ignore")  # type: ignore[arg-type]
