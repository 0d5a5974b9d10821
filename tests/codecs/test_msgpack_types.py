"""ExtType, Timestamp and the errors are those of msgpack-python."""

import datetime
import pickle
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs import msgpack_types as types
from fastnet.errors import FastnetError, LimitExceeded

from .msgpack_oracle import outcome

NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.just(10**9), st.just("1"), st.none())


@given(NUMBERS, NUMBERS)
def test_timestamp_as_msgpack_python(seconds: Any, nanoseconds: Any) -> None:
    ours, theirs = types.Timestamp, msgpack.Timestamp
    assert outcome(lambda: ours(seconds, nanoseconds)) == outcome(lambda: theirs(seconds, nanoseconds))
    if not isinstance(seconds, int) or not isinstance(nanoseconds, int) or not 0 <= nanoseconds < 10**9:
        return
    a, b = ours(seconds, nanoseconds), theirs(seconds, nanoseconds)
    assert a.to_bytes() == b.to_bytes()
    assert ours.from_bytes(a.to_bytes()) == a
    assert (a.to_unix(), a.to_unix_nano(), repr(a), hash(a)) == (b.to_unix(), b.to_unix_nano(), repr(b), hash(b))
    assert ours.from_unix_nano(a.to_unix_nano()) == a
    assert outcome(a.to_datetime) == outcome(b.to_datetime)
    assert pickle.loads(pickle.dumps(a)) == a
    assert a != ours(seconds, (nanoseconds + 1) % 10**9)
    assert a != seconds


@given(st.floats(-1e10, 1e10))
def test_from_unix(seconds: float) -> None:
    assert outcome(lambda: types.Timestamp.from_unix(seconds)) == outcome(lambda: msgpack.Timestamp.from_unix(seconds))


@given(st.datetimes(timezones=st.sampled_from([None, datetime.UTC])))
def test_from_datetime(moment: datetime.datetime) -> None:
    ours, theirs = types.Timestamp.from_datetime, msgpack.Timestamp.from_datetime
    assert outcome(lambda: ours(moment)) == outcome(lambda: theirs(moment))


@given(st.binary(max_size=14))
def test_from_bytes(data: bytes) -> None:
    assert outcome(lambda: types.Timestamp.from_bytes(data)) == outcome(lambda: msgpack.Timestamp.from_bytes(data))


@pytest.mark.parametrize("code, data", [(0, b""), (127, b"a"), (128, b""), (-1, b""), ("1", b""), (1, "a"), (1.0, b"")])
def test_ext_type(code: Any, data: Any) -> None:
    assert outcome(lambda: types.ExtType(code, data)) == outcome(lambda: msgpack.ExtType(code, data))


def test_ext_type_is_a_pair() -> None:
    ext = types.ExtType(5, b"data")
    assert ext == (5, b"data") and ext.code == 5 and ext.data == b"data"
    assert repr(ext) == "ExtType(code=5, data=b'data')"
    assert pickle.loads(pickle.dumps(ext)) == ext


ERRORS = ["UnpackException", "OutOfData", "BufferFull", "FormatError", "StackError", "ExtraData"]


@pytest.mark.parametrize("name", ERRORS)
def test_errors_have_the_bases_of_msgpack_python(name: str) -> None:
    bases = {kind.__name__ for kind in getattr(msgpack, name).__mro__}
    ours = getattr(types, name)
    assert bases <= {kind.__name__ for kind in ours.__mro__}
    assert issubclass(ours, FastnetError)


@pytest.mark.parametrize("kind", [types.BufferFull, types.StackError, types.SizeExceeded])
def test_limits(kind: type[Exception]) -> None:
    assert issubclass(kind, LimitExceeded)


@pytest.mark.parametrize("error", [types.OutOfData(), types.FormatError("why"), types.ExtraData([1], b"2")])
def test_errors_say_something_and_can_be_pickled(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) != ""
    assert vars(again) == vars(error)
