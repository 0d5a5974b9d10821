"""Places of frames as a sequence and as a buffer; memory as Python sees it."""

import struct

import pytest

from fastnet.codecs.framing_length import LengthPrefixed
from fastnet.codecs.framing_lines import Lines
from fastnet.codecs.framing_memory import Block, Room, Spans


def test_offsets() -> None:
    decoder = Lines("lf").decoder("offsets")
    data = b"a\n\nbcd\ne"
    spans = decoder.feed(data)
    assert isinstance(spans, Spans)
    assert spans.data is data
    assert list(spans) == [(0, 1), (2, 2), (3, 6)]
    assert spans[-1] == (3, 6)
    assert len(spans) == 3
    with pytest.raises(IndexError):
        spans[3]
    table = memoryview(spans)
    assert table.shape == (3, 2)
    assert table.tolist() == [[0, 1], [2, 2], [3, 6]]
    assert table.readonly
    joined = decoder.feed(b"f\n")
    assert [bytes(joined.data[start:end]) for start, end in joined] == [b"ef"]
    none = decoder.feed(b"g")
    assert len(none) == 0
    assert memoryview(none).tolist() == []


def test_more_places_than_fit_at_first() -> None:
    spans = Lines("lf").decoder("offsets").feed(b"a\n" * 1000)
    assert list(spans) == [(2 * i, 2 * i + 1) for i in range(1000)]
    assert memoryview(spans).nbytes == 16000


def test_places_are_read_only() -> None:
    with pytest.raises((BufferError, TypeError)):
        struct.pack_into("Q", Lines("lf").decoder("offsets").feed(b"a\n"), 0, 1)


def test_blocks_are_read_only_and_rooms_are_not() -> None:
    lent = LengthPrefixed(1).decoder("views").get_buffer(10)
    assert isinstance(lent.obj, Room)
    assert not lent.readonly
    block = memoryview(Block(10))
    assert block.readonly
    assert bytes(block) == bytes(10)
