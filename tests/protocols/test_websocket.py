"""One side of a WebSocket without a socket: the closing handshake, pings, deadlines, faults, and who closes first."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.websocket import Close, Decoder, Encoder, Ping, Pong
from fastnet.errors import LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket import WebSocket
from fastnet.protocols.websocket_options import Options
from fastnet.testing import exchange


def made(client: bool = False, now: float = 0.0, **options: Any) -> WebSocket:
    protocol = WebSocket(Options(**options), client=client)
    protocol.now = now
    protocol.connection_made()
    return protocol


def tell(protocol: WebSocket, *events: Any) -> list[Any]:
    """Send it these, as its peer would; what it makes of them."""
    encoder = Encoder(client=not protocol.client)
    protocol.receive_data(b"".join(map(encoder.encode, events)))
    return list(iter(protocol.next_event, NEED_DATA))


def said(protocol: WebSocket) -> list[Any]:
    """What it has sent."""
    return Decoder(client=not protocol.client).feed(b"".join(map(bytes, protocol.data_to_send())))


@given(
    sent=st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=200)), max_size=6),
    client=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_messages_go_either_way_however_they_are_cut(sent: list[Any], client: bool, seed: int) -> None:
    one, other = made(client=client), made(client=not client)
    for message in sent:
        one.send(message)
    assert exchange(one, other, seed=seed) == sent


def test_pings_are_answered_in_order() -> None:
    """Section 5.5.2."""
    protocol = made()
    assert tell(protocol, Ping(b"1"), "a", Ping(b"2"), Pong(b"unasked"), Ping()) == ["a"]
    assert said(protocol) == [Pong(b"1"), Pong(b"2"), Pong()]


@pytest.mark.parametrize("client", [False, True])
def test_the_peer_closes(client: bool) -> None:
    """Sections 5.5.1 and 7.1.1: the same code back; then the server closes the connection, and the client waits."""
    protocol = made(client, close_timeout=7)
    assert tell(protocol, "a", Close(3001, "bye"), "late") == ["a"]
    assert said(protocol) == [Close(3001)]
    assert (protocol.close_code, protocol.close_reason) == (3001, "bye")
    assert protocol.closing is not client
    if client:
        assert protocol.next_timeout() == 7
        protocol.handle_timeout(7)
        assert protocol.aborted
    protocol.send("too late")
    assert said(protocol) == []


def test_a_close_without_a_code_is_answered_by_one() -> None:
    protocol = made()
    tell(protocol, Close())
    assert said(protocol) == [Close()]
    assert protocol.close_code == 1005


@pytest.mark.parametrize("client", [False, True])
def test_we_close(client: bool) -> None:
    protocol = made(client, close_timeout=7)
    protocol.close()
    protocol.close()
    protocol.send("too late")
    assert said(protocol) == [Close(1000)]
    assert not protocol.closing
    assert tell(protocol, "still on its way", Ping(b"x")) == []
    assert said(protocol) == []
    assert protocol.next_timeout() == 7
    tell(protocol, Close(1000))
    assert said(protocol) == []
    assert protocol.closing is not client
    assert protocol.close_code == 1000
    protocol.close()
    assert protocol.closing


def test_who_does_not_answer_a_close_is_dropped() -> None:
    protocol = made(close_timeout=7)
    protocol.now = 10
    protocol.send(Close(4000, "go"))
    protocol.handle_timeout(16.9)
    assert not protocol.aborted
    protocol.handle_timeout(17)
    assert protocol.aborted


def test_a_drain_says_1001() -> None:
    protocol = made()
    protocol.drain()
    protocol.drain()
    assert said(protocol) == [Close(1001)]


def test_an_end_without_a_close() -> None:
    """Section 7.1.5."""
    protocol = made()
    encoder = Encoder(client=True)
    protocol.receive_data(encoder.encode("a") + encoder.encode("b")[:3])
    protocol.receive_eof()
    assert list(iter(protocol.next_event, NEED_DATA)) == ["a"]
    assert protocol.close_code == 1006
    protocol.close()
    assert protocol.closing
    assert said(protocol) == []


FAULTS = {
    b"\x81\x01a": (1002, "a client's frame is not masked"),
    b"\x81\x81\0\0\0\0\xff": (1007, "a text is not UTF-8"),
    b"\x82\xfe\x01\x00\0\0\0\0": (1009, "a frame of 256 bytes is over the limit of 200"),
}


@pytest.mark.parametrize("wire", FAULTS)
def test_faults_are_told_by_their_code(wire: bytes) -> None:
    """Section 7.4.1."""
    protocol = made(max_message_bytes=200)
    protocol.receive_data(Encoder(client=True).encode("good") + wire)
    assert protocol.next_event() == "good"
    with pytest.raises(ProtocolError) as caught:
        protocol.next_event()
    protocol.fail(caught.value)
    assert said(protocol) == [Close(*FAULTS[wire])]
    assert protocol.next_event() is NEED_DATA
    protocol.close()
    assert protocol.closing


def test_our_faults_are_told_without_details() -> None:
    for error, close in (
        (ValueError("secret"), Close(1011)),
        (ProtocolError("bad move"), Close(1002, "bad move")),
        (LimitExceeded("ä" * 100, 413), Close(1008, "ä" * 61)),
        (ProtocolError("policy", 1008), Close(1008, "policy")),
    ):
        protocol = made()
        protocol.fail(error)
        protocol.fail(error)
        assert said(protocol) == [close]


def test_pings_when_nothing_comes() -> None:
    protocol = made(now=100, ping_interval=10, ping_timeout=5)
    assert protocol.next_timeout() == 10
    protocol.now = 104
    tell(protocol, "sign of life")
    assert protocol.next_timeout() == 10
    protocol.handle_timeout(113)
    assert said(protocol) == []
    protocol.handle_timeout(114)
    (ping,) = said(protocol)
    assert type(ping) is Ping
    assert protocol.next_timeout() == 5
    protocol.now = 117
    tell(protocol, Pong(ping.data))
    assert protocol.latency == 3
    assert protocol.next_timeout() == 10
    protocol.handle_timeout(127)
    protocol.now = 130
    tell(protocol, "alive, if busy")
    assert protocol.next_timeout() == 5
    protocol.handle_timeout(134.9)
    assert not protocol.aborted
    protocol.handle_timeout(135)
    assert protocol.aborted
    assert protocol.close_code == 1006


def test_never_is_never() -> None:
    protocol = made(ping_interval=math.inf)
    assert protocol.next_timeout() is None
    protocol.handle_timeout(1e9)
    assert not protocol.aborted


@pytest.mark.parametrize("wire", [b"\x81", b"\x81\x85\0\0\0\0a", b"\x01\x81\0\0\0\0a"])
def test_a_message_must_be_whole_in_time_however_it_trickles(wire: bytes) -> None:
    protocol = made(now=50, message_timeout=3)
    for at in range(len(wire)):
        protocol.receive_data(wire[at : at + 1])
        assert protocol.next_event() is NEED_DATA
    assert protocol.next_timeout() == 3
    protocol.now = 52
    tell_nothing = protocol.next_event()
    assert tell_nothing is NEED_DATA
    assert protocol.next_timeout() == 1
    protocol.handle_timeout(53)
    assert said(protocol) == [Close(1008, "a message takes longer than 3 s")]
    assert protocol.closing


def test_messages_one_after_the_other_have_each_their_time() -> None:
    protocol = made(message_timeout=3)
    wire = Encoder(client=True).encode("abc")
    protocol.receive_data(wire[:4])
    assert protocol.next_event() is NEED_DATA
    protocol.now = 2
    protocol.receive_data(wire[4:] + wire[:4])
    assert [protocol.next_event(), protocol.next_event()] == ["abc", NEED_DATA]
    assert protocol.next_timeout() == 3


def test_what_is_no_message_is_a_type_error() -> None:
    protocol = made()
    with pytest.raises(TypeError):
        protocol.send(None)  # type: ignore[arg-type]
    protocol.send(bytearray(b"a"))
    protocol.send(memoryview(bytes(100000)))
    protocol.send(Ping(b"x"))
    assert said(protocol) == [b"a", bytes(100000), Ping(b"x")]
