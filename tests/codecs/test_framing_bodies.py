"""Counted bodies as memcached and NATS send them, IMAP's literals; limits, and wrong counts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.framing_bodies import CountedBody, LinesWithLiterals
from fastnet.errors import ConfigError
from tests.codecs.framings import cuts, outcome, same_however_cut

MEMCACHED = CountedBody({b"set": 4, b"add": 4, b"ms": 2}, max_frame_bytes=100)
NATS = CountedBody({b"PUB": -1, b"HPUB": -1}, ignore_case=True, max_frame_bytes=100)
pieces = [b"PUB", b"set", b" ", b"1", b"2", b"x", b"\r", b"\n", b"\r\n", b"{", b"}", b"+", b"{1}\r\n", b"{2+}\r\n"]
streams = st.lists(st.sampled_from(pieces), max_size=25).map(b"".join)
bodies = st.binary(max_size=40)


@given(sent=st.lists(bodies, max_size=5), sizes=cuts)
def test_memcached(sent: list[bytes], sizes: list[int]) -> None:
    stream, expected = b"", []
    for body in sent:
        stream += b"get a b\r\nset k 0 0 %d noreply\r\n%s\r\nms k %d T0\r\n%s\r\n" % (len(body), body, len(body), body)
        expected += [(b"get a b", None), (b"set k 0 0 %d noreply" % len(body), body), (b"ms k %d T0" % len(body), body)]
    assert same_however_cut(MEMCACHED, stream, sizes) == (expected, "", 0)
    assert MEMCACHED.encode_many(expected) == stream


@given(sent=st.lists(bodies, max_size=5), sizes=cuts)
def test_nats(sent: list[bytes], sizes: list[int]) -> None:
    stream = b"PING\r\n" + b"".join(b"pub\ta.b reply  %d\r\n%s\r\n" % (len(body), body) for body in sent)
    expected = [(b"PING", None), *((b"pub\ta.b reply  %d" % len(body), body) for body in sent)]
    assert same_however_cut(NATS, stream, sizes) == (expected, "", 0)


@pytest.mark.parametrize("ending", ["crlf", "lf", "lenient"])
@given(stream=streams, sizes=cuts)
def test_any_stream_of_bodies_is_the_same_however_it_is_cut(ending: Any, stream: bytes, sizes: list[int]) -> None:
    framing = CountedBody({b"PUB": -1, b"set": 1}, ending=ending, max_line_bytes=9, max_frame_bytes=15)
    same_however_cut(framing, stream, sizes)


@pytest.mark.parametrize("body", [b"a\r", b"\r", b"\n", b"a\r\n", b""])
def test_what_looks_like_an_end_in_a_body_is_counted(body: bytes) -> None:
    for ending in ("crlf", "lf", "lenient"):
        framing = CountedBody({b"PUB": 1}, ending=ending)  # type: ignore[arg-type]
        frame = (b"PUB %d" % len(body), body)
        assert same_however_cut(framing, framing.encode(frame), []) == ([frame], "", 0)
    assert outcome(CountedBody({b"PUB": 1}, ending="lenient"), [b"PUB 2\na\r\n"]) == ([(b"PUB 2", b"a\r")], "", 0)


WRONG_COUNTS = [
    (b"set k 0 0\r\n", "not a number"),
    (b"set k 0 0 x\r\n", "not a number"),
    (b"set k 0 0 -1\r\n", "not a number"),
    (b"set k 0 0 2\r\nabc\r\n", "not followed by their end"),
    (b"set k 0 0 2\r\nab\n", "not followed by their end"),
    (b"set k 0 0 2\n", "stands by itself"),
]


@pytest.mark.parametrize("wrong, text", WRONG_COUNTS)
def test_wrong_counts(wrong: bytes, text: str) -> None:
    frames, error, _ = same_however_cut(MEMCACHED, b"get a\r\n" + wrong, [])
    assert frames == [(b"get a", None)]
    assert error.startswith("ProtocolError") and text in error


@pytest.mark.parametrize(
    "wrong", [(b"set k 0 0 3", b"ab"), (b"set k 0 0 2", None), (b"get a", b"ab"), (b"a\r\nb", None)]
)
def test_frames_that_count_wrong_are_not_sent(wrong: Any) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        MEMCACHED.encode(wrong)


def test_limits_of_bodies_at_below_and_above() -> None:
    for n in (99, 100):
        frame = (b"PUB x %d" % n, b"x" * n)
        assert same_however_cut(NATS, NATS.encode(frame), []) == ([frame], "", 0)
    for n in (101, 10**30):
        _, error, _ = same_however_cut(NATS, b"PUB x %d\r\n" % n, [])  # before the body
        assert error.startswith("LimitExceeded")
    short = CountedBody({}, max_line_bytes=5)
    assert outcome(short, [b"12345\r\n"])[0] == [(b"12345", None)]
    assert "LimitExceeded" in same_however_cut(short, b"1234567", [])[1]
    with pytest.raises(ValueError):
        short.encode((b"123456", None))


@pytest.mark.parametrize(
    "words", [{b"": 1}, {b"a b": 1}, {b"a": 0}, {b"a": -2}, {b"a": 128}, {"a": 1}, 5, {b"x" * 256: 1}]
)
def test_words_that_cannot_be(words: Any) -> None:
    with pytest.raises(ConfigError, match=r"words: .* given, expected up to 64 words"):
        CountedBody(words)


text_parts = st.binary(max_size=20).filter(lambda part: not set(part) & set(b"\r\n"))
lines = st.lists(st.tuples(text_parts, bodies), max_size=3).flatmap(
    lambda pairs: text_parts.map(lambda last: (*(part for pair in pairs for part in pair), last + b"."))
)


@pytest.mark.parametrize("non_synchronizing", [False, True])
@given(sent=st.lists(lines, max_size=4), sizes=cuts)
def test_literals_come_back(non_synchronizing: bool, sent: list[tuple[bytes, ...]], sizes: list[int]) -> None:
    framing = LinesWithLiterals(non_synchronizing=non_synchronizing)
    assert same_however_cut(framing, framing.encode_many(sent), sizes) == (sent, "", 0)


@given(stream=streams, sizes=cuts)
def test_any_stream_of_literals_is_the_same_however_it_is_cut(stream: bytes, sizes: list[int]) -> None:
    same_however_cut(LinesWithLiterals(max_line_bytes=9, max_frame_bytes=25), stream, sizes)


def test_literals_as_on_the_wire() -> None:
    stream = b"* 1 FETCH (BODY[1] {5}\r\na\r\nb{ BODY[2] ~{0}\r\n)\r\nA1 OK {x}\r\n"
    frames, error, _ = same_however_cut(LinesWithLiterals(), stream, [])
    assert error == ""
    assert frames == [(b"* 1 FETCH (BODY[1] ", b"a\r\nb{", b" BODY[2] ~", b"", b")"), (b"A1 OK {x}",)]


def test_leave_is_asked_for() -> None:
    decoder = LinesWithLiterals().decoder()
    for piece, waits in (
        (b"a1 LOGIN {2}", False),
        (b"\r\n", True),
        (b"m", False),
        (b"e {0}\r\n", True),
        (b"\r\n", False),
    ):
        frames = decoder.feed(piece)
        assert decoder.awaits_literal == waits
    assert frames == [(b"a1 LOGIN ", b"me", b" ", b"", b"")]
    assert decoder.feed(b"a2 LOGIN {2+}\r\n") == []
    assert not decoder.awaits_literal
    pieces = LinesWithLiterals().encode_pieces([b"a1 LOGIN ", b"me", b" ", b"pw", b""])
    assert pieces == [b"a1 LOGIN {2}\r\n", b"me {2}\r\n", b"pw\r\n"]


def test_limits_of_literals_at_below_and_above() -> None:
    framing = LinesWithLiterals(max_line_bytes=5, max_frame_bytes=20)
    for good in (
        b"a {8}\r\n12345678ab\r\n",
        b"abcde\r\n",
        b"{12}\r\n" + b"x" * 12 + b"\r\n",
        b"a {9}\r\n123456789ab\r\n",
    ):
        assert same_however_cut(framing, good, [])[1] == ""
    for above in (b"abcdef\r\n", b"{15}\r\n", b"{99}\r\n", b"{9+}\r\n123456789{9}\r\n", b"abcdefgh"):
        _, error, _ = same_however_cut(framing, above, [])
        assert "LimitExceeded" in error


@pytest.mark.parametrize("wrong", [[b"a", b"b"], [], [b"a\r\nb"], [b"a {3}"], [b"a\n", b"b", b""]])
def test_lines_that_cannot_be_sent(wrong: Any) -> None:
    with pytest.raises(ValueError):
        LinesWithLiterals().encode(wrong)
