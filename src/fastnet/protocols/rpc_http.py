"""The caller's side of JSON-RPC 2.0 and XML-RPC over HTTP/1.1, without I/O: calls become POSTs, one after the other.

The next request goes out when the one before has been answered: not every server can take more. Answers are events, as
they are of the protocols that have no HTTP below, so that one client speaks them all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Literal

from fastnet.codecs.http1 import Response, parse_response
from fastnet.codecs.http1_chunked import ChunkedBody
from fastnet.errors import ConfigError, IncompleteFrame, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA, Protocol
from fastnet.protocols.rpc import Answer, Call
from fastnet.protocols.rpc_errors import ParseError, RPCError
from fastnet.protocols.rpc_json import Message, batch_text, request_text
from fastnet.protocols.rpc_xml import call_text, read_answer

MAX_MESSAGE_BYTES = 1024 * 1024
_TYPES = {"json": "application/json", "xml": "text/xml"}


class HTTPCaller(Protocol):
    """The caller's side of one HTTP connection. Events: Answer, one for each Call that is no notification.

    Args:
        kind: "json" or "xml".
        host, path: of the request, as they stand in its head; `host` with the port where it is not the scheme's.
        headers: more field lines, such as an Authorization.
        max_message_bytes: of a body, received or to be sent.

    An answer that is none is an RPCError of each call that it should have answered.
    """

    def __init__(
        self,
        kind: Literal["json", "xml"],
        host: str,
        path: str = "/",
        *,
        headers: Iterable[tuple[str, str]] = (),
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        max_depth: int = 100,
    ) -> None:
        if kind not in _TYPES:
            raise ConfigError("kind", kind, '"json" or "xml"')
        fields = [("Host", host), ("Content-Type", _TYPES[kind]), *headers]
        if any(c in name + value for name, value in fields for c in "\r\n\0") or any(c <= " " for c in path):
            raise ConfigError("headers", headers, "field lines, a host and a path without line ends")
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self._kind = kind
        self._head = f"POST {path} HTTP/1.1\r\n{lines}Content-Length: ".encode("latin-1")
        self._max_bytes, self._max_depth = max_message_bytes, max_depth
        self._waiting: deque[tuple[list[Any], bytes]] = deque()  # ids, request; the first one has been sent
        self._events: deque[Answer] = deque()
        self._data = bytearray()
        self._response: Response | None = None
        self._chunks: ChunkedBody | None = None
        self._body = bytearray()

    def call(self, call: Call) -> None:
        """Queue a call, or a notification. Raises TypeError or ValueError for what cannot be sent."""
        if self._kind == "xml":
            try:
                text = call_text(call.method, call.params)
            except OverflowError as error:
                raise ValueError(str(error)) from None
        else:
            text = request_text(call)
        self._post([] if call.one_way else [call.id], text)

    def call_batch(self, calls: Iterable[Call]) -> None:
        """Queue several calls: with JSON a batch, with XML one after the other. Raises as call() does."""
        calls = list(calls)
        if self._kind == "xml":
            for each in calls:
                self.call(each)
        else:
            self._post([each.id for each in calls if not each.one_way], batch_text(calls))

    def _post(self, ids: list[Any], text: bytes) -> None:
        if len(text) > self._max_bytes:
            raise ValueError(f"a message of {len(text)} bytes; the most is {self._max_bytes}")
        request = b"%b%d\r\n\r\n%b" % (self._head, len(text), text)
        self._waiting.append((ids, request))
        if len(self._waiting) == 1:
            self.write(request)

    def send(self, event: Any) -> None:
        """Calls are sent by call(); there is nothing else to send. Raises TypeError."""
        raise TypeError(f"HTTP has no {type(event).__name__}")

    @property
    def fresh(self) -> bool:
        """No call is waiting to be answered."""
        return not self._waiting

    def receive_data(self, data: bytes) -> None:
        self._data += data

    def receive_eof(self) -> None:
        """The end is the end of a body that has neither a length nor chunks. Raises IncompleteFrame in any other."""
        super().receive_eof()
        response = self._response
        if response is not None and self._chunks is None and response.content_length is None:
            self._take(response)
        elif self._response is not None or self._data:
            raise IncompleteFrame(len(self._data) + len(self._body))

    def next_event(self) -> Any:
        """The next Answer; NEED_DATA. Raises ProtocolError for what is no HTTP, LimitExceeded for a body too large."""
        while not self._events:
            if not self._read():
                return NEED_DATA
        return self._events.popleft()

    def _read(self) -> bool:
        """Read on; False when more input is needed."""
        if self._response is None:
            if not self._data:
                return False
            response = parse_response(bytes(self._data))
            if response is None:
                return False
            del self._data[: response.size]
            if 100 <= response.status < 200:
                return True
            if not self._waiting:
                raise ProtocolError("an answer that nobody asked for")
            self._response = response
            self._chunks = ChunkedBody() if response.chunked else None
            if response.status in (204, 304):
                self._take(response)
                return True
        response = self._response
        length = response.content_length
        if self._chunks is not None:
            return self._read_chunks(response, self._chunks)
        wanted = len(self._data) if length is None else length - len(self._body)
        if length is not None and length > self._max_bytes:
            raise LimitExceeded(f"an answer of {length} bytes; the most is {self._max_bytes}", 413)
        self._add(bytes(self._data[:wanted]))
        del self._data[:wanted]
        if length is None or len(self._body) < length:
            return False
        self._take(response)
        return True

    def _read_chunks(self, response: Response, chunks: ChunkedBody) -> bool:
        if not chunks.done:
            self._add(chunks.feed(bytes(self._data)))
            del self._data[: chunks.consumed]
            if not chunks.done:
                return False
        # The trailer section: lines up to an empty one, which are dropped.
        while (end := self._data.find(b"\n")) >= 0:
            line = bytes(self._data[:end]).rstrip(b"\r")
            del self._data[: end + 1]
            if not line:
                self._take(response)
                return True
        if len(self._data) > 8192:
            raise LimitExceeded("a trailer of over 8192 bytes", 431)
        return False

    def _add(self, data: bytes) -> None:
        if len(self._body) + len(data) > self._max_bytes:
            raise LimitExceeded(f"an answer of over {self._max_bytes} bytes", 413)
        self._body += data

    def _take(self, response: Response) -> None:
        """A response is whole."""
        ids, _ = self._waiting.popleft()
        body = bytes(self._body)
        self._body.clear()
        self._response = self._chunks = None
        self._events.extend(self._answers(ids, response, body))
        if not response.keep_alive:
            self.close()
        elif self._waiting:
            self.write(self._waiting[0][1])

    def _answers(self, ids: list[Any], response: Response, body: bytes) -> list[Answer]:
        if not ids:
            return []
        # JSON-RPC answers with other statuses, too, where a body says more than they do.
        if response.status != 200 and not (self._kind == "json" and body.lstrip()[:1] in (b"{", b"[")):
            error = RPCError(f"HTTP status {response.status} {response.reason.decode('latin-1')}", response.status)
            return [Answer(id, None, error) for id in ids]
        if self._kind == "xml":
            try:
                answer = read_answer(body, max_depth=self._max_depth)
            except RPCError as error:
                return [Answer(ids[0], None, error)]
            return [Answer(ids[0], answer.result, answer.fault)]
        found = {answer.id: answer for answer in Message(body, max_depth=self._max_depth, max_batch=2**31).answers}
        # What the server could not make out has no id.
        general = found.get(None)
        fault = ParseError("the answer is none of JSON-RPC 2.0") if general is None else general.fault
        return [found.get(id) or Answer(id, None, fault) for id in ids]
