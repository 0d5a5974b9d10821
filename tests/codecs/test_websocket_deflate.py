"""permessage-deflate (RFC 7692): what is agreed on, the RFC's examples, and messages that are not as they should be."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.websocket import Decoder, Encoder
from fastnet.codecs.websocket_deflate import Deflate, Deflating, extensions
from fastnet.errors import ConfigError, LimitExceeded, ProtocolError


def both(server: Deflate, client: Deflate) -> tuple[Deflating, Deflating]:
    """What the two agree on: the server's side, the client's."""
    accepted = server.accept(client.offer())
    assert accepted is not None
    agreed = client.agreed(accepted[0])
    assert agreed is not None
    return accepted[1], agreed


@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("peer_keeps", [True, False])
def test_both_sides_agree(bits: int, keep: bool, peer_keeps: bool) -> None:
    server, client = both(
        Deflate(window_bits=bits, keep_window=keep),
        Deflate(window_bits=15, peer_window_bits=max(bits, 10), peer_keeps_window=peer_keeps),
    )
    assert server.out_bits == client.in_bits == min(bits, max(bits, 10))
    assert server.in_bits == client.out_bits == 15
    assert server.keep_out == client.keep_in == (keep and peer_keeps)
    message = b"abc" * 3000 + bytes(range(256))
    for _ in range(3):
        for one, other in ((server, client), (client, server)):
            assert other.inflate(one.deflate(message), len(message)) == message


ACCEPTED = {
    "permessage-deflate": "permessage-deflate",
    "permessage-deflate; client_max_window_bits": "permessage-deflate; client_max_window_bits=15",
    "permessage-deflate; client_max_window_bits=10": "permessage-deflate; client_max_window_bits=10",
    'permessage-deflate; server_max_window_bits="10"': "permessage-deflate; server_max_window_bits=10",
    "permessage-deflate; server_no_context_takeover": "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover": "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=8, permessage-deflate": "permessage-deflate",
    "x-other; a=1, permessage-deflate": "permessage-deflate",
    "permessage-deflate; unknown, permessage-deflate": "permessage-deflate",
    "permessage-deflate; server_max_window_bits": None,
    "permessage-deflate; server_max_window_bits=16": None,
    "permessage-deflate; server_max_window_bits=08": None,
    "permessage-deflate; server_max_window_bits=8": None,
    "permessage-deflate; client_max_window_bits=7": None,
    "permessage-deflate; server_no_context_takeover=1": None,
    "permessage-deflate; client_max_window_bits; client_max_window_bits": None,
    "permessage-bzip2": None,
    "": None,
}


@pytest.mark.parametrize("offer", ACCEPTED)
def test_offers(offer: str) -> None:
    """Section 7.1."""
    accepted = Deflate(window_bits=15).accept(offer)
    assert (None if accepted is None else accepted[0]) == ACCEPTED[offer]


def test_a_smaller_window_than_a_client_can_be_asked_for() -> None:
    assert Deflate(peer_window_bits=10).accept("permessage-deflate") is None


@pytest.mark.parametrize("field", ["a b", "permessage-deflate; =1", "permessage-deflate; a=", "ä", '"x"'])
def test_fields_that_are_no_lists(field: str) -> None:
    with pytest.raises(ProtocolError, match="list of extensions"):
        list(extensions(field))


ANSWERS = {
    "permessage-deflate; server_max_window_bits=12": Deflate(),
    "permessage-deflate; client_max_window_bits": Deflate(),
    "permessage-deflate; client_max_window_bits=8": Deflate(),
    "permessage-deflate; x": Deflate(),
    "permessage-bzip2": Deflate(),
    "permessage-deflate, permessage-deflate": Deflate(),
    "permessage-deflate": Deflate(peer_keeps_window=False),
}


def test_answers_to_what_was_not_offered() -> None:
    """Section 5.1."""
    assert Deflate().agreed("") is None
    for field, wanted in ANSWERS.items():
        if field == "permessage-deflate; server_max_window_bits=12":
            agreed = wanted.agreed(field)
            assert agreed is not None and agreed.in_bits == 12
            with pytest.raises(ProtocolError):
                Deflate(peer_window_bits=10).agreed(field)
            continue
        with pytest.raises(ProtocolError) as caught:
            wanted.agreed(field)
        assert caught.value.status == 1010


def frame(payload: bytes, first: int = 0xC1) -> bytes:
    return bytes([first, len(payload)]) + payload


def reader() -> Decoder:
    deflating = Deflate().agreed("permessage-deflate")
    assert deflating is not None
    return Decoder(client=True, inflate=deflating.inflate, max_message_bytes=1000)


def test_the_examples_of_the_rfc() -> None:
    """Section 7.2.3, one connection after the other."""
    for frames in (
        ["c1 07 f2 48 cd c9 c9 07 00"],
        ["41 03 f2 48 cd 80 04 c9 c9 07 00"],
        ["c1 07 f2 48 cd c9 c9 07 00", "c1 05 f2 00 11 00 00"],
        ["c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00"],
        ["c1 08 f3 48 cd c9 c9 07 00 00"],
        ["c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00"],
    ):
        decoder = reader()
        for one in frames:
            assert decoder.feed(bytes.fromhex(one)) == ["Hello"]
    assert reader().feed(bytes.fromhex("c1 01 00")) == [""]
    accepted = Deflate(from_bytes=0).accept("permessage-deflate")
    assert accepted is not None
    assert reader().feed(Encoder(deflate=accepted[1].deflate, deflate_from=0).encode("")) == [""]


def test_short_messages_and_control_frames_are_left_as_they_are() -> None:
    accepted = Deflate().accept("permessage-deflate")
    assert accepted is not None
    encoder = Encoder(deflate=accepted[1].deflate, deflate_from=accepted[1].from_bytes)
    assert encoder.encode("x" * 127)[0] == 0x81
    assert encoder.encode("x" * 128)[0] == 0xC1
    assert reader().feed(encoder.encode("x" * 127) + encoder.encode(b"y" * 128)) == ["x" * 127, b"y" * 128]


def test_the_limit_is_that_of_what_comes_out() -> None:
    for n in (999, 1000, 1001):
        deflated = Deflate().accept("permessage-deflate")
        assert deflated is not None
        wire = frame(deflated[1].deflate(b"a" * n), 0xC2)
        if n <= 1000:
            assert reader().feed(wire) == [b"a" * n]
        else:
            with pytest.raises(LimitExceeded, match="1000") as caught:
                reader().feed(wire)
            assert caught.value.status == 1009


def test_what_is_not_compressed() -> None:
    for payload, code in ((b"\xff\xff\xff", 1007), (b"\x07", 1007), (b"\x03\x00" * 9, 1007)):
        with pytest.raises(ProtocolError) as caught:
            reader().feed(frame(payload))
        assert caught.value.status == code
    not_text = zlib.compressobj(1, zlib.DEFLATED, -15)
    data = not_text.compress(b"a\xff") + not_text.flush(zlib.Z_SYNC_FLUSH)
    with pytest.raises(ProtocolError, match="UTF-8"):
        reader().feed(frame(data[:-4]))


def test_the_bit_belongs_to_the_first_frame_of_a_message() -> None:
    """Section 6.1."""
    compressed = bytes.fromhex("f2 48 cd c9 c9 07 00")
    for wire in (frame(b"", 0xC9), frame(compressed[:3], 0x41) + frame(compressed[3:], 0xC0)):
        with pytest.raises(ProtocolError, match="reserved bit"):
            reader().feed(wire)


@pytest.mark.parametrize(
    "options", [{"window_bits": 8}, {"peer_window_bits": 16}, {"level": 10}, {"memory_level": 0}, {"from_bytes": -1}]
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Deflate(**options)


@given(
    sent=st.lists(st.one_of(st.text(max_size=300), st.text("ab", min_size=130, max_size=300)), max_size=6),
    size=st.integers(1, 50),
    keep=st.booleans(),
)
def test_what_is_written_is_read_however_it_is_cut(sent: list[str], size: int, keep: bool) -> None:
    server, client = both(Deflate(keep_window=keep, from_bytes=0), Deflate())
    wire = b"".join(map(Encoder(deflate=server.deflate, deflate_from=0).encode, sent))
    decoder = Decoder(client=True, inflate=client.inflate)
    got = [event for at in range(0, len(wire), size) for event in decoder.feed(wire[at : at + size])]
    assert got == sent
