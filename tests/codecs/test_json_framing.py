"""JSON streams cut anywhere: the same values; a value's end that never comes, and limits, are errors."""

import json as stdlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.json import JSONDecodeError
from fastnet.codecs.json_framing import JSONLengthPrefixed, JSONLines, JSONSequence
from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError

FRAMINGS: list[Any] = [
    JSONLines(),
    JSONLines(ending="crlf"),
    JSONLengthPrefixed(2),
    JSONLengthPrefixed(),
    JSONSequence(),
]
VALUES = st.recursive(
    st.none() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def decode(framing: Any, pieces: list[bytes]) -> list[Any]:
    decoder = framing.decoder()
    values = [value for piece in pieces for value in decoder.feed(piece)]
    decoder.eof()
    return values


@pytest.mark.parametrize("framing", FRAMINGS)
@given(values=st.lists(VALUES, max_size=4), cuts=st.lists(st.integers(0, 10**6), max_size=5))
def test_any_cut_gives_the_values(framing: Any, values: list[Any], cuts: list[int]) -> None:
    stream = framing.encode_many(values)
    at = sorted({c % (len(stream) + 1) for c in cuts} | {0, len(stream)})
    assert decode(framing, [stream]) == values
    assert decode(framing, [stream[a:b] for a, b in pairwise(at)]) == values
    assert decode(framing, [stream[i : i + 1] for i in range(len(stream))]) == values


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_end_inside_is_an_error(framing: Any) -> None:
    stream = framing.encode({"a": [1]})
    for n in range(1, len(stream)):
        decoder = framing.decoder()
        assert decoder.feed(stream[:n]) == []
        with pytest.raises(IncompleteFrame) as error:
            decoder.eof()
        assert error.value.received == n


@given(st.lists(st.dictionaries(st.text(), VALUES) | st.lists(VALUES), max_size=3), st.integers(1, 3))
def test_texts_of_a_sequence_may_have_lines(values: list[Any], indent: int) -> None:
    stream = b"".join(b"\x1e" + stdlib.dumps(value, indent=indent).encode() + b"\n" for value in values)
    assert decode(JSONSequence(), [stream[i : i + 1] for i in range(len(stream))]) == values


@pytest.mark.parametrize("stream", [b"1\n", b"\x1e[1\n\x1e2\n", b"\x1e1\x1e2\n", b"\x1e\n", b"\n"])
def test_sequences_that_are_none(stream: bytes) -> None:
    with pytest.raises(JSONDecodeError):
        decode(JSONSequence(), [stream])


@pytest.mark.parametrize("framing", FRAMINGS)
def test_values_before_a_bad_one_come_first(framing: Any) -> None:
    good = framing.encode(1)
    for bad, kind in ((good.replace(b"1", b"x"), JSONDecodeError), (good.replace(b"1", b"]"), JSONDecodeError)):
        decoder = framing.decoder()
        assert decoder.feed(good + good + bad + good) == [1, 1]
        for call in (lambda d=decoder: d.feed(good), decoder.eof, lambda d=decoder: d.feed(b"")):
            with pytest.raises(kind):
                call()


@pytest.mark.parametrize("kind", [JSONLines, JSONLengthPrefixed, JSONSequence])
def test_limits(kind: Any) -> None:
    text = [1, 2, 3]  # 7 bytes
    stream = kind().encode(text)
    for most in (7, 8):
        assert decode(kind(max_bytes=most), [stream]) == [text] and kind(max_bytes=most).encode(text) == stream
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))]):
        with pytest.raises(LimitExceeded):
            decode(kind(max_bytes=6), pieces)
    with pytest.raises(ValueError):
        kind(max_bytes=6).encode(text)
    with pytest.raises(LimitExceeded):
        decode(kind(max_depth=1), [kind().encode([[]])])
    with pytest.raises(ConfigError):
        kind(max_depth=0)


def test_a_sequences_limit_counts_lines_together() -> None:
    with pytest.raises(LimitExceeded):
        decode(JSONSequence(max_bytes=8), [b"\x1e[1,\n2,\n3,\n4]\n"])


@pytest.mark.parametrize("kind", [JSONLines, JSONLengthPrefixed, JSONSequence])
def test_options_reach_the_parser(kind: Any) -> None:
    stream = kind().encode({"a": 0, "b": 1}).replace(b"b", b"a")
    assert decode(kind(), [stream]) == [{"a": 1}]
    with pytest.raises(ProtocolError, match="twice"):
        decode(kind(unique_keys=True), [stream])
    nan = kind().encode("a").replace(b'"a"', b"NaN")
    with pytest.raises(ProtocolError):
        decode(kind(), [nan])
    assert repr(decode(kind(allow_nan=True), [nan])) == "[nan]"
