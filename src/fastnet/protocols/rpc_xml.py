"""XML-RPC, without I/O: documents to calls and back. Marshalling is the standard library's; reading is defended.

Plain documents are read, and plain values written, by codecs.xmlrpc; what it leaves alone, by expat and by the standard
library's marshaller, with the same result as it would have had.

Refused, before anything is made of them: document types, and so entities, internal or external, and their bombs;
processing instructions; elements nested deeper than `max_depth`; a document of more than the caller's limit.

Beyond the specification, as most peers have it: <nil/>, <i8> for integers that need it, and "use_builtin_types":
base64 is bytes, dateTime.iso8601 a datetime without a zone. A string with a character that XML cannot carry is refused
when it is to be sent, rather than sent as something that no peer can read.
"""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn
from xml.parsers import expat

from fastnet.codecs.xmlrpc import read_plain, write_plain
from fastnet.protocols.rpc import Answer, Call
from fastnet.protocols.rpc_errors import InvalidRequest, ParseError, ResultRefused, RPCError
from fastnet.protocols.rpc_errors import fault as fault_of
from fastnet.protocols.rpc_values import plain

MAX_DEPTH = 100
_HEAD = b"<?xml version='1.0'?>\n"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_METHOD_NAME = re.compile(r"[\w.:/$-]{1,200}", re.ASCII)
# Elements of XML-RPC, the depth of one value: value, struct, member, or array, data.
_ELEMENTS_A_LEVEL = 3
# The document, its params and their param stand around a value.
_ELEMENTS_AROUND = 4


class _Marshaller(xmlrpc.client.Marshaller):
    """The standard one, with larger integers, dataclasses and enumerations, and without unreadable strings."""

    dispatch: ClassVar[dict[Any, Any]] = dict(xmlrpc.client.Marshaller.dispatch)  # type: ignore[misc]

    def _int(self, value: int, write: Callable[[str], object]) -> None:
        if not -(2**63) <= value < 2**63:
            raise OverflowError("an int of XML-RPC has at most 64 bits")
        kind = "int" if -(2**31) <= value < 2**31 else "i8"
        write(f"<value><{kind}>{value}</{kind}></value>\n")

    def _str(self, value: str, write: Callable[[str], object]) -> None:
        if _FORBIDDEN.search(value):
            raise ValueError("a str has a character that XML cannot carry")
        # A bare carriage return would be read as a line's end.
        write(f"<value><string>{xmlrpc.client.escape(value).replace(chr(13), '&#13;')}</string></value>\n")

    def _float(self, value: float, write: Callable[[str], object]) -> None:
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("a double of XML-RPC is finite")
        write(f"<value><double>{value!r}</double></value>\n")

    def _struct(self, value: dict[Any, Any], write: Callable[[str], object]) -> None:
        if any(not isinstance(key, str) or _FORBIDDEN.search(key) for key in value):
            raise TypeError("the names of a struct's members are str, of what XML can carry")
        self.dump_struct(value, write)

    # What the standard one calls for each value, itself included: there it is named __dump.
    def _Marshaller__dump(self, value: Any, write: Callable[[str], object]) -> None:
        form = self.dispatch.get(type(value))
        if form is None:
            self._Marshaller__dump(plain(value), write)
        else:
            form(self, value, write)


_Marshaller.dispatch |= {
    int: _Marshaller._int,
    str: _Marshaller._str,
    float: _Marshaller._float,
    dict: _Marshaller._struct,
}


def _dump(values: Sequence[Any] | xmlrpc.client.Fault) -> bytes:
    if type(values) is tuple and (plainly := write_plain(values)) is not None:
        return plainly.encode()
    try:
        return _Marshaller(encoding="utf-8", allow_none=True).dumps(values).encode()
    except RecursionError:
        raise ValueError("nested deeper than the stack of this thread lets it") from None


def call_text(method: str, params: Sequence[Any]) -> bytes:
    """The document of a call. Raises TypeError, ValueError or OverflowError for what XML-RPC has no form for."""
    if not _METHOD_NAME.fullmatch(method):
        raise ValueError(f"{method[:100]!r} is no method's name: letters, digits, and _ . : / $ -")
    if isinstance(params, dict):
        raise TypeError("XML-RPC has no arguments by name")
    return b"%b<methodCall>\n<methodName>%b</methodName>\n%b</methodCall>\n" % (
        _HEAD,
        method.encode(),
        _dump(tuple(params)),
    )


def answer_text(call: Call) -> bytes:
    """The document that answers a Call: its result, its fault, or a fault because its result has no form."""
    if call.fault is None:
        try:
            return b"%b<methodResponse>\n%b</methodResponse>\n" % (_HEAD, _dump((call.result,)))
        except (TypeError, ValueError, OverflowError) as error:
            return fault_text(ResultRefused(f"the result cannot be sent: {error}"[:500]))
    return fault_text(call.fault)


def fault_text(fault: RPCError) -> bytes:
    """The document of a fault. XML-RPC has no place for its data: without it, a peer knows code and message."""
    message = _FORBIDDEN.sub("?", fault.message)
    code = fault.code if -(2**31) <= fault.code < 2**31 else RPCError.default_code
    return b"%b<methodResponse>\n%b</methodResponse>\n" % (_HEAD, _dump(xmlrpc.client.Fault(code, message)))


class _Reader:
    """expat, with what it must not be trusted with refused, feeding the standard library's unmarshaller."""

    def __init__(self, max_depth: int) -> None:
        self.target = xmlrpc.client.Unmarshaller(use_builtin_types=True)
        self.target.xml("", None)  # text comes decoded
        self._depth = 0
        self._most = max_depth * _ELEMENTS_A_LEVEL + _ELEMENTS_AROUND
        self._max_depth = max_depth
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.target.data
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.ExternalEntityRefHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = self._refuse_instruction

    def read(self, data: bytes) -> None:
        self._parser.Parse(data, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._most:
            raise InvalidRequest(f"nested deeper than {self._max_depth}")
        self.target.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self.target.end(tag)

    def _refuse_doctype(self, *_: Any) -> NoReturn:
        raise InvalidRequest("a document type, or an entity, is not accepted")

    def _refuse_instruction(self, *_: Any) -> NoReturn:
        raise InvalidRequest("a processing instruction is not accepted")


def _read(data: bytes, max_depth: int) -> tuple[tuple[Any, ...], str | None, RPCError | None]:
    """The params, the method's name if it is a call, the fault if it is one. Raises ParseError, InvalidRequest."""
    known = read_plain(data, max_depth * _ELEMENTS_A_LEVEL + _ELEMENTS_AROUND)
    if known is not None:
        return tuple(known[1]), known[0], None
    try:
        reader = _Reader(max_depth)
        reader.read(data)
        params = reader.target.close()
        return params, reader.target.getmethodname(), None
    except (ParseError, InvalidRequest):
        raise
    except xmlrpc.client.Fault as fault:
        if type(fault.faultCode) is not int or type(fault.faultString) is not str:
            raise InvalidRequest("a fault without code or text") from None
        return (), None, fault_of(fault.faultCode, fault.faultString)
    except expat.ExpatError as error:
        raise ParseError(f"not XML: {error}") from None
    except Exception as error:  # the unmarshaller meets what it does not expect with whatever that leads to
        raise InvalidRequest(f"the document is no XML-RPC: {type(error).__name__}") from None


def read_call(data: bytes, *, max_depth: int = MAX_DEPTH) -> Call:
    """The Call that a document is; its id is None. Raises ParseError for no XML, InvalidRequest for no call."""
    params, method, fault = _read(data, max_depth)
    if fault is not None or method is None or not _METHOD_NAME.fullmatch(method):
        raise InvalidRequest("a document without a proper methodName is no call")
    return Call(None, method, list(params))


def read_answer(data: bytes, *, max_depth: int = MAX_DEPTH) -> Answer:
    """The Answer that a document is; its id is None. Raises ParseError for no XML, InvalidRequest for no answer."""
    params, method, fault = _read(data, max_depth)
    if fault is not None:
        return Answer(None, None, fault)
    if method is not None or len(params) != 1:
        raise InvalidRequest("the document is no answer")
    return Answer(None, params[0])
