"""The decoder under unpackb(): nesting, memory, keys. Streams are in test_msgpack_stream."""

import pytest

from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_types import InvalidValue, SizeExceeded, StackError, Truncated
from fastnet.codecs.msgpack_unpack import unpackb


@pytest.mark.parametrize("wrap", [b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\xdd\x00\x00\x00\x01"])
@pytest.mark.parametrize("depth", [1, 2, 15, 16, 17, 33, 1024])
def test_depth(wrap: bytes, depth: int) -> None:
    for inside in (b"\x01", b"\x90"):
        packed = wrap * (depth - 1) + (b"\x90" if inside == b"\x90" else b"\x91\x01")
        unpackb(packed, max_depth=depth)
        unpackb(packed, max_depth=depth + 1)
        with pytest.raises(StackError):
            unpackb(packed, max_depth=depth - 1)
    with pytest.raises(StackError):
        unpackb(wrap * 1025)


def test_claims_of_what_is_not_there_take_no_memory() -> None:
    with pytest.raises(SizeExceeded):
        unpackb(b"\xdd\xff\xff\xff\xff")
    # 1024 arrays, one in the other, each of as many items as there are bytes.
    with pytest.raises(Truncated):
        unpackb(b"\xdd\x00\x10\x00\x00" * 1024 + bytes(1 << 20), max_array_len=1 << 30)
    with pytest.raises(Truncated):
        unpackb(b"\xdf\x00\x10\x00\x00\xa1a" * 1000 + b"\xa1a" * (1 << 19), max_map_len=1 << 30)


def test_keys_that_come_again() -> None:
    names = ["", "a", "ab", "abc", "abcd", "abcde", "12345678", "123456789", "1" * 16, "1" * 17, "1" * 24, "1" * 25]
    names += [name[:-1] + "é" for name in names if name] + [f"key{i}" for i in range(300)]
    rows = [{name: i for i, name in enumerate(names)} for _ in range(3)]
    assert unpackb(packb(rows)) == rows
    assert [list(row) for row in unpackb(packb(rows))] == [names] * 3


def test_keys() -> None:
    for options in ({}, {"object_pairs_hook": list}):
        with pytest.raises(InvalidValue, match="int is not allowed"):
            unpackb(b"\x81\x01\x02", **options)
    assert unpackb(b"\x81\x01\x02", strict_map_key=False) == {1: 2}
    assert unpackb(b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}
    with pytest.raises(TypeError, match="unhashable"):
        unpackb(b"\x81\x90\x02", strict_map_key=False)
