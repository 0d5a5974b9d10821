"""XML-RPC without I/O: agreement with the standard library both ways, and everything that is to be refused."""

import datetime
import enum
import xmlrpc.client
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.protocols.rpc import Call
from fastnet.protocols.rpc_errors import InvalidRequest, MethodNotFound, ParseError, RPCError
from fastnet.protocols.rpc_xml import answer_text, call_text, fault_text, read_answer, read_call

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
        lambda c: c >= " " or c in "\t\n"
    )
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.binary()
    | st.datetimes(datetime.datetime(1000, 1, 1)).map(lambda when: when.replace(microsecond=0)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(VALUES, max_size=4))
def test_calls_agree_with_the_standard_library(params: list[Any]) -> None:
    ours = call_text("system.add", params)
    theirs, method = xmlrpc.client.loads(ours, use_builtin_types=True)
    assert (list(theirs), method) == (params, "system.add")
    call = read_call(ours)
    assert (call.method, call.params) == ("system.add", params)


@given(VALUES)
def test_answers_agree_with_the_standard_library(value: Any) -> None:
    call = Call(None, "a")
    call.result = value
    ours = answer_text(call)
    assert xmlrpc.client.loads(ours, use_builtin_types=True)[0] == (value,)
    assert read_answer(ours).result == value


def test_what_the_standard_library_writes_is_read() -> None:
    params = (1, "ä<&", 2.5, True, [1, [2]], {"a": b"x"}, datetime.datetime(2030, 1, 2, 3, 4, 5))
    for encoding in ("utf-8", "iso-8859-1"):
        text = xmlrpc.client.dumps(params, "f", encoding=encoding).encode(encoding)
        assert read_call(text).params == list(params)


def test_faults_go_both_ways() -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(fault_text(MethodNotFound("no\x00such")))
    assert (caught.value.faultCode, caught.value.faultString) == (-32601, "no?such")
    theirs = xmlrpc.client.dumps(xmlrpc.client.Fault(-32601, "gone"), methodresponse=True).encode()
    fault = read_answer(theirs).fault
    assert type(fault) is MethodNotFound and fault.message == "gone"
    with pytest.raises(InvalidRequest):
        read_call(theirs)
    assert read_answer(fault_text(RPCError("x", code=2**40))).fault is not None


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    colours: set[Colour]


def test_dataclasses_and_enumerations_are_sent_as_what_they_hold() -> None:
    call = Call(None, "a")
    call.result = Point(1, {Colour.RED})
    assert read_answer(answer_text(call)).result == {"x": 1, "colours": ["red"]}


@pytest.mark.parametrize("value", ["\x00", "a\x0bb", "\ud800", "\uffff", 2**63, float("nan"), float("inf"), {1: 2}, 1j])
def test_a_result_that_xml_cannot_carry_is_answered_with_why(value: Any) -> None:
    call = Call(None, "a")
    call.result = [value]
    fault = read_answer(answer_text(call)).fault
    assert fault is not None and fault.code == -32003
    with pytest.raises((TypeError, ValueError, OverflowError)):
        call_text("a", [value])


def test_a_carriage_return_survives() -> None:
    assert read_call(call_text("a", ["x\r\ny\r"])).params == ["x\r\ny\r"]


@pytest.mark.parametrize("params", [{"a": 1}])
def test_arguments_by_name_are_refused(params: Any) -> None:
    with pytest.raises(TypeError, match="by name"):
        call_text("a", params)
    with pytest.raises(ValueError, match="no method's name"):
        call_text("a b", [])


def call(value: str, before: str = "", method: str = "f") -> bytes:
    return (
        f"<?xml version='1.0'?>{before}<methodCall><methodName>{method}</methodName>"
        f"<params><param><value>{value}</value></param></params></methodCall>"
    ).encode()


LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
MALFORMED = {
    "nothing": (b"", ParseError),
    "no XML": (b"hello", ParseError),
    "cut off": (call("<int>1</int>")[:-5], ParseError),
    "two documents": (call("<int>1</int>") * 2, ParseError),
    "not UTF-8": (call("<string>x</string>").replace(b"x", b"\xff"), ParseError),
    "an unknown encoding": (b"<?xml version='1.0' encoding='klingon'?><a/>", InvalidRequest),
    "an unknown entity": (call("<string>&x;</string>"), ParseError),
    "a billion laughs": (call("<string>&c;</string>", LAUGHS), InvalidRequest),
    "an external entity": (call("&x;", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), InvalidRequest),
    "an external document type": (call("", '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">'), InvalidRequest),
    "a document type alone": (call("<int>1</int>", "<!DOCTYPE methodCall>"), InvalidRequest),
    "a parameter entity": (call("", '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'), InvalidRequest),
    "a processing instruction": (call("<int>1</int>", "<?php x?>"), InvalidRequest),
    "another document": (b"<html/>", InvalidRequest),
    "no method": (b"<methodCall><params/></methodCall>", InvalidRequest),
    "an empty method": (call("<int>1</int>", method=""), InvalidRequest),
    "a method with a blank": (call("<int>1</int>", method="a b"), InvalidRequest),
    "an int that is none": (call("<int>x</int>"), InvalidRequest),
    "an int of 5000 digits": (call(f"<int>{'9' * 5000}</int>"), InvalidRequest),
    "a boolean that is none": (call("<boolean>2</boolean>"), InvalidRequest),
    "base64 that is none": (call("<base64>a</base64>"), InvalidRequest),
    "a date that is none": (call("<dateTime.iso8601>today</dateTime.iso8601>"), InvalidRequest),
    "a struct without names": (call("<struct><member><value>1</value></member></struct>"), InvalidRequest),
    "an answer": (b"<methodResponse><params><param><value>1</value></param></params></methodResponse>", InvalidRequest),
}


@pytest.mark.parametrize(("text", "error"), MALFORMED.values(), ids=MALFORMED.keys())
def test_every_malformed_document_is_refused(text: bytes, error: type[RPCError]) -> None:
    with pytest.raises(error) as caught:
        read_call(text)
    assert "/etc" not in caught.value.message


@pytest.mark.parametrize("text", [b"", b"<a/>", call("<int>1</int>")])
def test_what_is_no_answer_is_refused(text: bytes) -> None:
    with pytest.raises((ParseError, InvalidRequest)):
        read_answer(text)
    double = b"<methodResponse><params>%b</params></methodResponse>" % (b"<param><value>1</value></param>" * 2)
    with pytest.raises(InvalidRequest):
        read_answer(double)


@pytest.mark.parametrize(("depth", "fits"), [(9, True), (10, True), (11, False), (100_000, False)])
def test_the_limit_of_depth(depth: int, fits: bool) -> None:
    text = call("<array><data><value>" * (depth - 1) + "<int>1</int>" + "</value></data></array>" * (depth - 1))
    if fits:
        assert len(read_call(text, max_depth=10).params) == 1
    else:
        with pytest.raises(InvalidRequest, match="nested"):
            read_call(text, max_depth=10)


def test_a_large_document_takes_time_in_proportion() -> None:
    """Text in one piece, and in many: the parser is given it at once."""
    value = "<string>" + "&lt;" * 200_000 + "</string>"
    assert read_call(call(value)).params == ["<" * 200_000]
