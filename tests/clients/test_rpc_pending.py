"""The book of calls that wait."""

import pytest

from fastnet.clients.rpc_pending import Pending, check_seconds, plain_params
from fastnet.errors import ConfigError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Answer, Call, Cancel, Item
from fastnet.protocols.rpc_json import JSONRPC
from fastnet.protocols.rpc_msgpack import LARGEST_ID, MessagePackRPC


def sent(protocol: MessagePackRPC) -> list[object]:
    other = MessagePackRPC()
    other.receive_data(b"".join(map(bytes, protocol.data_to_send())))
    return list(iter(other.next_event, NEED_DATA))


def test_ids_are_not_used_twice_at_once() -> None:
    pending: Pending[str] = Pending(MessagePackRPC())
    first = pending.call("first", "a", [])
    pending._last = LARGEST_ID
    assert pending.call("second", "a", []) == first + 1
    assert pending.waiters == {first: "first", first + 1: "second"}


def test_answers_and_items_are_given_and_calls_of_the_peer_are_refused() -> None:
    pending: Pending[str] = Pending(MessagePackRPC())
    peer = MessagePackRPC()
    peer.send(Answer(1, "x"))
    peer.call(Call(7, "yours"))
    peer.call(Call(None, "note", one_way=True))
    peer.send(Item(1, "y"))
    peer.send(Cancel(1))
    pending.protocol.receive_data(b"".join(map(bytes, peer.data_to_send())))
    assert [type(event) for event in pending.events()] == [Answer, Item]
    assert isinstance(pending.protocol, MessagePackRPC)
    (refusal,) = sent(pending.protocol)
    assert isinstance(refusal, Answer) and refusal.id == 7 and refusal.fault is not None
    assert refusal.fault.code == -32601


def test_a_cancelled_call_is_told_where_that_can_be() -> None:
    pending: Pending[str] = Pending(MessagePackRPC())
    id = pending.call("x", "a", [])
    pending.cancel(id)
    pending.cancel(id)
    assert isinstance(pending.protocol, MessagePackRPC)
    assert [type(event) for event in sent(pending.protocol)] == [Call, Cancel]
    lines: Pending[str] = Pending(JSONRPC())
    lines.cancel(lines.call("x", "a", []))
    assert not lines.waiters


def test_a_call_that_cannot_be_sent_leaves_nobody_waiting() -> None:
    pending: Pending[str] = Pending(MessagePackRPC())
    with pytest.raises(TypeError):
        pending.call("x", "a", [object()])
    assert not pending.waiters


def test_params() -> None:
    assert plain_params((1, 2)) == [1, 2] and plain_params({"a": 1}) == {"a": 1}
    for wrong in ("ab", b"ab"):
        with pytest.raises(TypeError, match="not"):
            plain_params(wrong)
    check_seconds(a=None, b=0.5)
    with pytest.raises(ConfigError, match="timeout_s"):
        check_seconds(timeout_s=0)
