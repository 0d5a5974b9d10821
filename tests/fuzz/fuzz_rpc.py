"""python tests/fuzz/fuzz_rpc.py msgpack|json|xml SECONDS [CORPUS]: whatever comes, RPC answers it, however it is cut.

A server fed with the input whole, byte by byte and in cuts sees the same events, sends the same bytes, and ends with
the same error, which is a ProtocolError; what it sends is read by the protocol itself without one. A document of
XML-RPC is a call, or refused by an RPCError; a call is written and read again as the same. Methods of every signature
are called with what was read, and answer with a result or an RPCError. Runs under atheris.
"""

import sys
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["fastnet"]):
    from fastnet.apps.rpc import Service
    from fastnet.apps.rpc_method import Dispatcher
    from fastnet.errors import ProtocolError
    from fastnet.protocols.base import NEED_DATA
    from fastnet.protocols.rpc import Call
    from fastnet.protocols.rpc_errors import RPCError
    from fastnet.protocols.rpc_json import JSONRPC
    from fastnet.protocols.rpc_msgpack import MessagePackRPC
    from fastnet.protocols.rpc_xml import answer_text, call_text, read_answer, read_call

api = Service("fuzzed", max_batch=5, max_items=10)


@api.method(name="a")
def any_value(value: Any = None, *rest: int, **named: list[str]) -> Any:
    return [value, rest, named]


@api.method(name="b")
def typed(x: int, y: float | None = None, *, z: dict[str, list[int]] | bytes = b"") -> Any:
    return {"x": x, "y": y, "z": z}


@api.method(name="c")
def items(n: int) -> Any:
    yield from range(n)


answers = Dispatcher(api.methods, api.fault_of, api.gather, api.items)
LIMITS: dict[str, Any] = {"max_message_bytes": 500, "max_depth": 10}


def show(event: Any) -> str:
    names = ("id", "method", "params", "one_way", "stream", "timeout_s", "result", "value")
    return repr([type(event).__name__, *(getattr(event, name, None) for name in names)])


def served(make: Any, pieces: list[bytes]) -> tuple[list[str], bytes, str]:
    """The events, what was sent, and how it ended."""
    server = make()
    seen: list[str] = []
    error = ""
    try:
        for piece in pieces:
            server.receive_data(piece)
            while (event := server.next_event()) is not NEED_DATA:
                seen.append(show(event))
                if not isinstance(event, Call):
                    continue
                answer = answers.answer(event)
                if answer is not None:
                    for each in [answer] if answer is event else answer:
                        server.send(each)
        server.receive_eof()
    except ProtocolError as failure:
        error = type(failure).__name__
        server.fail(failure)
    return seen, b"".join(map(bytes, server.data_to_send())), error


def stream(make: Any, data: bytes, cuts: list[int]) -> None:
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    random = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    whole = served(make, [data])
    for pieces in (random, [data[i : i + 1] for i in range(len(data))]):
        assert served(make, pieces) == whole, (served(make, pieces), whole)
    # An answer that says why a message was too long may be longer than such a small limit.
    client = MessagePackRPC() if make is msgpack else JSONRPC()
    client.receive_data(whole[1])
    while client.next_event() is not NEED_DATA:
        pass
    client.receive_eof()


def msgpack() -> MessagePackRPC:
    return MessagePackRPC(**LIMITS)


def json() -> JSONRPC:
    return JSONRPC(max_batch=5, **LIMITS)


def document(data: bytes) -> None:
    try:
        call = read_call(data, max_depth=10)
    except RPCError:
        return
    try:
        again = read_call(call_text(call.method, call.params), max_depth=10)
    except (TypeError, ValueError, OverflowError):
        pass
    else:
        assert repr(again.params) == repr(call.params) and again.method == call.method
    answers.answer(call)
    read_answer(answer_text(call))


def one(data: bytes) -> None:
    if kind == "xml":
        return document(data)
    provider = atheris.FuzzedDataProvider(data[:3])
    cuts = [provider.ConsumeIntInRange(0, 255) for _ in range(3)]
    return stream(msgpack if kind == "msgpack" else json, data[3:1500], cuts)


if __name__ == "__main__":
    _, kind, seconds, *corpus = sys.argv
    import logging

    logging.disable(logging.CRITICAL)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=1500", "-timeout=20", *corpus], one)
    atheris.Fuzz()
