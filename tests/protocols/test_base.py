"""The contract: what Protocol and DatagramProtocol do by themselves, and that Python subclasses are heard."""

from typing import Any

import pytest

from fastnet.protocols import NEED_DATA, DatagramProtocol, Protocol
from fastnet.protocols.base import Datagrams, Pieces


class Upper(Protocol):
    """Answers by itself."""

    def receive_data(self, data: bytes) -> None:
        self.write(data.upper())


def test_output_is_given_once_and_in_order() -> None:
    protocol = Upper()
    assert protocol.data_to_send() == [] and protocol.queued_bytes == 0
    protocol.receive_data(b"one")
    protocol.send(b"two")
    assert protocol.queued_bytes == 6
    assert protocol.data_to_send() == [b"ONE", b"two"]
    assert protocol.data_to_send() == [] and protocol.queued_bytes == 0
    assert protocol.next_event() is NEED_DATA
    assert protocol.next_timeout() is None


def test_the_peers_end_is_kept_for_whoever_drives() -> None:
    protocol = Upper()
    protocol.receive_data(b"last")
    protocol.receive_eof()
    assert protocol.eof_received and not protocol.closing
    protocol.close()
    assert protocol.closing and not protocol.aborted
    assert protocol.data_to_send() == [b"LAST"]


def test_half_close_and_abort_are_data() -> None:
    protocol = Upper()
    protocol.write_eof()
    assert protocol.eof_queued and not protocol.closing
    protocol.handle_timeout(1.0)
    assert protocol.aborted and protocol.closing


def test_a_subclass_has_state_and_facts() -> None:
    class Counting(Protocol):
        def __init__(self, start: int) -> None:
            self.count = start

        def receive_data(self, data: bytes) -> None:
            self.count += len(data)

        def next_event(self) -> Any:
            return self.count if self.count > 3 else NEED_DATA

    protocol = Counting(1)
    protocol.now, protocol.peer, protocol.local, protocol.tls = 3.5, ("192.0.2.1", 7), None, None
    protocol.receive_data(b"12")
    assert protocol.next_event() is NEED_DATA
    protocol.receive_data(b"3")
    assert protocol.next_event() == 4 and protocol.now == 3.5 and protocol.peer == ("192.0.2.1", 7)


def test_what_must_be_overridden_says_so() -> None:
    with pytest.raises(NotImplementedError, match="override receive_data"):
        Protocol().receive_data(b"")
    with pytest.raises(NotImplementedError, match="override receive_datagram"):
        DatagramProtocol().receive_datagram(b"", None)


def test_datagrams_are_queued_with_their_peers() -> None:
    class Echo(DatagramProtocol):
        def receive_datagram(self, data: bytes, peer: Any) -> None:
            self.send((data, peer))

    protocol = Echo()
    protocol.receive_datagram(b"a", ("192.0.2.1", 1))
    protocol.receive_datagram(b"b", ("192.0.2.2", 2))
    assert protocol.data_to_send() == [(b"a", ("192.0.2.1", 1)), (b"b", ("192.0.2.2", 2))]
    assert protocol.data_to_send() == [] and protocol.next_event() is NEED_DATA and protocol.next_timeout() is None


def test_pieces_are_what_came_and_join_while_nobody_asks():
    protocol = Pieces()
    assert protocol.next_event() is NEED_DATA
    protocol.receive_data(b"one")
    assert protocol.next_event() == b"one" and protocol.next_event() is NEED_DATA
    for data in (b"t", bytearray(b"w"), memoryview(b"o")):
        protocol.receive_data(data)
    assert protocol.next_event() == b"two"
    protocol.receive_data(memoryview(b"x"))
    event = protocol.next_event()
    assert event == b"x" and type(event) is bytes
    protocol.send(event)
    assert protocol.queued == [b"x"]
    protocol.send(b"y")
    assert protocol.queued == [b"x", b"y"] == protocol.data_to_send() and protocol.queued is None


def test_datagrams_are_events_that_know_their_sender():
    protocol = Datagrams()
    protocol.receive_datagram(b"one", ("192.0.2.1", 7))
    protocol.receive_datagram(b"two", ("192.0.2.2", 7))
    event = protocol.next_event()
    assert event == b"one" and event.peer == ("192.0.2.1", 7) and protocol.next_event() == b"two"
    assert protocol.next_event() is NEED_DATA
    protocol.reply(event, b"answer")
    assert protocol.data_to_send() == [(b"answer", ("192.0.2.1", 7))] and protocol.data_to_send() == []
    for n in range(1025):
        protocol.receive_datagram(b"%d" % n, None)
    waiting = list(iter(protocol.next_event, NEED_DATA))
    assert len(waiting) == 1024 and waiting[-1] == b"1023"
