"""The WSGI and ASGI apps of a service, called as their servers call them."""

import asyncio
import io
import json
import xmlrpc.client
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_json import batch_text, request_text
from tests.apps.rpc_apps import mixed, plain

Response = tuple[int, dict[str, str], bytes]


def by_wsgi(body: bytes, content_type: str, method: str = "POST", length: str | None = None) -> Response:
    environ: dict[str, Any] = {"QUERY_STRING": ""}
    setup_testing_defaults(environ)
    environ |= {"REQUEST_METHOD": method, "CONTENT_TYPE": content_type, "wsgi.input": io.BytesIO(body)}
    environ["CONTENT_LENGTH"] = str(len(body)) if length is None else length
    if not environ["CONTENT_LENGTH"]:
        del environ["CONTENT_LENGTH"]
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        told.extend((int(status[:3]), {name.lower(): value for name, value in headers}))

    result = validator(plain.wsgi)(environ, start_response)
    text = b"".join(result)
    result.close()
    return told[0], told[1], text


def by_asgi(body: bytes, content_type: str, method: str = "POST", length: str | None = None) -> Response:
    headers = [(b"content-type", content_type.encode()), (b"host", b"test")]
    known = str(len(body)) if length is None else length
    if known:
        headers.append((b"content-length", known.encode()))
    pieces = [body[i : i + 1000] for i in range(0, len(body), 1000)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(mixed.asgi({"type": "http", "method": method, "headers": headers}, receive, send))
    start, *rest = sent
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], fields, b"".join(each["body"] for each in rest)


pytestmark = pytest.mark.parametrize("post", [by_wsgi, by_asgi])


def test_json_rpc(post: Any) -> None:
    status, headers, text = post(request_text(Call(1, "add", [1, 2])), "application/json")
    assert status == 200 and json.loads(text) == {"jsonrpc": "2.0", "result": 3, "id": 1}
    assert headers == {"content-type": "application/json", "content-length": str(len(text))}
    calls = [Call("a", "add", [1]), Call(None, "add", [1], one_way=True), Call("b", "nope"), Call("c", "count", [2])]
    status, _, text = post(batch_text(calls), "Application/JSON-RPC; charset=utf-8")
    one, two, three = json.loads(text)
    assert (status, one["result"], two["error"]["code"], three["result"]) == (200, 2, -32601, [0, 1])


def test_notifications_have_no_body(post: Any) -> None:
    status, _, text = post(request_text(Call(None, "add", [1], one_way=True)), "application/json")
    assert (status, text) == (200, b"")


def test_xml_rpc(post: Any) -> None:
    for kind in ("text/xml", "application/xml; charset=utf-8"):
        status, headers, text = post(xmlrpc.client.dumps((1, 2), "add").encode(), kind)
        assert status == 200 and headers["content-type"].startswith("text/xml")
        assert xmlrpc.client.loads(text) == ((3,), None)


@pytest.mark.parametrize(("method", "code"), [("refuse", 7), ("fail", -32603), ("nope", -32601), ("add", -32602)])
def test_faults_are_answers(post: Any, method: str, code: int) -> None:
    status, _, text = post(request_text(Call(1, method, [7] if method == "refuse" else [])), "application/json")
    assert status == 200 and json.loads(text)["error"]["code"] == code and b"secret" not in text
    status, _, text = post(xmlrpc.client.dumps((7,) if method == "refuse" else (), method).encode(), "text/xml")
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(text)
    assert status == 200 and caught.value.faultCode == code and "secret" not in caught.value.faultString


def test_malformed_texts_are_answered(post: Any) -> None:
    status, _, text = post(b"{", "application/json")
    assert status == 200 and json.loads(text)["error"]["code"] == -32700
    status, _, text = post(b"<a>", "text/xml")
    assert status == 200 and b"-32700" in text


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "HEAD"])
def test_calls_are_posted(post: Any, method: str) -> None:
    status, headers, _ = post(b"", "application/json", method)
    assert (status, headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; a=b"])
def test_what_a_form_can_send_is_no_call(post: Any, kind: str) -> None:
    assert post(request_text(Call(1, "add", [1, 2])), kind)[0] == 415


@pytest.mark.parametrize("known", [True, False], ids=["with a length", "without"])
@pytest.mark.parametrize(("size", "status"), [(99_999, 200), (100_000, 200), (100_001, 413)])
def test_the_limit_of_a_call(post: Any, size: int, status: int, known: bool) -> None:
    body = request_text(Call(1, "add", [1])).ljust(size)
    assert post(body, "application/json", "POST", None if known else "")[0] == status


@pytest.mark.parametrize(("size", "fits"), [(99_900, True), (100_001, False)])
def test_the_limit_of_an_answer(post: Any, size: int, fits: bool) -> None:
    calls = [Call(i, "echo", ["x" * (size // 2)]) for i in range(1)]
    _, _, text = post(batch_text(calls), "application/json")
    assert len(json.loads(text)) == 1
    _, _, text = post(b'{"jsonrpc":"2.0","method":"count","params":[%d],"id":1}' % (size // 5), "application/json")
    assert ("result" in json.loads(text)) is (size // 5 <= 17_000)
    _, _, text = post(xmlrpc.client.dumps((size // 5,), "count").encode(), "text/xml")
    assert b"-32003" in text, "numbers in XML take more room"


def test_coroutines_and_deadlines(post: Any) -> None:
    if post is by_asgi:
        _, _, text = post(request_text(Call(1, "wait", [0])), "application/json")
        assert json.loads(text)["result"] == "waited"
        _, _, text = post(request_text(Call(1, "impatient")), "application/json")
        assert json.loads(text)["error"]["code"] == -32001
        _, _, text = post(request_text(Call(1, "ticks", [2])), "application/json")
        assert json.loads(text)["result"] == [0, 1]
        _, _, text = post(
            xmlrpc.client.dumps(([{"methodName": "wait", "params": [0]}],), "system.multicall").encode(), "text/xml"
        )
        assert xmlrpc.client.loads(text)[0] == ([["waited"]],)
    else:
        status, _, _ = post(request_text(Call(1, "add", [1])), "application/json", "POST", "1000")
        assert status == 400, "the body ended early"
