"""Arrays of every C type, against packb() and unpackb() of the list."""

import sys
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.msgpack_arrays import pack_array, unpack_array
from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_types import ExtraData, InvalidValue, SizeExceeded, Truncated
from fastnet.codecs.msgpack_unpack import unpackb

INTS = "bBhHiIlLqQ"
EDGES = sorted({sign * (1 << bits) + add for bits in range(64) for sign in (1, -1) for add in (-1, 0, 1)})


def least_and_most(code: str) -> tuple[int, int]:
    bits = 8 * array(code).itemsize
    return (0, (1 << bits) - 1) if code.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)


def ints(code: str) -> st.SearchStrategy[int]:
    least, most = least_and_most(code)
    return st.one_of(st.integers(least, most), st.sampled_from([n for n in EDGES if least <= n <= most]))


items = st.one_of(
    st.sampled_from(INTS).flatmap(lambda code: st.tuples(st.just(code), st.lists(ints(code), max_size=40))),
    st.tuples(st.just("d"), st.lists(st.floats(), max_size=40)),
    st.tuples(st.just("f"), st.lists(st.floats(width=32), max_size=40)),
)


@given(items)
def test_as_a_list(pair: tuple[str, list[Any]]) -> None:
    code, numbers = pair
    typed = array(code, numbers)
    packed = pack_array(typed)
    assert packed == packb(typed.tolist(), use_single_float=code == "f")
    assert unpack_array(packed, code).tobytes() == typed.tobytes()
    assert pack_array(memoryview(typed)) == packed


@pytest.mark.parametrize("code", INTS)
def test_every_edge(code: str) -> None:
    least, most = least_and_most(code)
    fitting = [n for n in EDGES if least <= n <= most]
    assert pack_array(array(code, fitting)) == packb(fitting)
    assert unpack_array(packb(fitting), code).tolist() == fitting
    for n in EDGES:
        if not least <= n <= most and -(1 << 63) <= n < 1 << 64:
            with pytest.raises(InvalidValue, match="item 1 "):
                unpack_array(packb([0, n]), code)


# Every form in which a 1 can be written.
ONES = ["01", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001"]
ONES += ["d30000000000000001"]


@pytest.mark.parametrize("code", INTS + "fd")
def test_every_form(code: str) -> None:
    packed = bytes.fromhex("99" + "".join(ONES))
    assert unpack_array(packed, code).tolist() == [1] * 9
    if code in "fd":
        assert unpack_array(bytes.fromhex("93ca3f800000cb3ff0000000000000d0ff"), code).tolist() == [1, 1, -1]
    for n in range(len(packed)):
        with pytest.raises(Truncated):
            unpack_array(packed[:n], code)
    with pytest.raises(ExtraData):
        unpack_array(packed + b"1", code)


def exact(n: float, code: str) -> bool:
    try:
        return n != n or array(code, [n])[0] == n
    except OverflowError:
        return False


numbers = st.one_of(st.integers(-(2**63), 2**64 - 1), st.sampled_from(EDGES), st.floats())


@given(st.lists(numbers, min_size=1, max_size=3))
def test_floats_take_what_they_hold_exactly(numbers: list[Any]) -> None:
    numbers = [n for n in numbers if isinstance(n, float) or -(2**63) <= n < 2**64]
    for code in "fd":
        if all(exact(n, code) for n in numbers):
            assert unpack_array(packb(numbers), code).tobytes() == array(code, numbers).tobytes()
        else:
            with pytest.raises(InvalidValue):
                unpack_array(packb(numbers), code)


@pytest.mark.parametrize("packed", [b"\x01", b"\x80", b"\xc1", b"\xc0", b"\xa1a"])
def test_what_is_no_array(packed: bytes) -> None:
    with pytest.raises(InvalidValue):
        unpack_array(packed, "d")


@pytest.mark.parametrize("item", [b"\xc0", b"\xc3", b"\xa0", b"\x90", b"\x80", b"\xc4\x00", b"\xd4\x01\x01", b"\xc1"])
@pytest.mark.parametrize("code", ["B", "q", "d", "f"])
def test_what_is_no_number(item: bytes, code: str) -> None:
    with pytest.raises(InvalidValue, match="item 2 "):
        unpack_array(b"\x93\x01\x01" + item, code)


def test_limits() -> None:
    packed = pack_array(array("d", [1, 2, 3]))
    assert len(unpack_array(packed, "d", max_array_len=3)) == len(unpack_array(packed, "d", max_array_len=4)) == 3
    with pytest.raises(SizeExceeded):
        unpack_array(packed, "d", max_array_len=2)
    with pytest.raises(Truncated):
        unpack_array(b"\xdd\xff\xff\xff\xff" + bytes(100), "d")


def test_sizes() -> None:
    for n in (0, 1, 6, 7, 8, 14, 15, 16, 17, 63, 64, 65, 1000, 65535, 65536):
        typed = array("d", range(n))
        assert unpackb(pack_array(typed)) == typed.tolist()
        assert unpack_array(packb(typed.tolist()), "d") == typed


@pytest.mark.parametrize("code, item", [("f", "caff9c00b4"), ("d", "cbfff4000000000001")])
def test_bits_of_what_is_no_number_stay(code: str, item: str) -> None:
    bits = bytes.fromhex(item[2:])[::-1] * 20
    packed = b"\xdc\x00\x14" + bytes.fromhex(item) * 20
    numbers = array(code, bits)
    if sys.byteorder == "big":
        numbers.byteswap()
    assert unpack_array(packed, code).tobytes() == numbers.tobytes()
    assert pack_array(numbers) == packed


def test_wrong_types() -> None:
    for wrong in ("a", [1], 5):
        with pytest.raises(TypeError):
            pack_array(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="format"):
        pack_array(memoryview(b"abcd").cast("?"))
    with pytest.raises(TypeError, match="dimensions"):
        pack_array(memoryview(b"abcd").cast("B", (2, 2)))
    with pytest.raises(BufferError):
        pack_array(memoryview(b"abcd")[::2])
    for code in ("u", "x", "dd", ""):
        with pytest.raises((TypeError, ValueError)):
            unpack_array(b"\x90", code)
