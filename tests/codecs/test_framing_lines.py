"""Delimiters and lines, against bytes.split; every kind of line's end; limits."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_lines import Delimited, Lines
from fastnet.errors import ConfigError
from tests.codecs.framings import cuts, outcome, same_however_cut

ends = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"bc"]), max_size=20).map(b"".join)


@given(stream=st.lists(st.sampled_from([b"a", b"b", b"ab", b"c"]), max_size=30).map(b"".join), sizes=cuts,
       delimiter=st.sampled_from([b"a", b"ab", b"aa", b"aab", b"abab"]))  # fmt: skip
def test_delimiters_as_split_sees_them(stream: bytes, sizes: list[int], delimiter: bytes) -> None:
    *frames, rest = stream.split(delimiter)
    found, error, pending = same_however_cut(Delimited(delimiter), stream, sizes)
    assert (found, pending) == (frames, len(rest))
    assert bool(error) == bool(rest)


@given(frame=st.lists(st.sampled_from([b"a", b"b"]), max_size=8).map(b"".join),
       delimiter=st.sampled_from([b"a", b"ab", b"aa", b"aba", b"abab"]))  # fmt: skip
def test_a_frame_is_sent_only_if_it_comes_back(frame: bytes, delimiter: bytes) -> None:
    framing = Delimited(delimiter)
    if (frame + delimiter).index(delimiter) == len(frame):
        assert outcome(framing, [framing.encode(frame)]) == ([frame], "", 0)
    else:
        with pytest.raises(ValueError, match="cannot contain its delimiter"):
            framing.encode(frame)


@given(stream=ends, sizes=cuts)
def test_lf(stream: bytes, sizes: list[int]) -> None:
    *frames, rest = stream.split(b"\n")
    found, _, pending = same_however_cut(Lines("lf"), stream, sizes)
    assert (found, pending) == (frames, len(rest))


@given(stream=ends, sizes=cuts)
def test_lenient(stream: bytes, sizes: list[int]) -> None:
    *frames, rest = stream.split(b"\n")
    found, _, pending = same_however_cut(Lines("lenient"), stream, sizes)
    assert (found, pending) == ([frame.removesuffix(b"\r") for frame in frames], len(rest))


@given(stream=ends, sizes=cuts)
def test_crlf_and_nothing_else(stream: bytes, sizes: list[int]) -> None:
    found, error, pending = same_however_cut(Lines("crlf"), stream, sizes)
    good = re.match(rb"(?:[^\r\n]*\r\n)*", stream)
    assert good
    *frames, _ = good[0].split(b"\r\n")
    assert found == frames
    rest = stream[good.end() :]
    if b"\n" in rest:
        assert error == "ProtocolError a CR or LF stands by itself"
    else:
        assert pending == len(rest)


@pytest.mark.parametrize("ending, end", [("crlf", b"\r\n"), ("lf", b"\n"), ("lenient", b"\r\n"), ("lenient", b"\n")])
@pytest.mark.parametrize("limit", [0, 1, 5, 127])
def test_limits_of_lines_at_below_and_above(ending: Any, end: bytes, limit: int) -> None:
    framing = Lines(ending, max_frame_bytes=limit)
    for n in {max(limit - 1, 0), limit}:
        stream = b"x" * n + end
        assert same_however_cut(framing, stream * 2, []) == ([b"x" * n] * 2, "", 0)
    # Whether the end comes, or never does.
    for above in (b"x" * (limit + 1) + end, b"x" * (limit + 2), b"x" * (limit + 200)):
        frames, error, _ = same_however_cut(framing, end + above, [])
        assert frames == [b""]
        known = len(above) > limit + 1
        assert ("LimitExceeded" in error) == known or (ending == "crlf" and "ProtocolError" in error)
    with pytest.raises(ValueError, match=f"the limit is {limit}"):
        framing.encode(b"x" * (limit + 1))


@pytest.mark.parametrize("delimiter", [b"|", b"||", b"\r\n\r\n", b"d" * 64])
@pytest.mark.parametrize("limit", [0, 1, 5, 127])
def test_limits_of_delimited_frames_at_below_and_above(delimiter: bytes, limit: int) -> None:
    framing = Delimited(delimiter, max_frame_bytes=limit)
    for n in {max(limit - 1, 0), limit}:
        assert same_however_cut(framing, framing.encode(b"x" * n) * 2, []) == ([b"x" * n] * 2, "", 0)
    above = b"x" * (limit + 1) + delimiter
    frames, error, _ = same_however_cut(framing, delimiter + above, [])
    assert frames == [b""]
    assert error == f"LimitExceeded a frame, or a line of it, is longer than its limit; the limit is {limit}"
    with pytest.raises(ValueError, match=f"the limit is {limit}"):
        framing.encode(b"x" * (limit + 1))


def test_lines_are_sent_with_their_end() -> None:
    assert Lines("crlf").encode_many([b"a", b""]) == b"a\r\n\r\n"
    assert Lines("lenient").encode(b"a") == b"a\r\n"
    assert Lines("lf").encode_many([b"a\r", b"b"]) == b"a\r\nb\n"
    for ending, wrong in (("crlf", b"a\nb"), ("crlf", b"a\rb"), ("lenient", b"a\r"), ("lf", b"a\n")):
        with pytest.raises(ValueError, match="cannot contain the end of a line"):
            Lines(ending).encode(wrong)  # type: ignore[arg-type]


def test_many_bytes_without_an_end_are_looked_at_once() -> None:
    """A search begun anew at every piece would take minutes here."""
    decoder = Delimited(b"\r\n", max_frame_bytes=1 << 26).decoder()
    piece = b"x" * 1024
    for _ in range(1 << 15):
        assert decoder.feed(piece) == []
    assert decoder.pending == 1 << 25
    assert [len(frame) for frame in decoder.feed(b"\r\n")] == [1 << 25]


WRONG: list[tuple[Any, Any, str]] = [
    (Delimited, b"", "delimiter: b'' given, expected 1 to 64 bytes"),
    (Delimited, b"x" * 65, "delimiter: b'xxx"),
    (Delimited, "x", "delimiter: 'x' given"),
    (Lines, "cr", "ending: 'cr' given, expected 'crlf', 'lf' or 'lenient'"),
]


@pytest.mark.parametrize("kind, value, text", WRONG)
def test_wrong_options_are_named(kind: Any, value: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(value)
    assert str(caught.value).startswith(text)
