"""Packer does what msgpack-python's does, method by method; and its own."""

import sys
import threading
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.msgpack_pack import packb
from fastnet.codecs.msgpack_packer import Packer
from fastnet.codecs.msgpack_types import BufferFull, ExtType
from fastnet.codecs.msgpack_unpack import unpackb

from . import msgpack_oracle as oracle

lengths = st.sampled_from([-1, 0, 15, 16, 2**16, 2**32])
CALLS = st.one_of(
    st.tuples(st.just("pack"), oracle.values),
    st.tuples(st.sampled_from(["pack_array_header", "pack_map_header"]), lengths),
    st.tuples(st.just("pack_ext_type"), st.integers(-129, 129), st.binary(max_size=20)),
    st.tuples(st.just("pack_map_pairs"), st.lists(st.tuples(st.text(max_size=3), st.integers(0, 5)))),
    st.tuples(st.sampled_from(["bytes", "reset"])),
)  # fmt: skip


@given(st.lists(CALLS, max_size=8), st.booleans(), st.booleans())
def test_as_msgpack_python(calls: list[tuple[Any, ...]], autoreset: bool, bin_type: bool) -> None:
    ours = Packer(autoreset=autoreset, use_bin_type=bin_type)
    theirs = msgpack.Packer(autoreset=autoreset, use_bin_type=bin_type)
    for name, *arguments in calls:
        mine = oracle.outcome(lambda: getattr(ours, name)(*arguments))  # noqa: B023
        assert mine == oracle.outcome(lambda: getattr(theirs, name)(*oracle.with_types(arguments, msgpack)))  # noqa: B023
        assert ours.bytes() == theirs.bytes()
        assert bytes(ours.getbuffer()) == ours.bytes()


def test_getbuffer_locks() -> None:
    packer = Packer(autoreset=False)
    packer.pack([1, 2])
    view = packer.getbuffer()
    assert view.readonly and view == b"\x92\x01\x02"
    for change in (lambda: packer.pack(1), packer.reset, lambda: packer.pack_array_header(1)):
        with pytest.raises(BufferError):
            change()
    assert packer.bytes() == memoryview(packer) == b"\x92\x01\x02"
    view.release()
    packer.pack(3)
    assert packer.bytes() == b"\x92\x01\x02\x03"


def test_headers_and_items() -> None:
    packer = Packer()
    data = packer.pack_array_header(2) + packer.pack(1) + packer.pack_map_header(1) + packer.pack("a") + packer.pack(2)
    assert unpackb(data) == [1, {"a": 2}]
    assert unpackb(packer.pack_map_pairs([("a", 1), ("b", [2])])) == {"a": 1, "b": [2]}
    assert unpackb(packer.pack_ext_type(7, b"abc")) == ExtType(7, b"abc")


@given(oracle.values, st.integers(0, 5))
def test_pack_into(value: Any, offset: int) -> None:
    def default(_: Any) -> None:
        return None

    options: dict[str, Any] = {"default": default, "unicode_errors": "replace"}
    packer, packed = Packer(**options), packb(value, **options)
    buffer = bytearray(b"-" * (offset + len(packed)))
    assert packer.pack_into(value, buffer, offset) == len(packed)
    assert bytes(buffer) == b"-" * offset + packed
    larger = bytearray(b"-" * (offset + len(packed) + 1))
    assert packer.pack_into(value, memoryview(larger)[offset:]) == len(packed)
    assert bytes(larger) == b"-" * offset + packed + b"-"
    smaller = bytearray(offset + len(packed) - 1)
    if len(smaller) >= offset:
        with pytest.raises(BufferFull):
            packer.pack_into(value, smaller, offset)
    assert packer.bytes() == b""


def test_pack_into_wrong_buffers() -> None:
    packer = Packer()
    for offset in (-1, 11):
        with pytest.raises(ValueError, match="offset"):
            packer.pack_into(1, bytearray(10), offset)
    with pytest.raises(BufferFull):
        packer.pack_into(1, bytearray(10), 10)
    with pytest.raises(BufferError):
        packer.pack_into(1, b"read-only")
    buffer = bytearray(10)
    with pytest.raises(ZeroDivisionError):
        Packer(default=lambda _: 1 // 0).pack_into(object(), buffer)
    buffer.append(1)  # is not locked any more


def test_default_may_use_its_own_packer() -> None:
    packer = Packer(default=lambda value: ExtType(1, packer.pack([2])), autoreset=True)
    assert packer.pack([1, object()]) == b"\x92\x01\xd5\x01\x91\x02"
    reborn = Packer(default=lambda value: reborn.__init__() or 5)  # type: ignore[misc]
    assert reborn.pack([object(), 6]) == b"\x92\x05\x06"


def test_subclasses_and_wrong_options() -> None:
    class Mine(Packer):
        def __init__(self, extra: int) -> None:
            super().__init__(use_bin_type=False)
            self.extra = extra

    assert Mine(5).pack(b"a") == b"\xa1a"
    for wrong in ({"default": 1}, {"what": 1}, {"unicode_errors": 1}):
        with pytest.raises(TypeError):
            Packer(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        Packer(buf_size=-1)


def test_buf_size_is_any_whole_number() -> None:
    class Size:
        def __index__(self) -> int:
            return 600

    assert Packer(buf_size=Size()).pack(1) == Packer(buf_size=None).pack(1) == b"\x01"
    with pytest.raises(TypeError):
        Packer(buf_size="600")



@pytest.mark.parametrize("autoreset", [True, False])
def test_threads_share_a_packer(autoreset: bool) -> None:
    packer = Packer(autoreset=autoreset, default=lambda value: str(type(value)))
    message = {"key": [1, 2.5, "x" * 3000, object()]}
    expected, wrong = packb(message, default=lambda value: str(type(value))), []

    def work() -> None:
        for _ in range(300):
            got = packer.pack(message)
            if autoreset and got != expected:
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert packer.bytes() == (b"" if autoreset else expected * 2400)


def test_many_calls_leak_nothing() -> None:
    value = {"key": [1, 2.5, "text", (None, b"x" * 3000)], "é": 2**40}
    wrong = [1, object()]
    packer = Packer()
    counts = []
    for _ in range(3):
        for _ in range(20_000):
            packb(value)
            packer.pack(value)
            try:
                packb(wrong)
            except TypeError:
                pass
        counts.append((sys.getrefcount(value), sys.getrefcount(wrong), sys.getallocatedblocks()))
    assert counts[1][:2] == counts[2][:2]
    assert abs(counts[2][2] - counts[1][2]) < 500
