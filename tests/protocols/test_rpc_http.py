"""The caller's side over HTTP, without I/O: one request at a time, bodies of every kind, any cut, what is refused."""

import xmlrpc.client
from typing import Any

import pytest

from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.rpc import Call, Cancel
from fastnet.protocols.rpc_errors import InvalidRequest, MethodNotFound, ParseError, RPCError
from fastnet.protocols.rpc_http import HTTPCaller


def events(caller: HTTPCaller) -> list[Any]:
    return list(iter(caller.next_event, NEED_DATA))


def sent(caller: HTTPCaller) -> bytes:
    return b"".join(map(bytes, caller.data_to_send()))


def response(body: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n") -> bytes:
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


ANSWER = b'{"jsonrpc":"2.0","result":3,"id":1}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + ANSWER[:5] + b"\r\n"
CHUNKED += b"%x;a=b\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(ANSWER) - 5, ANSWER[5:])
RESPONSES = {
    "a length": response(ANSWER),
    "chunks": CHUNKED,
    "after 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + response(ANSWER),
    "the end of the stream": b"HTTP/1.0 200 OK\r\n\r\n" + ANSWER,
}


@pytest.mark.parametrize("data", RESPONSES.values(), ids=RESPONSES.keys())
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_answers_of_every_kind_in_any_cut(data: bytes, size: int) -> None:
    caller = HTTPCaller("json", "test:80", "/rpc")
    caller.call(Call(1, "add", [1, 2]))
    head, _, body = sent(caller).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /rpc HTTP/1.1\r\nHost: test:80\r\n") and b"Content-Length: %d" % len(body) in head
    found: list[Any] = []
    for i in range(0, len(data), size):
        caller.receive_data(data[i : i + size])
        found += events(caller)
    if data.startswith(b"HTTP/1.0"):
        assert not found
        caller.receive_eof()
        found = events(caller)
    assert [(answer.id, answer.result) for answer in found] == [(1, 3)]


def test_one_request_at_a_time() -> None:
    caller = HTTPCaller("json", "test")
    for id in (1, 2):
        caller.call(Call(id, "add", [id]))
    caller.call(Call(None, "note", one_way=True))
    assert sent(caller).count(b"POST") == 1 and not caller.fresh
    caller.receive_data(response(ANSWER))
    assert len(events(caller)) == 1 and sent(caller).count(b"POST") == 1
    caller.receive_data(response(ANSWER.replace(b'"id":1', b'"id":2')))
    assert [answer.id for answer in events(caller)] == [2]
    assert b"note" in sent(caller)
    caller.receive_data(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert events(caller) == [] and caller.fresh and not caller.closing


def test_batches() -> None:
    caller = HTTPCaller("json", "test")
    caller.call_batch([Call(1, "a"), Call(None, "b", one_way=True), Call(2, "c"), Call(3, "d")])
    assert sent(caller).count(b"POST") == 1
    body = b'[{"jsonrpc":"2.0","result":"c","id":2},{"jsonrpc":"2.0","error":{"code":-32601,"message":"x"},"id":1}]'
    caller.receive_data(response(body))
    one, two, three = events(caller)
    assert (type(one.fault), two.result, type(three.fault)) == (MethodNotFound, "c", ParseError)


def test_xml() -> None:
    caller = HTTPCaller("xml", "test", headers=[("Authorization", "Bearer x")])
    caller.call_batch([Call(1, "add", [1]), Call(2, "add", [2])])
    head, _, body = sent(caller).partition(b"\r\n\r\n")
    assert xmlrpc.client.loads(body) == ((1,), "add") and b"\r\nAuthorization: Bearer x" in head
    caller.receive_data(response(xmlrpc.client.dumps((5,), methodresponse=True).encode()))
    assert [(answer.id, answer.result) for answer in events(caller)] == [(1, 5)]
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(-32600, "no"), methodresponse=True).encode()
    caller.receive_data(response(fault))
    (answer,) = events(caller)
    assert answer.id == 2 and type(answer.fault) is InvalidRequest
    with pytest.raises(ValueError):
        caller.call(Call(3, "add", [2**64]))


@pytest.mark.parametrize("kind", ["json", "xml"])
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"HTTP/1.1 500 Oops\r\n", b"<html>"),
        (b"HTTP/1.1 404 Not Found\r\n", b""),
        (b"HTTP/1.1 200 OK\r\n", b"<html>"),
        (b"HTTP/1.1 200 OK\r\n", b""),
    ],
)
def test_what_is_no_answer_is_a_fault(kind: Any, head: bytes, body: bytes) -> None:
    caller = HTTPCaller(kind, "test")
    caller.call(Call(1, "a"))
    caller.receive_data(response(body, head))
    (answer,) = events(caller)
    assert answer.id == 1 and isinstance(answer.fault, RPCError)
    if b"200" not in head:
        assert answer.fault.data == int(head[9:12])


def test_an_error_with_a_json_body_is_read() -> None:
    caller = HTTPCaller("json", "test")
    caller.call(Call(1, "a"))
    body = b'{"jsonrpc":"2.0","error":{"code":-32601,"message":"x"},"id":1}'
    caller.receive_data(response(body, b"HTTP/1.1 404 Not Found\r\n"))
    assert type(events(caller)[0].fault) is MethodNotFound


def test_the_connection_is_closed_when_the_server_says_so() -> None:
    caller = HTTPCaller("json", "test")
    caller.call(Call(1, "a"))
    caller.receive_data(response(ANSWER, b"HTTP/1.1 200 OK\r\nConnection: close\r\n"))
    assert len(events(caller)) == 1 and caller.closing


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_limit_of_an_answer(size: int, fits: bool, chunked: bool) -> None:
    caller = HTTPCaller("json", "test", max_message_bytes=100)
    caller.call(Call(1, "a"))
    body = ANSWER.ljust(size)
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    caller.receive_data(chunks if chunked else response(body))
    if fits:
        assert events(caller)[0].result == 3
    else:
        with pytest.raises(LimitExceeded):
            events(caller)
    with pytest.raises(ValueError, match="the most is 100"):
        caller.call(Call(2, "a", ["x" * 100]))


def test_what_breaks_the_rules() -> None:
    for data in (b"nonsense\r\n\r\n", response(ANSWER)):
        caller = HTTPCaller("json", "test")
        if data.startswith(b"nonsense"):
            caller.call(Call(1, "a"))
        caller.receive_data(data)
        with pytest.raises(ProtocolError):
            events(caller)
    caller = HTTPCaller("json", "test")
    caller.call(Call(1, "a"))
    caller.receive_data(response(ANSWER)[:-1])
    assert events(caller) == []
    with pytest.raises(IncompleteFrame):
        caller.receive_eof()
    with pytest.raises(TypeError):
        caller.send(Cancel(1))


@pytest.mark.parametrize(
    ("kind", "host", "path", "headers"),
    [
        ("yaml", "test", "/", []),
        ("json", "te\r\nst", "/", []),
        ("json", "test", "/a b", []),
        ("json", "test", "/\n", []),
        ("json", "test", "/", [("X", "a\r\nY: b")]),
    ],
)
def test_heads_cannot_be_split(kind: Any, host: str, path: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ConfigError):
        HTTPCaller(kind, host, path, headers=headers)
