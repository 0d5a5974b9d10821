"""JSON-RPC 2.0, without I/O: texts to calls and back, and the same over a stream, in lines or behind lengths.

A text is one call or a batch, and is answered by one text, or by none if it has notifications only. What is wrong is
answered with the codes of section 5.1: -32700 no JSON, -32600 JSON but no request, and those of methods. A stream goes
on after that, since its framing tells where the next text begins; only a text over the limit ends it.

`"id": null` is a request, answered with null. Ids are str or numbers; names of parameters are str.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from fastnet.codecs.framing_length import LengthPrefixed
from fastnet.codecs.framing_lines import Lines
from fastnet.codecs.json import dumps, loads
from fastnet.errors import ConfigError, LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA, Protocol
from fastnet.protocols.rpc import Answer, Call
from fastnet.protocols.rpc_errors import InvalidRequest, ParseError, ResultRefused, RPCError
from fastnet.protocols.rpc_errors import fault as fault_of
from fastnet.protocols.rpc_values import plain

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_DEPTH = 100
MAX_BATCH = 1000
_SMALL = 2**63


class Message:
    """A text that came: the calls in it, each with the Message as its `batch`, and the answers so far.

    Fill in each of `calls`, give it to answer(), and send text() when `done`. `answers` is what a caller came for.
    """

    __slots__ = ("_many", "_texts", "_waiting", "answers", "calls")

    def __init__(self, data: Buffer, *, max_depth: int = MAX_DEPTH, max_batch: int = MAX_BATCH) -> None:
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self._texts: list[bytes] = []
        self._many = False
        self._waiting = 0
        try:
            size = len(data) if type(data) is bytes else len(memoryview(data))
            value = loads(data, max_bytes=size, max_depth=max_depth)
        except ProtocolError as error:
            self._texts.append(_failed(None, ParseError(str(error))))
            return
        if type(value) is not list:
            self._read(value)
        elif not value:
            self._texts.append(_failed(None, InvalidRequest("a batch is empty")))
        elif len(value) > max_batch:
            self._texts.append(_failed(None, InvalidRequest(f"{len(value)} calls in a batch; the most is {max_batch}")))
        else:
            self._many = True
            for each in value:
                self._read(each)

    def _read(self, value: Any) -> None:
        if type(value) is not dict:
            self._texts.append(_failed(None, InvalidRequest("a request is an object")))
            return
        id, method, params = value.get("id"), value.get("method"), value.get("params", [])
        if (
            type(method) is str
            and type(id) in (int, str)
            and type(params) in (list, dict)
            and value.get("jsonrpc") == "2.0"
        ):
            # As nearly all are.
            self._waiting += 1
            self.calls.append(Call(id, method, params, batch=self))
            return
        if "method" not in value and ("result" in value or "error" in value):
            self.answers.append(_read_answer(value))
            return
        wrong = _fault_of_request(value, id)
        if wrong is not None:
            self._texts.append(_failed(id if _is_id(id) else None, InvalidRequest(wrong)))
            return
        one_way = "id" not in value
        self._waiting += not one_way
        self.calls.append(Call(id, value["method"], params, one_way=one_way, batch=self))

    def answer(self, call: Call) -> None:
        """A call is done: its `result` or `fault` is what it is answered with."""
        if call.one_way:
            return
        self._waiting -= 1
        if call.fault is not None:
            self._texts.append(_failed(call.id, call.fault))
            return
        try:
            found = call.result
            # Most results are small, and what writes any value takes a microsecond to begin.
            result = b"%d" % found if type(found) is int and -_SMALL < found < _SMALL else dumps(found, default=plain)
            self._texts.append(b'{"jsonrpc":"2.0","result":%b,"id":%b}' % (result, _id_text(call.id)))
        except (TypeError, ValueError) as error:
            self._texts.append(_failed(call.id, ResultRefused(f"the result cannot be sent: {error}"[:500])))

    @property
    def done(self) -> bool:
        """All its calls have been answered."""
        return self._waiting == 0

    def text(self, max_bytes: int | None = None) -> bytes | None:
        """What to answer with, or None: nothing. A text of more than `max_bytes` is replaced by a fault."""
        if not self._texts:
            return None
        text = b"[%b]" % b",".join(self._texts) if self._many else self._texts[0]
        if max_bytes is not None and len(text) > max_bytes:
            refused = ResultRefused(f"an answer of {len(text)} bytes; the most is {max_bytes}")
            ids = [loads(each, max_bytes=len(each))["id"] for each in self._texts]
            texts = [_failed(id, refused) for id in ids]
            text = b"[%b]" % b",".join(texts) if self._many else texts[0]
            if len(text) > max_bytes:
                text = _failed(None, refused)
        return text


def _id_text(id: Any) -> bytes:
    return b"%d" % id if type(id) is int else dumps(id)


def _is_id(id: Any) -> bool:
    return id is None or type(id) in (str, int) or (type(id) is float and math.isfinite(id))


def _fault_of_request(value: dict[str, Any], id: Any) -> str | None:
    """What is wrong with it, or None."""
    if value.get("jsonrpc") != "2.0":
        return 'a request has "jsonrpc": "2.0"'
    if type(value.get("method")) is not str:
        return "the method is a string"
    if type(value.get("params", [])) not in (list, dict):
        return "params is an array or an object"
    return None if _is_id(id) else "an id is a string or a number"


def _failed(id: Any, fault: RPCError) -> bytes:
    error: dict[str, Any] = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    try:
        text = dumps(error, default=plain)
    except (TypeError, ValueError):
        text = dumps({"code": fault.code, "message": fault.message.encode(errors="replace").decode()})
    return b'{"jsonrpc":"2.0","error":%b,"id":%b}' % (text, _id_text(id))


def _read_answer(value: dict[str, Any]) -> Answer:
    """An answer that came. One that says nothing usable is a fault of its own."""
    id, error = value.get("id"), value.get("error")
    if error is None and "result" in value:
        return Answer(id, value["result"])
    if type(error) is dict and type(error.get("code")) is int:
        return Answer(id, None, fault_of(error["code"], str(error.get("message", "")), error.get("data")))
    return Answer(id, None, RPCError("the peer answered with an error that is none of JSON-RPC 2.0", error))


def _request(call: Call) -> dict[str, Any]:
    request: dict[str, Any] = {"jsonrpc": "2.0", "method": call.method}
    if call.params:
        request["params"] = call.params
    if not call.one_way:
        request["id"] = call.id
    return request


def request_text(call: Call) -> bytes:
    """The text of a call, or of a notification. Raises TypeError or ValueError for what JSON has no form for."""
    return dumps(_request(call), default=plain)


def batch_text(calls: Iterable[Call]) -> bytes:
    """The text of a batch. Raises as request_text() does."""
    return dumps([_request(call) for call in calls], default=plain)


class JSONRPC(Protocol):
    """One side of a JSON-RPC 2.0 connection over a stream, both roles at once. Events: Call, Answer.

    Args:
        framing: "lines", a text a line, sent with LF; or "prefixed", a length of four bytes, big-endian, before each.
        max_message_bytes: a text of more is refused (LimitExceeded), received or to be sent.
        max_depth, max_batch: arrays and objects inside each other; calls in a batch.
        message_timeout: seconds from the first byte of a text to its last.
        idle_timeout: seconds without a text, while nobody is answering one either.
    """

    def __init__(
        self,
        framing: Literal["lines", "prefixed"] | str = "lines",
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        max_depth: int = MAX_DEPTH,
        max_batch: int = MAX_BATCH,
        message_timeout: float = 20.0,
        idle_timeout: float = math.inf,
    ) -> None:
        if framing == "lines":
            self._framing: Lines | LengthPrefixed = Lines("lenient", max_frame_bytes=max_message_bytes)
        elif framing == "prefixed":
            self._framing = LengthPrefixed(4, max_frame_bytes=max_message_bytes)
        else:
            raise ConfigError("framing", framing, '"lines" or "prefixed"')
        self._decoder = self._framing.decoder()
        self._frames: deque[bytes] = deque()
        self._events: deque[Call | Answer] = deque()
        self._max_bytes, self._max_depth, self._max_batch = max_message_bytes, max_depth, max_batch
        self._message_timeout, self._idle_timeout = message_timeout, idle_timeout
        self._began = math.inf

    def receive_data(self, data: bytes) -> None:
        frames = self._decoder.feed(data)
        self._frames.extend(frames)
        if not self._decoder.pending:
            self._began = math.inf
        elif frames or self._began == math.inf:
            self._began = self.now

    def receive_eof(self) -> None:
        super().receive_eof()
        self._began = math.inf
        if self._decoder.error is None:
            self._decoder.eof()

    def next_event(self) -> Any:
        """The next event; NEED_DATA. Raises LimitExceeded for a text that is too long."""
        while not self._events:
            if not self._frames:
                if self._decoder.error is not None:
                    raise self._decoder.error
                return NEED_DATA
            message = Message(self._frames.popleft(), max_depth=self._max_depth, max_batch=self._max_batch)
            if not message.calls or message.done:
                # What is wrong, and what only notifies, is not answered later than what is right.
                self._write(message)
            self._events.extend(message.calls)
            self._events.extend(message.answers)
        return self._events.popleft()

    def send(self, event: Any) -> None:
        """Queue the answer that a Call, which came from here, was given. A batch is answered when its last one is."""
        if type(event) is not Call:
            raise TypeError(f"JSON-RPC has no {type(event).__name__}")
        message: Message = event.batch
        message.answer(event)
        if message.done and not event.one_way:
            self._write(message)

    def call(self, call: Call) -> None:
        """Queue a call, or a notification, of this side. Raises TypeError or ValueError for what cannot be sent."""
        self.write(self._framing.encode(request_text(call)))

    def call_batch(self, calls: Iterable[Call]) -> None:
        """Queue a batch. Raises as call() does."""
        self.write(self._framing.encode(batch_text(calls)))

    def _write(self, message: Message) -> None:
        text = message.text(self._max_bytes)
        if text is not None:
            self.write(self._framing.encode(text))

    def fail(self, error: Exception) -> None:
        """A last word before the connection ends."""
        if isinstance(error, ProtocolError):
            kind = InvalidRequest if isinstance(error, LimitExceeded) else ParseError
            text = _failed(None, kind(str(error)))
            if len(text) <= self._max_bytes:
                self.write(self._framing.encode(text))

    def next_timeout(self) -> float | None:
        left = self._idle_timeout
        if self._began != math.inf:
            left = max(0.0, self._began + self._message_timeout - self.now)
        return None if left == math.inf else left
