"""Unpacker does what msgpack-python's does, however the stream is cut; and its own."""

import io
import itertools
import sys
import threading
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_stream import Unpacker
from fastnet.codecs.msgpack_types import (
    BufferFull,
    ExtType,
    FormatError,
    InvalidValue,
    OutOfData,
    SizeExceeded,
    StackError,
    Truncated,
    UnpackException,
)

from . import msgpack_oracle as oracle


def read(unpacker: Any, pieces: list[bytes]) -> list[Any]:
    """All objects that the pieces hold, then what ended them."""
    found: list[Any] = []
    for piece in pieces:
        try:
            unpacker.feed(piece)
            for value in unpacker:
                found.append(oracle.canonical(value))
        except Exception as error:
            found.append(oracle.error_name(error))
            return found
    return [*found, unpacker.tell()]


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(n % (len(data) + 1) for n in at), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


# So that too long a header is waited for, as theirs does: ours would refuse it.
UNLIMITED: dict[str, Any] = dict.fromkeys(("max_str_len", "max_bin_len", "max_ext_len"), 1 << 32)
streams = st.lists(oracle.messages, max_size=4).map(b"".join)


@given(streams, st.lists(st.integers(0, 2000), max_size=6), oracle.unpack_options)
def test_any_chunking(data: bytes, at: list[int], options: dict[str, Any]) -> None:
    if options.get("timestamp", 0) not in range(4):
        return
    options |= UNLIMITED
    expected = read(msgpack.Unpacker(**options), [data])
    for pieces in ([data], [bytes([byte]) for byte in data], cut(data, at)):
        assert read(Unpacker(**options), pieces) == expected
        assert read(Unpacker(**options), [bytearray(piece) for piece in pieces]) == expected  # type: ignore[misc]
        listed, unpacker = [], Unpacker(**options)
        try:
            for piece in pieces:
                listed += [oracle.canonical(value) for value in unpacker.unpack_all(piece)]
            listed.append(unpacker.tell() if unpacker.unpack_all() == [] else None)
        except Exception as error:
            listed.append(oracle.error_name(error))
        assert listed == expected


METHODS = ["unpack", "skip", "read_array_header", "read_map_header", "tell", "next", "read_bytes"]
STEP = st.one_of(st.sampled_from(METHODS), st.binary(max_size=3), oracle.values.map(oracle.packed_of))


def step(unpacker: Any, what: Any) -> Any:
    if isinstance(what, bytes):
        return unpacker.feed(what)
    if what == "next":
        return next(unpacker, "nothing")
    return unpacker.read_bytes(2) if what == "read_bytes" else getattr(unpacker, what)()


@given(st.lists(STEP, max_size=12))
def test_methods_as_msgpack_python(steps: list[Any]) -> None:
    ours, theirs = (kind(strict_map_key=False, **UNLIMITED) for kind in (Unpacker, msgpack.Unpacker))
    skipping = False
    for what in steps:
        before = theirs.tell()
        expected = oracle.outcome(lambda: step(theirs, what))  # noqa: B023
        if what == "skip":  # left in the middle of an object, until a further skip() is through it
            skipping = expected[0] == "OutOfData" and (skipping or theirs.tell() > before)
        if what == "tell" and skipping:
            continue  # ours has passed over bytes that theirs keeps
        assert oracle.outcome(lambda: step(ours, what)) == expected  # noqa: B023
        if expected[0] in ("FormatError", "StackError", "UnicodeDecodeError", "TypeError", "OverflowError"):
            return  # theirs goes on at some byte
        if expected[0] == "ValueError" and what in ("unpack", "next", "skip") and not skipping:
            return


@given(streams, st.integers(1, 40), st.integers(0, 3))
def test_files(data: bytes, read_size: int, cut_off: int) -> None:
    data = data[: len(data) - cut_off]
    expected = read(msgpack.Unpacker(**UNLIMITED), [data])
    unpacker = Unpacker(io.BytesIO(data), read_size=read_size, **UNLIMITED)
    found: list[Any] = []
    try:
        for value in unpacker:
            found.append(oracle.canonical(value))
        assert found == expected[:-1]
        assert unpacker.tell() == len(data)
    except Truncated:
        assert found == expected[:-1]
        assert isinstance(expected[-1], int)
        with pytest.raises(Truncated):
            next(unpacker)
    except Exception as error:
        assert [*found, oracle.error_name(error)] == expected


def test_a_truncated_stream_is_never_silent() -> None:
    whole = packb({"a": [1, "text", b"x" * 300]})
    for n in range(1, len(whole)):
        with pytest.raises(Truncated, match=f"at byte {n};"):
            list(Unpacker(io.BytesIO(whole[:n])))
        fed = Unpacker()
        assert fed.unpack_all(whole[:n]) == []
        with pytest.raises(Truncated, match=f"at byte {n};"):
            fed.feed_eof()
    ended = Unpacker()
    ended.feed(whole)
    assert ended.unpack_all() == [{"a": [1, "text", b"x" * 300]}]
    ended.feed_eof()
    with pytest.raises(OutOfData):
        ended.unpack()
    with pytest.raises(UnpackException, match="end"):
        ended.feed(b"1")


BROKEN = [(b"\xc1", FormatError), (b"\x91" * 1025, StackError), (b"\xa1\xff", UnicodeDecodeError)]


@pytest.mark.parametrize("bad, error", BROKEN)
def test_errors_are_final_and_lose_nothing(bad: bytes, error: type[Exception]) -> None:
    unpacker = Unpacker()
    assert unpacker.unpack_all(b"\x01\x02" + bad + b"\x03") == [1, 2]
    with pytest.raises(error):
        unpacker.unpack_all(b"")
    calls = [unpacker.unpack, unpacker.skip, unpacker.feed_eof, lambda: unpacker.feed(b"1"), lambda: list(unpacker)]
    for call in calls:
        with pytest.raises(UnpackException, match="make a new one"):
            call()
    unpacker.__init__()  # type: ignore[misc]
    assert unpacker.unpack_all(b"\x05") == [5]


def test_max_buffer_size() -> None:
    for n in (9, 10):
        unpacker = Unpacker(max_buffer_size=10)
        unpacker.feed(b"\x01" * n)
        assert unpacker.unpack_all() == [1] * n
        unpacker.feed(b"\x02" * n)
        assert unpacker.unpack_all() == [2] * n
    unpacker = Unpacker(max_buffer_size=10)
    with pytest.raises(BufferFull):
        unpacker.feed(b"\x01" * 11)
    unpacker.feed(b"\x01" * 5)
    with pytest.raises(BufferFull):
        unpacker.feed(b"\x01" * 6)
    unpacker.feed(b"\x01" * 5)
    assert unpacker.unpack_all() == [1] * 10
    assert Unpacker(io.BytesIO(b"\xc4\x08" + b"x" * 8), max_buffer_size=10).unpack() == b"x" * 8
    with pytest.raises(SizeExceeded):
        Unpacker(io.BytesIO(b"\xc4\x0b" + b"x" * 11), max_buffer_size=10).unpack()
    with pytest.raises(BufferFull):
        Unpacker(io.BytesIO(b"\xc4\x0b" + b"x" * 11), max_buffer_size=10, max_bin_len=20).unpack()


LIMITS = [("max_str_len", "abc"), ("max_bin_len", b"abc"), ("max_array_len", [1, 2, 3])]
LIMITS += [("max_ext_len", ExtType(1, b"abc"))]


@pytest.mark.parametrize("option, value", LIMITS)
def test_limits_need_the_header_only(option: str, value: Any) -> None:
    packed = packb(value)
    for most in (3, 4):
        assert Unpacker(**{option: most}).unpack_all(packed) == [value]  # type: ignore[arg-type]
    unpacker = Unpacker(**{option: 2})  # type: ignore[arg-type]
    with pytest.raises(SizeExceeded, match=option):
        unpacker.unpack_all(packed[:3])


@pytest.mark.parametrize("depth", [1, 2, 17, 1024])
def test_depth(depth: int) -> None:
    packed = b"\x91" * depth + b"\x01"
    for most in (depth, depth + 1):
        assert len(Unpacker(max_depth=most).unpack_all(packed)) == 1
        unpacker = Unpacker(max_depth=most)
        unpacker.feed(packed)
        unpacker.skip()
    for method in ("unpack", "skip"):
        unpacker = Unpacker(max_depth=depth - 1)
        unpacker.feed(packed)
        with pytest.raises(StackError):
            getattr(unpacker, method)()


def test_skip_in_pieces() -> None:
    packed = packb([{"a": b"x" * 1000}, [1, [2, "three"]], ExtType(5, b"abc")])
    for size in (1, 2, 7, 100, len(packed)):
        unpacker = Unpacker(max_buffer_size=max(size, 20))
        for at in range(0, len(packed), size):
            unpacker.feed(packed[at : at + size])
            if at + size < len(packed):
                with pytest.raises(OutOfData):
                    unpacker.skip()
        unpacker.skip()
        assert unpacker.tell() == len(packed)
        assert unpacker.unpack_all(b"\x01") == [1]


def test_headers_and_items() -> None:
    unpacker = Unpacker()
    unpacker.feed(packb([1, {"a": 2}]) + b"rest")
    assert (unpacker.read_array_header(), unpacker.unpack(), unpacker.read_map_header()) == (2, 1, 1)
    with pytest.raises(InvalidValue, match="Unexpected type header"):
        unpacker.read_map_header()
    assert (unpacker.unpack(), unpacker.unpack()) == ("a", 2)
    assert (unpacker.read_bytes(2), unpacker.read_bytes(5), unpacker.read_bytes(1)) == (b"re", b"st", b"")
    with pytest.raises(ValueError):
        unpacker.read_bytes(-1)
    file = Unpacker(io.BytesIO(b"\x01abcdef"), read_size=2)
    assert (file.unpack(), file.read_bytes(4), file.read_bytes(9), file.tell()) == (1, b"abcd", b"ef", 7)


def test_bin_views_stay_as_they_were() -> None:
    packed = b"".join(packb([i, bytes([i]) * (i * 7)]) for i in range(100))
    for size in (1, 10, 64, 1000, len(packed)):
        unpacker, found = Unpacker(bin_views=True), []
        for at in range(0, len(packed), size):
            found += unpacker.unpack_all(packed[at : at + size])
        assert [(i, bytes(view)) for i, view in found] == [(i, bytes([i]) * (i * 7)) for i in range(100)]
        assert all(type(view) is memoryview for _, view in found)


def test_a_hook_cannot_use_its_unpacker() -> None:
    unpacker = Unpacker(list_hook=lambda _: unpacker.feed(b"\x01"))
    unpacker.feed(b"\x91\x01")
    with pytest.raises(RuntimeError, match="in use"):
        unpacker.unpack()


def test_threads_share_an_unpacker() -> None:
    """An object each or RuntimeError, and nothing worse."""
    unpacker, found, errors = Unpacker(), [], set()
    messages = [packb({"n": n, "text": "x" * (n % 50)}) for n in range(4000)]
    for message in messages:
        unpacker.feed(message)

    def work() -> None:
        while True:
            try:
                found.append(unpacker.unpack()["n"])
            except RuntimeError as error:
                errors.add(str(error))
            except OutOfData:
                return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(4000))
    assert all("in use" in error for error in errors)


def test_wrong_use() -> None:
    with pytest.raises(AttributeError):
        Unpacker(5)  # type: ignore[arg-type]
    for wrong in ({"read_size": 7, "max_buffer_size": 4}, {"timestamp": 4}, {"max_depth": -1}, {"max_buffer_size": -1}):
        with pytest.raises(ValueError):
            Unpacker(**wrong)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        Unpacker(io.BytesIO()).feed(b"1")
    with pytest.raises(TypeError, match="read"):
        Unpacker(io.StringIO("abc")).unpack()  # type: ignore[arg-type]
    with pytest.raises(BufferError):
        Unpacker().feed(memoryview(b"abcdefgh").cast("I"))
    unpacker = Unpacker()
    unpacker.feed(b"\x92\x01")
    with pytest.raises(OutOfData):
        unpacker.unpack()
    for call in (unpacker.skip, unpacker.read_array_header, lambda: unpacker.read_bytes(1)):
        with pytest.raises(ValueError, match="Cannot switch"):
            call()
    assert unpacker.unpack_all(b"\x02") == [[1, 2]]


def test_many_calls_leak_nothing() -> None:
    packed = packb([1, {"key": "text", "again": [2.5, b"x" * 100]}, {"key": None}, ExtType(1, b"a")])
    counts = []
    unpacker = Unpacker()
    for _ in range(3):
        for n in range(5000):
            unpacker.feed(packed[:30])
            assert list(unpacker) == []
            assert len(unpacker.unpack_all(packed[30:])) == 1
            broken = Unpacker()
            try:
                broken.unpack_all(packed[: n % len(packed)] + b"\xc1")
            except (FormatError, UnicodeDecodeError, InvalidValue):
                pass
        counts.append(sys.getallocatedblocks())
    assert abs(counts[2] - counts[1]) < 500
