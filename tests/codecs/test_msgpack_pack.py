"""packb() writes what msgpack-python writes, and refuses what it refuses."""

import datetime
from typing import Any

import pytest
from hypothesis import given

from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_types import ExtType, Timestamp

from . import msgpack_oracle as oracle


@given(oracle.values, oracle.pack_options)
def test_as_msgpack_python(value: Any, options: dict[str, Any]) -> None:
    oracle.compare_pack(value, options)


# The forms of the specification, at the edges of each.
FORMS = [
    (None, "c0"), (False, "c2"), (True, "c3"), (0, "00"), (127, "7f"), (128, "cc80"), (255, "ccff"), (256, "cd0100"),
    (65535, "cdffff"), (65536, "ce00010000"), (2**32 - 1, "ceffffffff"), (2**32, "cf0000000100000000"),
    (2**64 - 1, "cf" + "ff" * 8), (-1, "ff"), (-32, "e0"), (-33, "d0df"), (-128, "d080"), (-129, "d1ff7f"),
    (-32768, "d18000"), (-32769, "d2ffff7fff"), (-(2**31), "d280000000"), (-(2**31) - 1, "d3ffffffff7fffffff"),
    (-(2**63), "d38000000000000000"), (1.5, "cb3ff8000000000000"), ("", "a0"), ("a" * 31, "bf" + "61" * 31),
    ("a" * 32, "d920" + "61" * 32), ("é", "a2c3a9"), (b"", "c400"), (b"x", "c40178"), ([], "90"),
    ([1] * 15, "9f" + "01" * 15), ([1] * 16, "dc0010" + "01" * 16), ({}, "80"),
    ({"a": 1}, "81a16101"), (ExtType(5, b"1"), "d40531"),
    (ExtType(5, b"123"), "c70305313233"), (ExtType(5, b""), "c70005"), (Timestamp(1), "d6ff00000001"),
    (Timestamp(2**34 - 1, 1), "d7ff" + (1 << 34 | 2**34 - 1).to_bytes(8, "big").hex()),
    (Timestamp(-1, 5), "c70cff00000005ffffffffffffffff"),
]  # fmt: skip


@pytest.mark.parametrize("value, packed", FORMS)
def test_forms(value: Any, packed: str) -> None:
    assert packb(value).hex() == packed


@pytest.mark.parametrize("kind, least, most", [("bin", 0xC4, 0xC6), ("str", 0xD9, 0xDB), ("array", 0xDC, 0xDD)])
def test_lengths_of_every_size(kind: str, least: int, most: int) -> None:
    make = {"bin": lambda n: b"x" * n, "str": lambda n: "x" * n, "array": lambda n: [1] * n}[kind]
    for n, first in [(255, least), (256, most - 1), (65535, most - 1), (65536, most)]:
        packed = packb(make(n))
        assert packed[0] == (first if kind != "array" else {65536: most}.get(n, least))
        assert len(packed) == n + {0xC4: 2, 0xD9: 2, 0xC5: 3, 0xDA: 3, 0xDC: 3}.get(packed[0], 5)


def nested(depth: int, wrap: Any) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: (v,), lambda v: {"a": v}, lambda v: oracle.Items([v])])
def test_depth(wrap: Any) -> None:
    assert len(packb(nested(1023, wrap))) >= 1023
    assert len(packb(nested(1024, wrap))) >= 1024
    with pytest.raises(ValueError, match="recursion"):
        packb(nested(1025, wrap))


def test_a_list_in_itself() -> None:
    inside: list[Any] = []
    inside.append(inside)
    with pytest.raises(ValueError, match="recursion"):
        packb(inside)


@pytest.mark.parametrize("change", [list.clear, lambda items: items.append(1), lambda items: items.pop()])
def test_a_list_that_changes_meanwhile(change: Any) -> None:
    items = [object(), object(), 1]
    with pytest.raises(RuntimeError, match="changed size"):
        packb(items, default=lambda _: change(items))


@pytest.mark.parametrize("change", [dict.clear, lambda d: d.update(new=1), lambda d: d.popitem()])
def test_a_dict_that_changes_meanwhile(change: Any) -> None:
    pairs = {"a": object(), "b": 2, "c": 3}
    with pytest.raises(RuntimeError, match="changed size"):
        packb(pairs, default=lambda _: change(pairs))


def test_a_key_that_takes_its_value_away() -> None:
    pairs: dict[Any, Any] = {oracle.Unknown(): "value " * 10}

    def default(_: Any) -> str:
        pairs.clear()
        return "key"

    assert packb(pairs, default=default) == packb({"key": "value " * 10})


def test_an_error_of_default_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        packb([1, {"a": object()}] * 3000, default=lambda _: 1 // 0)


@pytest.mark.parametrize("size", [2000, 2040, 2047, 2048, 2049, 5000, 100_000, 10_000_000])
def test_the_first_memory_is_outgrown(size: int) -> None:
    assert packb(["x" * size, 1, {"a": b"y" * size}])[-size:] == b"y" * size


def test_datetime() -> None:
    moment = datetime.datetime(2000, 1, 1, 12, 30, 15, 999_999, datetime.timezone(datetime.timedelta(hours=-7)))
    assert packb(moment, datetime=True) == packb(Timestamp.from_datetime(moment))
    with pytest.raises(TypeError):
        packb(moment)
    with pytest.raises(ValueError, match="tzinfo"):
        packb(moment.replace(tzinfo=None), datetime=True)


@pytest.mark.parametrize("options", [{"default": 1}, {"unicode_errors": 1}, {"what": 1}])
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        packb(1, **options)
