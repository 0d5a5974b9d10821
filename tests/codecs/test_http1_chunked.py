"""Chunked bodies by themselves, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http1_chunked import ChunkedBody
from fastnet.errors import LimitExceeded, ProtocolError
from tests.codecs.framings import cuts, pieces_of


def chunked(chunks: list[bytes]) -> bytes:
    return b"".join(b"%x;e=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n"


@given(chunks=st.lists(st.binary(min_size=1, max_size=80), max_size=6), sizes=cuts)
def test_any_pieces_of_a_body(chunks: list[bytes], sizes: list[int]) -> None:
    stream = chunked(chunks)
    for pieces in ([stream], pieces_of(stream, sizes), pieces_of(stream, [])):
        body = ChunkedBody()
        assert b"".join(body.feed(piece) for piece in pieces) == b"".join(chunks)
        assert body.done


def test_what_follows_the_body_is_left() -> None:
    body = ChunkedBody()
    assert body.feed(bytearray(b"3\r\nabc\r")) == b"abc"
    assert (body.done, body.consumed) == (False, 7)
    assert body.feed(memoryview(b"\n0\r\nA: b\r\n\r\n")) == b""
    assert (body.done, body.consumed) == (True, 4)
    assert (body.feed(b"A: b"), body.consumed) == (b"", 0)


@pytest.mark.parametrize("wrong", [b"x\r\n", b"3\r\nabcd", b"3\nabc\r\n", b"-1\r\n", b"\r\n", b"1" * 16 + b"\r\n"])
def test_what_is_no_chunk_is_refused_for_good(wrong: bytes) -> None:
    body = ChunkedBody()
    for piece in (wrong, b"0\r\n"):
        with pytest.raises(ProtocolError):
            body.feed(piece)


def test_extensions_at_and_above_their_limit() -> None:
    assert ChunkedBody(max_extensions_bytes=8).feed(b"1;a=b\r\nx\r\n1;c=d\r\ny\r\n0\r\n") == b"xy"
    with pytest.raises(LimitExceeded):
        ChunkedBody(max_extensions_bytes=7).feed(b"1;a=b\r\nx\r\n1;c=d\r\ny\r\n0\r\n")
