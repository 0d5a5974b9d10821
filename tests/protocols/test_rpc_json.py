"""JSON-RPC 2.0 without I/O: the examples of the specification, every malformed text, both framings, any cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Answer, Call, Item
from fastnet.protocols.rpc_errors import InvalidParams, MethodNotFound, RPCError
from fastnet.protocols.rpc_json import JSONRPC, Message, batch_text, request_text


def serve(call: Call) -> None:
    """The methods that the examples of the specification (section 7) speak of."""
    params = call.params
    if call.method == "subtract" and isinstance(params, dict):
        call.result = params["minuend"] - params["subtrahend"]
    elif call.method == "subtract":
        call.result = params[0] - params[1]
    elif call.method == "sum":
        call.result = sum(params)
    elif call.method == "get_data":
        call.result = ["hello", 5]
    elif call.method not in ("update", "notify_hello", "notify_sum"):
        call.fault = MethodNotFound("Method not found")


def answered(text: bytes, **limits: int) -> Any:
    message = Message(text, **limits)
    for call in message.calls:
        serve(call)
        message.answer(call)
    assert message.done
    out = message.text()
    return None if out is None else json.loads(out)


def ok(result: Any, id: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": result, "id": id}


def no(code: int, id: Any) -> dict[str, Any]:
    return {"code": code, "id": id}


def coded(answer: Any) -> Any:
    """An answer with no more of an error than its code."""
    if isinstance(answer, list):
        return [coded(each) for each in answer]
    if answer and "error" in answer:
        assert answer.keys() == {"jsonrpc", "error", "id"} and isinstance(answer["error"]["message"], str)
        return no(answer["error"]["code"], answer["id"])
    return answer


SPECIFICATION = {
    b'{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}': ok(19, 1),
    b'{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}': ok(19, 3),
    b'{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}': None,
    b'{"jsonrpc": "2.0", "method": "foobar"}': None,
    b'{"jsonrpc": "2.0", "method": "foobar", "id": "1"}': no(-32601, "1"),
    b'{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]': no(-32700, None),
    b'{"jsonrpc": "2.0", "method": 1, "params": "bar"}': no(-32600, None),
    b'[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"': no(-32700, None),
    b"[]": no(-32600, None),
    b"[1]": [no(-32600, None)],
    b"[1,2,3]": [no(-32600, None)] * 3,
    b'[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},'
    b'{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},'
    b'{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},{"foo": "boo"},'
    b'{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},'
    b'{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]': [
        no(-32600, None),
        ok(7, "1"),
        ok(19, "2"),
        no(-32601, "5"),
        ok(["hello", 5], "9"),
    ],
    b'[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},'
    b'{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]': None,
}


@pytest.mark.parametrize(("text", "expected"), SPECIFICATION.items())
def test_the_examples_of_the_specification(text: bytes, expected: Any) -> None:
    assert coded(answered(text)) == expected


MALFORMED = {
    b"": no(-32700, None),
    b"nonsense": no(-32700, None),
    b"\xff": no(-32700, None),
    b'"text"': no(-32600, None),
    b"null": no(-32600, None),
    b"{}": no(-32600, None),
    b'{"method": "sum", "id": 1}': no(-32600, 1),
    b'{"jsonrpc": 2.0, "method": "sum", "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "1.0", "method": "sum", "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "2.0", "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "2.0", "method": null, "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "2.0", "method": "sum", "params": 1, "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "2.0", "method": "sum", "params": null, "id": 1}': no(-32600, 1),
    b'{"jsonrpc": "2.0", "method": "sum", "id": [1]}': no(-32600, None),
    b'{"jsonrpc": "2.0", "method": "sum", "id": {}}': no(-32600, None),
    b'{"jsonrpc": "2.0", "method": "sum", "id": true}': no(-32600, None),
    b'{"jsonrpc": "2.0", "method": "sum", "params": [NaN], "id": 1}': no(-32700, None),
    b"[[]]": [no(-32600, None)],
    b"[" * 200 + b"]" * 200: no(-32700, None),
}


@pytest.mark.parametrize(("text", "expected"), MALFORMED.items())
def test_every_malformed_text_has_its_code(text: bytes, expected: Any) -> None:
    assert coded(answered(text)) == expected


@pytest.mark.parametrize("id", [0, -1, 2**70, 1.5, "", "x", None, "\u00e9"])
def test_ids_come_back_as_they_are(id: Any) -> None:
    text = json.dumps({"jsonrpc": "2.0", "method": "sum", "params": [1], "id": id}).encode()
    assert answered(text) == ok(1, id)


@pytest.mark.parametrize(("calls", "fits"), [(2, True), (3, True), (4, False)])
def test_the_limit_of_a_batch(calls: int, fits: bool) -> None:
    text = batch_text([Call(i, "sum", [i]) for i in range(calls)])
    answer = answered(text, max_batch=3)
    assert (answer == [ok(i, i) for i in range(calls)]) is fits
    assert fits or coded(answer) == no(-32600, None)


@pytest.mark.parametrize(("depth", "fits"), [(9, True), (10, True), (11, False)])
def test_the_limit_of_depth(depth: int, fits: bool) -> None:
    value: Any = []
    for _ in range(depth - 3):
        value = [value]
    message = Message(request_text(Call(1, "a", [value])), max_depth=10)
    assert bool(message.calls) is fits


def test_a_result_that_cannot_be_sent_is_answered_with_why() -> None:
    message = Message(request_text(Call(1, "a")))
    message.calls[0].result = object()
    message.answer(message.calls[0])
    assert coded(json.loads(message.text() or b"")) == no(-32003, 1)


@pytest.mark.parametrize("many", [False, True])
def test_an_answer_over_the_limit_is_replaced(many: bool) -> None:
    calls = [Call(i, "a") for i in range(2)]
    message = Message(batch_text(calls) if many else request_text(calls[0]))
    for call in message.calls:
        call.result = "x" * 300
        message.answer(call)
    answer = coded(json.loads(message.text(300) or b""))
    assert answer == ([no(-32003, 0), no(-32003, 1)] if many else no(-32003, 0))


def test_a_fault_carries_code_message_and_data() -> None:
    message = Message(request_text(Call("q", "a")))
    message.calls[0].fault = RPCError("no", {"left": 3}, -32050)
    message.answer(message.calls[0])
    error = json.loads(message.text() or b"")["error"]
    assert error == {"code": -32050, "message": "no", "data": {"left": 3}}
    (answer,) = Message(message.text() or b"").answers
    assert (answer.id, answer.fault.code, answer.fault.data) == ("q", -32050, {"left": 3})


@pytest.mark.parametrize("text", [b'{"jsonrpc":"2.0","error":"no","id":1}', b'{"error":{"code":"x"},"id":1}'])
def test_an_error_that_is_none_is_a_fault_all_the_same(text: bytes) -> None:
    (answer,) = Message(text).answers
    assert type(answer.fault) is RPCError and answer.id == 1


def events(protocol: JSONRPC) -> list[Any]:
    return list(iter(protocol.next_event, NEED_DATA))


def sent(protocol: JSONRPC) -> bytes:
    return b"".join(map(bytes, protocol.data_to_send()))


IDS = st.none() | st.integers() | st.text()
CALLS = st.builds(
    lambda id, method, params, one_way: Call(None if one_way else id, method, params, one_way=one_way),
    IDS,
    st.text(),
    st.lists(st.integers() | st.text(), max_size=3) | st.dictionaries(st.text(), st.booleans(), max_size=3),
    st.booleans(),
)


@pytest.mark.parametrize("framing", ["lines", "prefixed"])
@given(st.lists(CALLS, max_size=5), st.data())
def test_any_cut_gives_the_same_calls(framing: str, calls: list[Call], data: st.DataObject) -> None:
    sender = JSONRPC(framing)
    for call in calls:
        sender.call(call)
    if len(calls) > 1:
        sender.call_batch(calls)
    expected = [(c.id, c.method, c.params or [], c.one_way) for c in (calls + calls if len(calls) > 1 else calls)]
    stream = sent(sender)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    random = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))], random):
        receiver = JSONRPC(framing)
        found: list[Any] = []
        for piece in pieces:
            receiver.receive_data(piece)
            found += events(receiver)
        receiver.receive_eof()
        assert [(c.id, c.method, c.params or [], c.one_way) for c in found] == expected


@pytest.mark.parametrize("framing", ["lines", "prefixed"])
def test_both_sides_of_a_connection(framing: str) -> None:
    client, server = JSONRPC(framing), JSONRPC(framing)
    client.call(Call(1, "sum", [1, 2]))
    client.call_batch([Call(2, "sum", [3]), Call(None, "update", one_way=True), Call(3, "nope")])
    server.receive_data(sent(client))
    calls = events(server)
    for call in reversed(calls):  # answers go out as they are ready, a batch when its last one is
        serve(call)
        server.send(call)
    client.receive_data(sent(server))
    answers = events(client)
    assert [(a.id, a.result, a.fault and type(a.fault)) for a in answers] == [
        (3, None, MethodNotFound),
        (2, 3, None),
        (1, 3, None),
    ]
    assert all(isinstance(answer, Answer) for answer in answers)


def test_what_is_wrong_is_answered_and_the_stream_goes_on() -> None:
    server = JSONRPC()
    server.receive_data(b"{\n[]\n" + request_text(Call(1, "sum", [1])) + b"\n")
    (call,) = events(server)
    serve(call)
    server.send(call)
    assert [coded(json.loads(line)) for line in sent(server).splitlines()] == [
        no(-32700, None),
        no(-32600, None),
        ok(1, 1),
    ]


@pytest.mark.parametrize("framing", ["lines", "prefixed"])
@pytest.mark.parametrize(("size", "fits"), [(199, True), (200, True), (201, False)])
def test_the_limit_of_a_text(framing: str, size: int, fits: bool) -> None:
    call = Call(1, "sum", ["x" * (size - len(request_text(Call(1, "sum", [""]))))])
    sender = JSONRPC(framing)
    sender.call(call)
    stream = sent(sender)
    receiver = JSONRPC(framing, max_message_bytes=200)

    def run() -> list[Any]:
        receiver.receive_data(stream)
        return events(receiver)

    if fits:
        assert len(run()) == 1
        return
    with pytest.raises(LimitExceeded) as caught:
        run()
    receiver.fail(caught.value)
    assert b"-32600" in sent(receiver)
    with pytest.raises(ValueError):
        JSONRPC(framing, max_message_bytes=200).call(call)


def test_the_end_inside_a_text_is_told_with_counts() -> None:
    server = JSONRPC()
    server.receive_data(b'{"js')
    with pytest.raises(IncompleteFrame, match="4 bytes"):
        server.receive_eof()


def test_time_is_limited_from_the_first_byte_of_a_text() -> None:
    server = JSONRPC(message_timeout=5, idle_timeout=60)
    server.now = 100.0
    assert server.next_timeout() == 60
    server.receive_data(b"{")
    server.now = 103.0
    server.receive_data(b"}")
    assert server.next_timeout() == 2
    server.receive_data(b"\n")
    assert server.next_timeout() == 60


def test_what_json_rpc_does_not_have() -> None:
    with pytest.raises(ConfigError, match="framing"):
        JSONRPC("netstring")
    with pytest.raises(TypeError, match="Item"):
        JSONRPC().send(Item(1, 2))
    with pytest.raises(TypeError):
        request_text(Call(1, "a", [object()]))
    assert InvalidParams().code == -32602
