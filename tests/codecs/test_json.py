"""JSON with orjson and without: one behaviour, which is checked against the standard library's."""

import dataclasses
import datetime
import enum
import importlib.util
import json as stdlib
import math
import uuid
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs import json
from fastnet.codecs.json import JSONDecodeError, dumps, loads
from fastnet.errors import ConfigError, LimitExceeded, ProtocolError

LIBRARIES = ["json", *(["orjson"] if importlib.util.find_spec("orjson") else [])]
WITH = json._orjson


def without() -> None:
    """What finds orjson where it is not installed."""


@pytest.fixture(params=LIBRARIES, autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "_orjson", without if request.param == "json" else WITH)


def both(function: Any, *args: Any, **options: Any) -> Any:
    """The result, or the error, with orjson and without, which must be one."""
    outcomes = []
    for found in (WITH, without):
        json._orjson = found
        try:
            outcomes.append(repr(function(*args, **options)))
        except Exception as error:
            outcomes.append(f"{type(error).__name__}: {error}")
    assert len(set(outcomes)) == 1, outcomes
    return outcomes[0]


FLOATS = st.floats() | st.sampled_from(
    [1e16, 1e22, 1e-5, 1.5e-5, 1e-7, 0.0001, -0.0, 5e-324, 1.7e308, 1e15, 123456789.0]
)
INTS = st.integers() | st.integers(-(2**65), 2**65) | st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63)])
TEXT = st.text() | st.text(st.sampled_from('e."\\N 0aé\u2028\x00\x7f😀NaN1-'))
KEYS = TEXT | INTS | FLOATS | st.booleans() | st.none()
VALUES = st.recursive(
    st.none() | st.booleans() | INTS | FLOATS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=15,
)


@given(VALUES, st.booleans())
def test_dumps_is_the_standard_librarys(value: Any, sort_keys: bool) -> None:
    ours = both(dumps, value, sort_keys=sort_keys)
    try:
        theirs = stdlib.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
        stdlib.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return
    assert ours == repr(theirs.encode())


@given(VALUES)
def test_what_was_written_is_read_again(value: Any) -> None:
    text = stdlib.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "NaN" in text or "Infinity" in text:
        return
    expected = repr(stdlib.loads(text))
    for data in (text, text.encode(), bytearray(text.encode()), memoryview(text.encode()), stdlib.dumps(value)):
        assert both(loads, data) == expected


@given(
    st.text(st.sampled_from('[]{}",:\\ud8dc0123456789eE+-. truefalsnNIity\n\x1f\ufeff'), max_size=30)
    | st.binary(max_size=20)
)
def test_any_input_has_one_outcome(data: str | bytes) -> None:
    both(loads, data)
    both(loads, data, unique_keys=True, allow_nan=True)


@pytest.mark.parametrize(
    "text", ["", "[1,]", "[1]x", "\ufeff1", "01", "+1", ".5", "1.", "nul", '"\n"', "'a'", "[", '"a', "{1:2}"]
)
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(JSONDecodeError, match="not JSON") as error:
        loads(text)
    assert isinstance(error.value, ProtocolError) and isinstance(error.value, ValueError) and error.value.status == 400


@pytest.mark.parametrize("data", [b'"\xff"', b'"\xed\xa0\x80"', rb'"\ud800"', '"\ud800"'])
def test_what_is_no_text(data: bytes | str) -> None:
    with pytest.raises(JSONDecodeError):
        loads(data)


def test_integers_are_exact() -> None:
    for value in (2**64, -(2**63) - 1, 10**400, 2**64 - 1):
        assert loads(str(value)) == value and dumps(value) == str(value).encode()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "[1e99999]", "1" * 310 + ".0"])
def test_no_finite_number_is_refused_unless_asked_for(text: str) -> None:
    with pytest.raises(JSONDecodeError):
        loads(text)
    allowed = loads(text, allow_nan=True)
    assert not math.isfinite(allowed[0] if isinstance(allowed, list) else allowed)


def test_equal_keys() -> None:
    text = b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}'
    assert loads(text) == {"a": 3, "b": {"c": 2}}
    with pytest.raises(JSONDecodeError, match="'c' twice"):
        loads(text, unique_keys=True)
    assert loads(b'{"a": {"a": 1}}', unique_keys=True) == {"a": {"a": 1}}
    with pytest.raises(JSONDecodeError, match="twice"):
        loads(rb'{"a": 1, "\u0061": 2}', unique_keys=True)


def test_limits() -> None:
    for depth in (1, 2, json.MAX_DEPTH - 1):
        text = b"[" * depth + b"]" * depth
        assert loads(text, max_depth=depth) == loads(text, max_depth=depth + 1)
        with pytest.raises(LimitExceeded, match="deep"):
            loads(text.replace(b"[]", b"[{}]"), max_depth=depth)
    assert loads(b"[1]", max_bytes=3) == loads(b"[1]", max_bytes=4) == [1]
    with pytest.raises(LimitExceeded, match="3 bytes") as error:
        loads(b"[1]", max_bytes=2)
    assert error.value.status == 413
    for wrong in (0, json.MAX_DEPTH + 1):
        with pytest.raises(ConfigError, match="max_depth"):
            loads(b"1", max_depth=wrong)


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Point:
    x: int


def test_what_dumps_knows() -> None:
    assert dumps([Colour.RED, Number.ONE, uuid.UUID(int=1), Pair(1, 2), OrderedDict(a=1), True]) == (
        b'["red",1,"00000000-0000-0000-0000-000000000001",[1,2],{"a":1},true]'
    )
    assert dumps({1: "a", None: "b", 1.5: "c", False: "d"}) == b'{"1":"a","null":"b","1.5":"c","false":"d"}'
    for value in (Point(1), datetime.date(2026, 1, 1), {1, 2}, b"a", object(), {(1, 2): 3}):
        with pytest.raises(TypeError):
            dumps(value)
    assert dumps([Point(1), Pair(1, 2), float("nan")], default=lambda p: {"x": p.x}) == b'[{"x":1},[1,2],null]'


def test_nan_is_null_or_refused() -> None:
    value = {"NaN": [math.nan, math.inf, -math.inf, 'a NaN, \\"Infinity'], "n": None}
    assert dumps(value) == b'{"NaN":[null,null,null,"a NaN, \\\\\\"Infinity"],"n":null}'
    with pytest.raises(ValueError):
        dumps(value, nan="refuse")
    assert dumps([None, 1.5, "NaN"], nan="refuse") == b'[null,1.5,"NaN"]'
    with pytest.raises(ConfigError):
        dumps(1, nan="allow")  # type: ignore[arg-type]


def test_what_cannot_be_written() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (loop, deep, "\ud800", {"\ud800": 1}):
        with pytest.raises(ValueError):
            dumps(value)
