"""An RPC service over HTTP, as a WSGI and an ASGI app: JSON-RPC 2.0 and XML-RPC, told apart by the content type.

POST is answered with 200, faults included, as both protocols have it; where a JSON text has notifications only, with an
empty body, since there are clients that take 204 for an error. Any path will do. What is no call at all is HTTP's
affair: 405, 413, 415. A browser cannot be made to send these content types to another site without asking it first.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import ResultRefused, RPCError
from fastnet.protocols.rpc_json import Message
from fastnet.protocols.rpc_xml import answer_text, fault_text, read_call

if TYPE_CHECKING:
    from fastnet.apps.rpc import Service

_JSON = "application/json"
_XML = "text/xml; charset=utf-8"
# What each is answered with.
_KINDS = {
    "application/json": _JSON,
    "application/json-rpc": _JSON,
    "application/jsonrequest": _JSON,
    "text/xml": _XML,
    "application/xml": _XML,
}
_REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
}

_Answer = tuple[int, list[tuple[str, str]], bytes]


class _Document:
    """One call of XML-RPC, to be handled as a Message of JSON-RPC is."""

    def __init__(self, body: bytes, max_depth: int) -> None:
        self.calls: list[Call] = []
        self._text = b""
        try:
            self.calls.append(read_call(body, max_depth=max_depth))
        except RPCError as error:
            self._text = fault_text(error)

    def answer(self, call: Call) -> None:
        self._text = answer_text(call)

    def text(self, max_bytes: int) -> bytes:
        if len(self._text) > max_bytes:
            return fault_text(ResultRefused(f"an answer of {len(self._text)} bytes; the most is {max_bytes}"))
        return self._text


def _refusal(status: int, text: str, *headers: tuple[str, str]) -> _Answer:
    return status, [("Content-Type", "text/plain; charset=utf-8"), *headers], (text + "\n").encode()


class HTTPApp:
    """The two apps of a service: `wsgi` for methods that are all `def`, `asgi` for any."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def _refuse(self, method: str, kind: str | None, length: str) -> _Answer | None:
        """The answer to what cannot be a call, by its head alone; or None."""
        if method != "POST":
            return _refusal(405, "calls are sent by POST", ("Allow", "POST"))
        if kind is None:
            return _refusal(415, "calls are application/json (JSON-RPC 2.0) or text/xml (XML-RPC)")
        if length.isdecimal() and int(length) > self._service.max_message_bytes:
            return self._too_large()
        return None

    def _too_large(self) -> _Answer:
        return _refusal(413, f"a call has at most {self._service.max_message_bytes} bytes", ("Connection", "close"))

    def _read(self, kind: str | None, body: bytes) -> Message | _Document:
        service = self._service
        if kind is _JSON:
            return Message(body, max_depth=service.max_depth, max_batch=service.max_batch)
        return _Document(body, service.max_depth)

    def _answer(self, kind: str | None, message: Message | _Document) -> _Answer:
        text = message.text(self._service.max_message_bytes) or b""
        assert kind is not None
        return 200, [("Content-Type", kind), ("Content-Length", str(len(text)))], text

    # --- WSGI ---

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI app (PEP 3333)."""
        kind = _kind_of(environ.get("CONTENT_TYPE", ""))
        length = environ.get("CONTENT_LENGTH", "")
        answer = self._refuse(environ["REQUEST_METHOD"], kind, length)
        if answer is None:
            most = self._service.max_message_bytes
            told = int(length) if length.isdecimal() else most + 1
            body = environ["wsgi.input"].read(told)
            if len(body) > most:
                answer = self._too_large()
            elif len(body) < told <= most:
                answer = _refusal(400, "the body ended early")
            else:
                message = self._read(kind, body)
                for call in message.calls:
                    self._run(call)
                    message.answer(call)
                answer = self._answer(kind, message)
        status, headers, text = answer
        start_response("200 OK" if status == 200 else f"{status} {_REASONS[status]}", headers)
        return [text]

    def _run(self, call: Call) -> None:
        try:
            result = self._service.invoke(call)
            call.result = self._service.gather(result) if type(result) is GeneratorType else result
        except BaseException as error:
            call.fault = self._service.fault_of(error, call)

    # --- ASGI ---

    async def asgi(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI app (version 3)."""
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"an RPC service has no {scope['type']}")
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        kind = _kind_of(headers.get(b"content-type", ""))
        answer = self._refuse(scope["method"], kind, headers.get(b"content-length", ""))
        if answer is None:
            body = bytearray()
            while True:
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                body += event.get("body", b"")
                if not event.get("more_body") or len(body) > self._service.max_message_bytes:
                    break
            if len(body) > self._service.max_message_bytes:
                answer = self._too_large()
            else:
                message = self._read(kind, bytes(body))
                for call in message.calls:
                    await self._run_async(call)
                    message.answer(call)
                answer = self._answer(kind, message)
        status, fields, text = answer
        lines = [(name.lower().encode(), value.encode()) for name, value in fields]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": text})
        return None

    async def _run_async(self, call: Call) -> None:
        # By now there is an event loop; a worker without one has no use for asyncio's megabytes.
        from fastnet.apps.rpc_stream import within_deadline

        try:
            result = self._service.invoke(call)
            if hasattr(result, "__anext__"):
                result = self._service.gather_async(result)
            if inspect.isawaitable(result):
                call.result = await within_deadline(self._service, call, result)
            else:
                call.result = self._service.gather(result) if inspect.isgenerator(result) else result
        except Exception as error:
            call.fault = self._service.fault_of(error, call)


@functools.lru_cache(maxsize=64)
def _kind_of(content_type: str) -> str | None:
    return _KINDS.get(content_type.partition(";")[0].strip().lower())


async def _live(
    receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
