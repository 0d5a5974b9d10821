"""Plain XML-RPC documents: what is read is what the standard library reads, and everything else is left to a parser."""

import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnet.codecs.xmlrpc import read_plain, write_plain

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\r\ufffe\uffff")
TEXT = st.text(CHARACTERS.filter(lambda c: c >= " " or c in "\t\n"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def document(value: str, *, head: str = "<?xml version='1.0'?>\n") -> bytes:
    return f"{head}<methodResponse><params><param><value>{value}</value></param></params></methodResponse>".encode()


def standard(data: bytes) -> tuple[str | None, list[Any]]:
    params, method = xmlrpc.client.loads(data, use_builtin_types=True)
    return method, list(params)


@given(st.lists(VALUES, max_size=3), st.sampled_from(["add", "system.listMethods", None]))
def test_what_programs_write_is_read(values: list[Any], method: str | None) -> None:
    params = tuple(values) if method else tuple(values[:1] or [1])
    data = xmlrpc.client.dumps(params, method, methodresponse=method is None, allow_none=True).encode()
    found = read_plain(data, 304)
    if b"\xef" in data:
        assert found in (None, standard(data))
    else:
        assert found == standard(data) == (method, list(params))


SAMPLES = [
    xmlrpc.client.dumps((1, "a<b&c", [True, 2.5, None], {"k": "v", "w": [{}]}), "add", allow_none=True).encode(),
    document("<struct> <member>\t<name>x&gt;</name> <value> <i8>-5</i8> </value></member> </struct>"),
    document(" text "),
]


PIECES = [b"", b"<", b">", b"&", b"&amp;", b"]]>", b"\r\n", b" ", b"\0", b"\xff", b"\xc3\xa9", b"<nil/>", b"<value>",
          b"</value>", b"<int>", b"0x1", b"9" * 19, b"1e999", b"<!---->"]  # fmt: skip


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.integers(0, 250), st.integers(0, 12), st.sampled_from(PIECES))
def test_what_is_changed_is_read_as_by_the_standard_library(sample: bytes, start: int, n: int, piece: bytes) -> None:
    changed = sample[:start] + piece + sample[start + n :]
    found = read_plain(changed, 304)
    assert found is None or found == standard(changed)


@pytest.mark.parametrize(
    "value",
    ["<int> 1</int>", "<int></int>", "<int>-</int>", "<int>1_0</int>", "<int>1</i4>", "<boolean>2</boolean>",
     "<double>nan</double>", "<double>1e</double>", "<double></double>", "<string/>", "a<int>1</int>", "&#65;", "&x;",
     "a\rb", "\x01", "]]>", "<base64/>", "<array><value/></array>", "<array><data><int>1</int></data></array>",
     "<struct><name>a</name></struct>",
     "<struct><member><value>1</value></member></struct>", '<int a="b">1</int>', "<int>1</int><int>2</int>", "<!-- -->",
     "<array/>", "<i8>1234567890123456789</i8>", "\ufffe"],
)  # fmt: skip
def test_what_is_not_plain_is_left_alone(value: str) -> None:
    assert read_plain(document(value), 304) is None


@pytest.mark.parametrize("size", [0, 1, 17, 18])
def test_integers_up_to_their_limit(size: int) -> None:
    assert read_plain(document(f"<i8>-1{'0' * (size - 1)}</i8>") if size else document("0"), 304) == (
        None, [-(10 ** (size - 1)) if size else "0"]
    )  # fmt: skip


def test_depth_is_what_was_asked_for() -> None:
    nested = document("<array><data><value><int>1</int></value></data></array>")  # 8 elements in each other
    assert read_plain(nested, 8) == (None, [[1]])
    assert read_plain(nested, 7) is None
    assert read_plain(document("<array><data><value>" * 600 + "x" + "</value></data></array>" * 600), 1504) is None


@pytest.mark.parametrize(
    ("head", "read"),
    [("", True), (" \n", True), ('<?xml version="1.0"?>', True), ("<?xml version='1.0' encoding='UTF-8'?>\r\n", True),
     ("<?xml version='1.0' encoding='latin-1'?>", False), ("<?xml version='1.1'?>", False), ("<!DOCTYPE a>", False),
     ("\ufeff", False), ("<?xml version='1.0'", False)],
)  # fmt: skip
def test_the_declaration(head: str, read: bool) -> None:
    assert read_plain(document("é", head=head), 304) == ((None, ["é"]) if read else None)


def test_every_beginning_of_a_document_is_left_alone() -> None:
    for sample in SAMPLES:
        for end in range(len(sample.rstrip())):
            assert read_plain(sample[:end], 304) is None
        assert read_plain(sample + b"x", 304) is None


@given(st.lists(VALUES, max_size=3))
def test_what_is_written_is_what_the_standard_library_writes(values: list[Any]) -> None:
    written = xmlrpc.client.Marshaller(encoding="utf-8", allow_none=True).dumps(tuple(values))
    assert write_plain(values) == written


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, b"a", {1: 2}, {"\r": 1}, "\0", "\ud800", "\ufffe", float("inf"), object()]
)
def test_what_is_no_plain_value_is_left_alone(value: Any) -> None:
    assert write_plain([value]) is write_plain([1, [value]]) is write_plain([{"a": value}]) is None


def test_large_integers_and_depth() -> None:
    text = write_plain([2**31 - 1, -(2**31), 2**31, -(2**63), 2**63 - 1])
    assert text is not None and (text.count("<int>"), text.count("<i8>")) == (2, 3)
    value: Any = 1
    for _ in range(100):
        value = [value]
    assert write_plain([value]) is not None
    assert write_plain([[value]]) is None
    value = []
    value.append(value)
    assert write_plain([value]) is None
