"""Messages in a framing: any cut of the stream gives the same messages; ends, limits and time."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.errors import IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.framing import LengthPrefixed, Lines
from fastnet.protocols import NEED_DATA, Framed


def events(protocol: Framed) -> list[bytes]:
    return list(iter(protocol.next_event, NEED_DATA))


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_any_cut_gives_the_same_messages(messages: list[bytes], data: st.DataObject) -> None:
    sender, receiver = Framed(LengthPrefixed(2)), Framed(LengthPrefixed(2))
    for message in messages:
        sender.send(message)
    stream = b"".join(map(bytes, sender.data_to_send()))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))) | {0, len(stream)})
    found = []
    pull = data.draw(st.booleans())
    for start, end in itertools.pairwise(cuts):
        receiver.receive_data(stream[start:end])
        if pull:  # else all at the end, so that batches join
            found += events(receiver)
    receiver.receive_eof()
    assert found + events(receiver) == messages
    assert receiver.eof_received


def test_the_end_in_a_message_is_told_with_counts() -> None:
    protocol = Framed(LengthPrefixed(4))
    protocol.receive_data(b"\0\0\0\x05ab")
    with pytest.raises(IncompleteFrame) as caught:
        protocol.receive_eof()
    assert (caught.value.received, caught.value.expected) == (6, 9)


def test_messages_before_a_bad_one_come_first() -> None:
    protocol = Framed(Lines("crlf", max_frame_bytes=4))
    protocol.receive_data(b"good\r\nb\nad\r\n")
    assert protocol.next_event() == b"good"
    for _ in range(2):
        with pytest.raises(ProtocolError):
            protocol.next_event()
    protocol = Framed(Lines("crlf", max_frame_bytes=4))
    protocol.receive_data(b"good\r\nlonger\r\n")
    assert protocol.next_event() == b"good"
    with pytest.raises(LimitExceeded):
        protocol.next_event()


def test_a_message_must_be_whole_in_time_however_it_trickles() -> None:
    protocol = Framed(Lines("lf"), message_timeout=10, idle_timeout=50)
    protocol.now = 100.0
    assert protocol.next_timeout() == 50
    protocol.receive_data(b"a")
    protocol.now = 104.0
    protocol.receive_data(b"b")
    assert protocol.next_timeout() == 6
    protocol.receive_data(b"c\nd")
    assert protocol.next_timeout() == 10  # of another message
    protocol.receive_data(b"\n")
    assert protocol.next_timeout() == 50
    protocol.now = 111.0
    protocol.receive_data(b"e")
    protocol.now = 130.0
    assert protocol.next_timeout() == 0
    assert Framed(Lines("lf"), message_timeout=math.inf).next_timeout() is None
