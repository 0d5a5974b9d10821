"""HPACK: the examples of RFC 7541, the package hpack as oracle in both directions, and every limit."""

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.hpack import Decoder, Encoder
from fastnet.errors import LimitExceeded, ProtocolError

REQUEST = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")]
CUSTOM = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/index.html"), REQUEST[3]]

names = st.one_of(
    st.sampled_from([b"etag", b"cookie", b"accept", b"authorization", b":status", b"x-a", b"x-b", b""]),
    st.text("abcdefghij-", max_size=30).map(str.encode),
)
values = st.one_of(st.sampled_from([b"", b"200", b"gzip, deflate", b"v" * 50]), st.binary(max_size=300))
lists = st.lists(st.tuples(names, values), max_size=12)


@pytest.mark.parametrize(
    "blocks",
    [
        ["828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
         "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"],
        ["828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
         "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"],
    ],
    ids=["plain", "huffman"],
)  # fmt: skip
def test_the_requests_of_appendix_c(blocks: list[str]) -> None:
    decoder = Decoder()
    lists = [decoder.decode(bytes.fromhex(block)) for block in blocks]
    assert lists == [
        REQUEST,
        [*REQUEST, (b"cache-control", b"no-cache")],
        [*CUSTOM, (b"custom-key", b"custom-value")],
    ]
    assert decoder.table_size == 164


@given(blocks=st.lists(lists, max_size=8), size=st.sampled_from([0, 40, 100, 4096]))
def test_our_blocks_are_what_the_peer_reads(blocks: list[list[tuple[bytes, bytes]]], size: int) -> None:
    encoder, peer, decoder = Encoder(), hpack.Decoder(max_header_list_size=1 << 20), Decoder()
    for i, fields in enumerate(blocks):
        if i == 2:
            encoder.set_max_table_size(size)
        block = encoder.encode(fields)
        assert [tuple(field) for field in peer.decode(block, raw=True)] == fields
        assert decoder.decode(block) == fields
        assert encoder.table_size == decoder.table_size <= decoder.max_table_size


@given(blocks=st.lists(lists, max_size=8), size=st.sampled_from([0, 40, 100, 4096]), huffman=st.booleans())
def test_the_peers_blocks_are_read(blocks: list[list[tuple[bytes, bytes]]], size: int, huffman: bool) -> None:
    peer, decoder = hpack.Encoder(), Decoder()
    for i, fields in enumerate(blocks):
        if i == 2:
            peer.header_table_size = size
        assert decoder.decode(peer.encode(fields, huffman=huffman)) == fields


@given(block=st.binary(max_size=60))
def test_what_the_peer_refuses_is_refused(block: bytes) -> None:
    """Any bytes: both read the same, or neither reads them."""
    try:
        expected = [tuple(field) for field in hpack.Decoder().decode(block, raw=True)]
    except (hpack.HPACKError, UnicodeDecodeError):
        expected = None
    try:
        got = Decoder().decode(block)
    except ProtocolError:
        got = None
    assert got == expected or (expected is not None and got is None and len(block) > 5)


@pytest.mark.parametrize(
    "block, reason",
    [
        (b"\x80", "index"),
        (b"\xff\x80\x80\x80\x80\x01", "integer"),
        (b"\x00\x81\xff\x00", "Huffman"),
        (b"\x3f\xe2\x1f", "size"),
        (b"\x82\x20", "size"),
        (b"\x40\x01a", "ends inside"),
    ],
)
def test_wrong_blocks_say_what_is_wrong(block: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        Decoder().decode(block)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_list_may_have_so_many_bytes_and_fields_and_no_more(over: int) -> None:
    fields = [(b"a", b"b"), (b"c", b"d" * 20)]
    bytes_, count = 34 + 53, 2
    block = Encoder().encode(fields)
    for limits in ({"max_list_bytes": bytes_ - over}, {"max_fields": count - over}):
        decoder = Decoder(**limits)
        if over > 0:
            with pytest.raises(LimitExceeded):
                decoder.decode(block)
        else:
            assert decoder.decode(block) == fields
        assert decoder.table_size == bytes_, "the table follows the block either way"


def test_after_a_list_over_the_limit_the_next_one_is_read() -> None:
    encoder, decoder = Encoder(), Decoder(max_list_bytes=200)
    encoder.encode([])
    with pytest.raises(LimitExceeded):
        decoder.decode(encoder.encode([(b"x", b"1"), (b"y", b"2" * 300)]))
    assert decoder.decode(encoder.encode([(b"x", b"1"), (b"z", b"3")])) == [(b"x", b"1"), (b"z", b"3")]


def test_a_small_block_cannot_become_a_large_list() -> None:
    """The bomb: one large entry, referred to again and again."""
    block = Encoder().encode([(b"a", b"v" * 1900)]) + b"\xbe" * 10000
    with pytest.raises(LimitExceeded):
        Decoder().decode(block)


def test_secrets_are_never_indexed() -> None:
    encoder = Encoder()
    block = encoder.encode([("authorization", "Basic"), ("set-cookie", "a=b"), ("x-token", "t")], secret={"x-token"})
    assert encoder.table_size == 0
    fields = hpack.Decoder().decode(block, raw=True)
    assert all(isinstance(field, hpack.NeverIndexedHeaderTuple) for field in fields)


def test_tables_have_bounds() -> None:
    with pytest.raises(ValueError, match="65536"):
        Decoder(65537)
    decoder = Decoder(100)
    with pytest.raises(ValueError, match="100"):
        decoder.set_max_table_size(101)
    decoder.set_max_table_size(50)
    with pytest.raises(ProtocolError, match="size"):
        decoder.decode(b"\x3f\x14")  # 51
    encoder = Encoder(100)
    encoder.set_max_table_size(4096)
    assert encoder.max_table_size == 100
