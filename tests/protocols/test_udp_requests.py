"""Requests and responses by datagrams, without a network, or with one that loses, doubles and reorders."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.checksum import crc32c
from fastnet.errors import ConfigError, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.udp_requests import (
    FAILURE,
    HEAD_BYTES,
    MOST_BYTES,
    REQUEST,
    RESPONSE,
    Inquiry,
    Requester,
    RequestFailed,
    RequestTimeout,
    Responder,
    decode,
    encode,
)
from fastnet.testing import ChaosDatagrams

PEER = ("192.0.2.1", 4000)


def asked(waits: list[float], body: bytes = b"q") -> tuple[Requester, int, bytes]:
    client = Requester("udp://192.0.2.9:1060")
    id = client.ask(body, waits)
    ((wire, peer),) = client.data_to_send()
    assert peer is None
    return client, id, bytes(wire)


def sent(protocol: Requester | Responder) -> list[bytes]:
    return [bytes(data) for data, _ in protocol.data_to_send()]


def test_the_bytes_are_those_of_the_page() -> None:
    front = bytes([0xF5, 1]) + (7).to_bytes(8, "big")
    assert encode(REQUEST, 7, b"hello") == front + crc32c(front + b"hello").to_bytes(4, "big") + b"hello"
    assert decode(encode(RESPONSE, 2**64 - 1, b"")) == (RESPONSE, 2**64 - 1, b"")
    assert len(encode(REQUEST, 0, bytes(MOST_BYTES))) == 65_507
    with pytest.raises(ValueError, match="65494 bytes: a datagram has room for 65493"):
        encode(REQUEST, 0, bytes(MOST_BYTES + 1))


def test_what_is_damaged_is_nothing() -> None:
    wire = encode(REQUEST, 7, b"hello")
    for i in range(len(wire)):
        assert decode(wire[:i]) is None
        for bit in range(8):
            assert decode(wire[:i] + bytes([wire[i] ^ (1 << bit)]) + wire[i + 1 :]) is None
    assert decode(wire + b"\0") is None
    for kind in (0, 4, 255):
        assert decode(encode(kind, 7, b"hello")) is None


def test_a_response_is_that_of_its_request_and_comes_once() -> None:
    client, id, wire = asked([1.0])
    assert decode(wire) == (REQUEST, id, b"q")
    response = encode(RESPONSE, id, b"a")
    for stray in (encode(RESPONSE, id ^ 1, b"a"), wire, response[:-1], b"", response + b"x"):
        client.receive_datagram(stray, None)
        assert client.next_event() is NEED_DATA
    client.receive_datagram(response, None)
    client.receive_datagram(response, None)
    assert client.next_event() == (id, b"a", None) and client.next_event() is NEED_DATA
    assert client.dropped == 6 and client.next_timeout() is None


def test_it_is_sent_again_until_the_waits_are_over() -> None:
    client, _, wire = asked([1.0, 2.0, 0.5])
    for now, again in ((0.999, 0), (1.0, 1), (2.999, 0), (3.0, 1), (3.499, 0)):
        client.handle_timeout(now)
        assert sent(client) == [wire] * again
    assert client.next_timeout() == pytest.approx(0.001)
    client.handle_timeout(3.5)
    assert sent(client) == [] and client.next_timeout() is None
    _, response, error = client.next_event()
    assert response is None and isinstance(error, RequestTimeout) and isinstance(error, TimeoutError)
    assert str(error) == "no response from udp://192.0.2.9:1060 to 3 attempts in 3.5 s"
    assert (error.attempts, error.waited_s) == (3, 3.5)


def test_one_attempt_is_one() -> None:
    client, _, _ = asked([0.25])
    client.handle_timeout(0.25)
    assert str(client.next_event().error) == "no response from udp://192.0.2.9:1060 to 1 attempt in 0.25 s"


def test_errors_of_the_network() -> None:
    client, small, wire = asked([1.0])
    large = client.ask(b"x" * 100, [1.0])
    client.send_failed(sent(client)[0], OSError(errno.EMSGSIZE, "too long"))
    outcome = client.next_event()
    assert outcome.id == large and outcome.error.errno == errno.EMSGSIZE and client.next_event() is NEED_DATA
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    client.receive_error(refused, None)
    assert client.next_event() == (small, None, refused) and client.next_timeout() is None
    client, id, wire = asked([1.0])
    client.send_failed(wire, refused)
    assert client.next_event() == (id, None, refused)
    client, id, wire = asked([1.0])
    client.forget(id)
    client.receive_datagram(encode(RESPONSE, id, b"a"), None)
    assert client.next_event() is NEED_DATA and client.dropped == 1


def test_a_request_that_comes_again_is_answered_alike_and_handled_once() -> None:
    server = Responder()
    wire = encode(REQUEST, 7, b"hello")
    server.receive_datagram(wire, PEER)
    server.receive_datagram(wire, PEER)  # while it is being answered: nothing
    request = server.next_event()
    assert (request, request.id, request.peer) == (b"hello", 7, PEER) and server.next_event() is NEED_DATA
    assert sent(server) == []
    server.reply(request, b"HELLO")
    answer = encode(RESPONSE, 7, b"HELLO")
    assert server.data_to_send() == [(answer, PEER)]
    server.receive_datagram(wire, PEER)
    assert server.next_event() is NEED_DATA and server.data_to_send() == [(answer, PEER)] and server.repeated == 2
    # The same id of another client is another request.
    server.receive_datagram(wire, ("192.0.2.1", 4001))
    assert server.next_event().peer == ("192.0.2.1", 4001)
    for stray in (answer, wire[:-1], b"", wire + b"x"):
        server.receive_datagram(stray, PEER)
        assert server.next_event() is NEED_DATA
    assert server.damaged == 4


def test_a_failure_is_told_without_details() -> None:
    server = Responder()
    for id, error, text in (
        (1, ProtocolError("no such thing"), "no such thing"),
        (2, KeyError("secret"), "the server could not answer this request"),
    ):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
        server.fail(server.next_event(), error)
        assert sent(server) == [encode(FAILURE, id, text.encode())]
        client = Requester()
        client._pending[id] = object()
        client.receive_datagram(encode(FAILURE, id, text.encode()), None)
        found = client.next_event().error
        assert isinstance(found, RequestFailed) and str(found) == text
    for id, result, kind in ((10, bytes(MOST_BYTES + 1), ValueError), (11, "text", TypeError)):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
        request = server.next_event()
        with pytest.raises(kind):
            server.reply(request, result)
        assert sent(server) == [encode(FAILURE, id, b"the server could not answer this request")]


def test_a_response_that_is_too_large_for_the_network() -> None:
    server = Responder()
    for id, size in ((1, 10), (2, 9000)):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
        server.reply(server.next_event(), bytes(size))
    server.data_to_send()
    server.receive_error(OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE)), PEER)
    failure = encode(FAILURE, 2, b"the response is too large for the network")
    assert sent(server) == [failure]
    server.receive_datagram(encode(REQUEST, 2, b""), PEER)
    assert sent(server) == [failure]
    server.receive_error(OSError(errno.EMSGSIZE, ""), PEER)
    server.receive_error(OSError(errno.EPERM, ""), PEER)
    server.receive_error(OSError(errno.EMSGSIZE, ""), ("192.0.2.2", 1))
    assert sent(server) == []


@pytest.mark.parametrize(
    ("limits", "kept"),
    [({"remember": 3}, 3), ({"remember": 4}, 4), ({"remember_bytes": 3 * (HEAD_BYTES + 100)}, 3)],
)
def test_what_is_remembered_is_bounded(limits: dict[str, int], kept: int) -> None:
    server = Responder(**limits)
    for id in range(20):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
        server.reply(server.next_event(), bytes(100))
        assert len(server) <= kept + 1
    assert len(server) == kept
    server.data_to_send()
    for id in range(20 - kept, 20):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
    assert len(sent(server)) == kept and server.next_event() is NEED_DATA
    server.receive_datagram(encode(REQUEST, 19 - kept, b""), PEER)
    assert server.next_event().id == 19 - kept


def test_it_is_forgotten_in_time() -> None:
    server = Responder(remember_s=10)
    for id, now in ((1, 0.0), (2, 9.9), (3, 10.0)):
        server.now = now
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
        server.reply(server.next_event(), b"")
    assert len(server) == 2
    for name in ("remember", "remember_bytes", "remember_s"):
        with pytest.raises(ConfigError, match=name):
            Responder(**{name: 0})


def test_more_than_can_wait_are_dropped_and_may_come_again() -> None:
    server = Responder()
    for id in range(1025):
        server.receive_datagram(encode(REQUEST, id, b""), PEER)
    events = [server.next_event() for _ in range(1024)]
    assert server.next_event() is NEED_DATA and [e.id for e in events] == list(range(1024))
    server.receive_datagram(encode(REQUEST, 1024, b""), PEER)
    assert server.next_event().id == 1024


@given(st.integers(0, 2**32))
def test_over_a_bad_network_each_request_is_handled_at_most_once(seed: int) -> None:
    """And has one outcome, which is its own."""
    there, back = ChaosDatagrams(seed, loss=0.3), ChaosDatagrams(seed + 1, loss=0.3)
    client, server = Requester(), Responder()
    questions = {client.ask(b"%d" % i, [1.0] * 6): b"%d" % i for i in range(10)}
    handled: list[bytes] = []
    outcomes = {}
    for step in range(40):
        client.handle_timeout(step / 4)
        for data in there.carry(sent(client)):
            server.receive_datagram(data, PEER)
        while (request := server.next_event()) is not NEED_DATA:
            handled.append(bytes(request))
            server.reply(request, request * 2)
        for data in back.carry(sent(server)):
            client.receive_datagram(data, None)
        while (outcome := client.next_event()) is not NEED_DATA:
            assert outcome.id not in outcomes
            outcomes[outcome.id] = outcome
    assert len(handled) == len(set(handled)) and set(handled) <= set(questions.values())
    assert outcomes.keys() == questions.keys()
    for id, question in questions.items():
        if outcomes[id].error is None:
            assert outcomes[id].response == question * 2 and question in handled
        else:
            assert isinstance(outcomes[id].error, RequestTimeout)


def test_an_inquiry_hears_everybody_once() -> None:
    asking = Inquiry()
    asking.ask(b"who", ("192.0.2.255", 9))
    asking.ask(b"who", ("192.0.2.255", 9))
    (wire, where), again = asking.data_to_send()
    assert again == (wire, where) and where == ("192.0.2.255", 9)
    found = decode(wire)
    assert found and found[0] == REQUEST and found[2] == b"who"
    yes = encode(RESPONSE, found[1], b"me")
    for data, peer in (
        (yes, PEER),
        (yes, PEER),
        (encode(RESPONSE, found[1] ^ 1, b"me"), PEER),
        (yes[:-1], PEER),
        (wire, PEER),
        (yes, ("192.0.2.2", 1)),
        (encode(FAILURE, found[1], b"no"), ("192.0.2.3", 1)),
    ):
        asking.receive_datagram(data, peer)
    assert asking.next_event() == (PEER, b"me") and asking.next_event() == (("192.0.2.2", 1), b"me")
    peer, failed = asking.next_event()
    assert peer == ("192.0.2.3", 1) and isinstance(failed, RequestFailed) and str(failed) == "no"
    assert asking.next_event() is NEED_DATA


def test_what_is_larger_than_the_way_fails() -> None:
    client, small, wire = asked([1.0])
    large = client.ask(b"x" * 100, [1.0])
    error = OSError(errno.EMSGSIZE, "too long")
    client.fail_larger(HEAD_BYTES + 100, error)
    assert client.next_event() is NEED_DATA
    client.fail_larger(HEAD_BYTES + 99, error)
    assert client.next_event() == (large, None, error)
    client.fail_larger(len(wire), error)
    assert client.next_event() is NEED_DATA
    client.fail_larger(len(wire) - 1, error)
    assert client.next_event() == (small, None, error)
