"""MessagePack-RPC without I/O: any cut, every malformed message, each limit, and what goes back."""

import datetime
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.errors import IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Answer, Call, Cancel, Item
from fastnet.protocols.rpc_errors import InternalError, InvalidRequest, RPCError
from fastnet.protocols.rpc_msgpack import MessagePackRPC

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
IDS = st.integers(0, 2**32 - 1)
CALLS = st.builds(
    lambda id, method, params, one_way, stream, timeout_s: Call(
        None if one_way else id,
        method,
        params,
        one_way=one_way,
        stream=stream and not one_way,
        timeout_s=None if one_way else timeout_s,
    ),
    IDS,
    st.text(max_size=10).filter(lambda name: not name.startswith("$/")),
    st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4),
    st.booleans(),
    st.booleans(),
    st.none() | st.floats(0, 1e6),
)


def events(protocol: MessagePackRPC) -> list[Any]:
    return list(iter(protocol.next_event, NEED_DATA))


def sent(protocol: MessagePackRPC) -> bytes:
    return b"".join(map(bytes, protocol.data_to_send()))


def messages(protocol: MessagePackRPC) -> list[Any]:
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(sent(protocol))
    return list(unpacker)


def received(*values: Any) -> list[Any]:
    protocol = MessagePackRPC()
    protocol.receive_data(b"".join(map(msgpack.packb, values)))
    return events(protocol)


def facts(event: Any) -> tuple[Any, ...]:
    if isinstance(event, Call):
        return ("call", event.id, event.method, event.params, event.one_way, event.stream, event.timeout_s)
    if isinstance(event, Answer):
        fault = event.fault
        return ("answer", event.id, event.result, fault and (type(fault), fault.code, fault.message, fault.data))
    return (type(event).__name__, event.id, getattr(event, "value", None))


@given(st.lists(CALLS | st.builds(Answer, IDS, VALUES) | st.builds(Item, IDS, VALUES), max_size=5), st.data())
def test_any_cut_gives_the_same_events(things: list[Any], data: st.DataObject) -> None:
    sender = MessagePackRPC()
    for each in things:
        sender.call(each) if isinstance(each, Call) else sender.send(each)
    stream = sent(sender)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    random = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))], random):
        receiver = MessagePackRPC()
        found: list[Any] = []
        for piece in pieces:
            receiver.receive_data(piece)
            found += events(receiver)
        assert list(map(facts, found)) == list(map(facts, things))
        receiver.receive_eof()
        assert receiver.eof_received


def test_answers_go_out_in_any_order() -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([0, 1, "a", []]) + msgpack.packb([0, 2, "b", {"x": 1}]))
    first, second = events(protocol)
    second.result = {"y": (1, 2)}
    protocol.send(second)
    first.fault = RPCError("no", {"why": 3}, 17)
    protocol.send(first)
    assert protocol.queued_bytes > 0
    assert messages(protocol) == [
        [1, 2, None, {"y": [1, 2]}],
        [1, 1, {"code": 17, "message": "no", "data": {"why": 3}}, None],
    ]
    assert protocol.queued_bytes == 0 and protocol.data_to_send() == []


def test_notifications_are_not_answered() -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([2, "log", ["x"]]))
    (call,) = events(protocol)
    assert call.one_way and call.id is None
    protocol.send(call)
    assert not protocol.data_to_send()


def test_what_a_call_beyond_the_specification_looks_like() -> None:
    sender = MessagePackRPC()
    sender.call(Call(1, "count", [3], stream=True, timeout_s=1.5))
    sender.send(Item(1, "x"))
    sender.send(Cancel(1))
    assert messages(sender) == [
        [0, 1, "$/call", ["count", [3], {"stream": True, "timeout_s": 1.5}]],
        [2, "$/item", [1, "x"]],
        [2, "$/cancel", [1]],
    ]
    (call,) = received([0, 1, "$/call", ["count", {"n": 3}]])
    assert (call.method, call.params, call.stream, call.timeout_s) == ("count", {"n": 3}, False, None)
    assert received([2, "$/later", [1]], [2, "$/item", [1]], [2, "$/cancel", ["x"]]) == []


def test_times_go_both_ways() -> None:
    now = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    sender, receiver = MessagePackRPC(), MessagePackRPC()
    sender.call(Call(1, "at", [now]))
    receiver.receive_data(sent(sender))
    assert receiver.next_event().params == [now]


# What is no message: the connection ends, after a last word.
BROKEN = {
    "0xc1 begins nothing": b"\xc1",
    "an integer": msgpack.packb(1),
    "a map": msgpack.packb({"method": "a"}),
    "an empty array": msgpack.packb([]),
    "a kind that is none": msgpack.packb([3, 1, "a", []]),
    "a kind that is a boolean": b"\x94\xc2\x01\xa1a\x90",
    "a request of three": msgpack.packb([0, 1, "a"]),
    "a request of five": msgpack.packb([0, 1, "a", [], {}]),
    "a response of three": msgpack.packb([1, 1, None]),
    "a notification of four": msgpack.packb([2, 1, "a", []]),
    "a negative id": msgpack.packb([0, -1, "a", []]),
    "an id over 32 bits": msgpack.packb([0, 2**32, "a", []]),
    "an id that is a str": msgpack.packb([0, "1", "a", []]),
    "an id that is nil": msgpack.packb([0, None, "a", []]),
    "a notification whose method is an integer": msgpack.packb([2, 1, []]),
    "a notification whose params are a str": msgpack.packb([2, "a", "b"]),
    "a str that is not UTF-8": b"\x94\x00\x01\xa1\xff\x90",
    "a map key that is an integer": msgpack.packb([0, 9, "a", {1: 2}]),
    "an extension of a reserved type": msgpack.packb([0, 1, "a", []])[:4] + b"\x91\xd4\xfe\x00",
    "a time after the year 9999": b"\x94\x00\x01\xa1a\x91\xc7\x0c\xff" + b"\x00" * 4 + b"\x7f" * 8,
    "a map key that is an array": b"\x94\x00\x01\xa1a\x91\x81\x90\x01",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_message_ends_the_connection(data: bytes) -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([0, 1, "a", []]) + data)
    assert isinstance(protocol.next_event(), Call)
    with pytest.raises(ProtocolError) as caught:
        protocol.next_event()
    assert protocol.fail(caught.value) is not True
    ((kind, id, error, result),) = messages(protocol)
    assert (kind, id, result, error["code"]) == (1, None, None, -32700)


# A request whose id is usable: it is refused, and the connection goes on.
REFUSED = {
    "a method that is an integer": [0, 9, 1, []],
    "a method that is binary": [0, 9, b"a", []],
    "params that are a str": [0, 9, "a", "b"],
    "params that are nil": [0, 9, "a", None],
    "params with a name that is binary": [0, 9, "a", {b"b": 2}],
    "$/call without params": [0, 9, "$/call", ["a"]],
    "$/call of four": [0, 9, "$/call", ["a", [], {}, 1]],
    "$/call by name": [0, 9, "$/call", {"method": "a"}],
    "$/call of an integer": [0, 9, "$/call", [1, []]],
    "$/call with options that are an array": [0, 9, "$/call", ["a", [], []]],
    "$/call with a stream that is 1": [0, 9, "$/call", ["a", [], {"stream": 1}]],
    "$/call with a negative deadline": [0, 9, "$/call", ["a", [], {"timeout_s": -1}]],
    "$/call with no number": [0, 9, "$/call", ["a", [], {"timeout_s": float("nan")}]],
    "$/call with a deadline that is a str": [0, 9, "$/call", ["a", [], {"timeout_s": "1"}]],
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_request_is_answered_and_the_connection_goes_on(message: list[Any]) -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb(message) + msgpack.packb([0, 10, "a", []]))
    (call,) = events(protocol)
    assert call.id == 10
    ((kind, id, error, result),) = messages(protocol)
    assert (kind, id, result, error["code"]) == (1, 9, None, -32600)


def test_errors_of_other_peers_are_taken_as_they_are() -> None:
    text, strange, ours = received(
        [1, 1, "no such method", None], [1, 2, [5, "x"], None], [1, 3, {"code": -32603, "message": "m", "data": 1}, 0]
    )
    assert type(text.fault) is RPCError and text.fault.message == "no such method"
    assert strange.fault.data == [5, "x"]
    assert type(ours.fault) is InternalError and (ours.fault.data, ours.result) == (1, None)


@pytest.mark.parametrize("value", [object(), 2**64, "\ud800", [object()]])
def test_a_result_that_cannot_be_sent_is_answered_with_why(value: Any) -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([0, 1, "a", []]) + msgpack.packb([0, 2, "a", []]))
    good, bad = events(protocol)
    good.result, bad.result = "fine", value
    protocol.send(good)
    protocol.send(bad)
    first, second = messages(protocol)
    assert first == [1, 1, None, "fine"]
    assert second[:2] == [1, 2] and second[2]["code"] == -32003


def test_a_message_that_cannot_be_sent_leaves_nothing_behind() -> None:
    protocol = MessagePackRPC(max_message_bytes=100)
    for wrong in (Call(1, "a", [object()]), Call(1, "a", [b"x" * 100]), Call(-1, "a"), Call("x", "a")):
        with pytest.raises((TypeError, ValueError)):
            protocol.call(wrong)
    with pytest.raises(TypeError):
        protocol.send("text")
    assert protocol.data_to_send() == [] and protocol.queued_bytes == 0


@pytest.mark.parametrize("pieces", ["whole", "byte by byte"])
@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_limit_of_a_message(size: int, fits: bool, pieces: str) -> None:
    message = msgpack.packb([0, 1, "a", [b"x" * (size - 8)]])
    assert len(message) == size
    protocol = MessagePackRPC(max_message_bytes=100)

    def run() -> list[Any]:
        found = []
        for piece in [message] if pieces == "whole" else [message[i : i + 1] for i in range(size)]:
            protocol.receive_data(piece)
            found += events(protocol)
        return found

    if fits:
        assert len(run()) == 1
        return
    with pytest.raises(LimitExceeded) as caught:
        run()
    protocol.fail(caught.value)
    assert messages(protocol)[0][2]["code"] == -32600


def test_a_length_over_the_limit_is_refused_before_its_bytes_come() -> None:
    for head in (
        b"\xc6\x00\x00\x00\x65",
        b"\xdb\x00\x00\x00\x65",
        b"\xdd\x00\x00\x00\x65",
        b"\xc9\x00\x00\x00\x65\x01",
    ):
        protocol = MessagePackRPC(max_message_bytes=100)
        protocol.receive_data(b"\x94\x00\x01\xa1a\x91" + head)
        with pytest.raises(LimitExceeded):
            protocol.next_event()


@pytest.mark.parametrize(("depth", "fits"), [(9, True), (10, True), (11, False)])
def test_the_limit_of_depth(depth: int, fits: bool) -> None:
    value: Any = 1
    for _ in range(depth - 2):  # the message and its params are two
        value = [value]
    protocol = MessagePackRPC(max_depth=10)
    protocol.receive_data(msgpack.packb([0, 1, "a", [value]]))
    if fits:
        assert len(events(protocol)) == 1
    else:
        with pytest.raises(LimitExceeded):
            protocol.next_event()


def test_the_end_inside_a_message_is_told_with_counts() -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([0, 1, "a", []]) + b"\x94\x00")
    assert len(events(protocol)) == 1
    with pytest.raises(IncompleteFrame, match="2 bytes"):
        protocol.receive_eof()


def test_time_is_limited_from_the_first_byte_of_a_message() -> None:
    protocol = MessagePackRPC(message_timeout=5, idle_timeout=60)
    protocol.now = 100.0
    assert protocol.next_timeout() == 60
    protocol.receive_data(b"\x94")
    assert protocol.next_event() is NEED_DATA
    protocol.now = 103.0
    protocol.receive_data(b"\x00")
    assert protocol.next_event() is NEED_DATA
    assert protocol.next_timeout() == 2
    protocol.receive_data(b"\x01\xa1a\x90\x94")
    assert len(events(protocol)) == 1
    assert protocol.next_timeout() == 5
    assert MessagePackRPC().next_timeout() is None


def test_a_fault_whose_data_cannot_be_sent_keeps_code_and_message() -> None:
    protocol = MessagePackRPC()
    protocol.receive_data(msgpack.packb([0, 1, "a", []]))
    (call,) = events(protocol)
    call.fault = InvalidRequest("why", object())
    protocol.send(call)
    assert messages(protocol) == [[1, 1, {"code": -32600, "message": "why"}, None]]
