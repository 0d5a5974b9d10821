"""The door beside httptools itself: equal calls however the input is cut, and what only the door refuses."""

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.compat import httptools as door
from fastnet.errors import ConfigError

JOINED = {"on_url", "on_status", "on_body"}
CALLBACKS = (
    *("on_message_begin", "on_url", "on_status", "on_header", "on_headers_complete", "on_body"),
    *("on_message_complete", "on_chunk_header", "on_chunk_complete"),
)
HEAD = b"GET /a?b HTTP/1.1\r\nHost: example.org\r\nX-Two: 2\r\n\r\n"


class Record:
    """Notes each call, pieces of one value joined, and what the parser says of itself meanwhile."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.parser: Any = None

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in CALLBACKS:
            raise AttributeError(name)

        def note(*args: bytes) -> None:
            if name in JOINED and self.calls and self.calls[-1][0] == name:
                self.calls[-1] = (name, self.calls[-1][1] + args[0])
            else:
                self.calls.append((name, *args))
            if name in ("on_headers_complete", "on_message_complete"):
                parser = self.parser
                who = parser.get_method() if hasattr(parser, "get_method") else parser.get_status_code()
                self.calls.append((who, parser.get_http_version(), parser.should_keep_alive(), parser.should_upgrade()))

        return note


def run(library: Any, kind: str, pieces: list[bytes]) -> list[tuple[Any, ...]]:
    record = Record()
    parser = record.parser = getattr(library, kind)(record)
    for piece in pieces:
        try:
            parser.feed_data(piece)
        except library.HttpParserUpgrade as upgrade:
            return [*record.calls, ("upgrade", piece[upgrade.args[0] :])]
        except library.HttpParserError:
            return [*record.calls, ("error",)]
    return record.calls


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({c % (len(data) + 1) for c in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


TOKEN = st.text("abcXYZ019-_", min_size=1, max_size=12).map(str.encode)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map(str.encode)
# Names whose values decide about the framing come on purpose only.
SPECIAL = {b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect", b"te"}
FIELD = st.tuples(TOKEN.filter(lambda n: n.lower() not in SPECIAL), VALUE).map(lambda f: b"%s: %s\r\n" % f)
CHUNK = st.binary(min_size=1, max_size=40)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """(the field that announces it, the body as it is sent)"""
    form = draw(st.sampled_from(["none", "length", "chunked"]))
    if form == "none":
        return b"", b""
    if form == "length":
        body = draw(st.binary(max_size=60))
        return b"Content-Length: %d\r\n" % len(body), body
    extension = draw(st.sampled_from([b"", b";a=b"]))
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(c), extension, c) for c in draw(st.lists(CHUNK, max_size=3)))
    trailers = b"".join(draw(st.lists(FIELD, max_size=2)))
    return b"Transfer-Encoding: chunked\r\n", chunks + b"0\r\n" + trailers + b"\r\n"


CONNECTION = st.sampled_from(
    [b"", *(b"Connection: %s\r\n" % option for option in (b"close", b"keep-alive", b"x, Close"))]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from([b"GET", b"POST", b"DELETE", b"PROPFIND", b"OPTIONS"]))
    target = draw(st.sampled_from([b"/", b"/a/b?c=d", b"http://example.org/x?y", b"/%41"]))
    announce, body = draw(bodies())
    fields = b"".join(draw(st.lists(FIELD, max_size=4)))
    return b"%s %s HTTP/1.1\r\nHost: h\r\n%s%s%s\r\n%s" % (method, target, fields, draw(CONNECTION), announce, body)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    status = draw(st.sampled_from([b"100 Continue", b"200 OK", b"204 No Content", b"304 Not", b"404 ", b"500 x y"]))
    announce, body = draw(bodies())
    if status[:3] in (b"100", b"204", b"304"):
        announce = body = b""
    fields = b"".join(draw(st.lists(FIELD, max_size=4)))
    return b"HTTP/1.1 %s\r\n%s%s%s\r\n%s" % (status, fields, draw(CONNECTION), announce, body)


@given(st.lists(requests(), min_size=1, max_size=3), st.lists(st.integers(0, 10**6), max_size=6))
def test_requests_call_back_as_httptools_does(messages: list[bytes], cuts: list[int]) -> None:
    data = b"".join(messages)
    expected = run(httptools, "HttpRequestParser", [data])
    assert run(door, "HttpRequestParser", [data]) == expected
    assert run(door, "HttpRequestParser", cut(data, cuts)) == expected
    assert run(door, "HttpRequestParser", [data[i : i + 1] for i in range(len(data))]) == expected


@given(st.lists(responses(), min_size=1, max_size=3), st.lists(st.integers(0, 10**6), max_size=6))
def test_responses_call_back_as_httptools_does(messages: list[bytes], cuts: list[int]) -> None:
    data = b"".join(messages)
    expected = run(httptools, "HttpResponseParser", [data])
    assert run(door, "HttpResponseParser", [data]) == expected
    assert run(door, "HttpResponseParser", cut(data, cuts)) == expected
    assert run(door, "HttpResponseParser", [data[i : i + 1] for i in range(len(data))]) == expected


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (
            "HttpRequestParser",
            b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: w\r\nConnection: upgrade\r\n\r\n\x81\x00",
        ),
        ("HttpRequestParser", b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n\x16\x03"),
        ("HttpRequestParser", b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: x, upgrade\r\n\r\n"),
        ("HttpRequestParser", b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"),
        ("HttpRequestParser", b"\r\nGET / HTTP/1.0\r\n\r\n"),
        ("HttpRequestParser", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n\r\nGET /3"),
        ("HttpResponseParser", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x00"),
        ("HttpResponseParser", b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        ("HttpResponseParser", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab"),
    ],
)
def test_ends_and_upgrades_are_as_httptools_has_them(kind: str, data: bytes) -> None:
    assert run(door, kind, [data]) == run(httptools, kind, [data])


@pytest.mark.parametrize(
    "url",
    [b"/a?b#c", b"http://u:p@h:80/p?q#f", b"h:80", b"*", b"", b"http://[::1]/", b"http://h", b"http://h?q", b"/?"],
)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_urls_are_split_as_httptools_does(url: bytes, kind: Callable[[bytes], Any]) -> None:
    try:
        expected = repr(httptools.parse_url(kind(url)))
    except httptools.HttpParserInvalidURLError:
        with pytest.raises(door.HttpParserInvalidURLError):
            door.parse_url(kind(url))
    else:
        assert repr(door.parse_url(kind(url))) == expected


def test_urls_have_httptools_limit() -> None:
    assert door.parse_url(b"/" + b"a" * 65534).path == b"/" + b"a" * 65534
    with pytest.raises(door.HttpParserInvalidURLError, match="65536 bytes"):
        door.parse_url(b"/" + b"a" * 65535)
    with pytest.raises(TypeError):
        door.parse_url("/a")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (HEAD.replace(b"GET", b"G(T"), door.HttpParserInvalidMethodError),
        (HEAD.replace(b"GET", b"G" * 32), door.HttpParserInvalidMethodError),
        (HEAD.replace(b"/a", b"/%zz"), door.HttpParserInvalidURLError),
        (HEAD.replace(b"1.1", b"2.0"), door.HttpParserError),
        (HEAD.replace(b"Host", b"Most"), door.HttpParserError),
        (HEAD.replace(b"\r\n", b"\n"), door.HttpParserError),
        (HEAD[:-2] + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", door.HttpParserError),
        (HEAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", door.HttpParserError),
        (HEAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n1\r\naX", door.HttpParserError),
        (HEAD[:-2] + b"Connection: close\r\n\r\n\r\nG", door.HttpParserError),
    ],
)
def test_refusals_come_at_any_cut_and_stay(data: bytes, error: type[Exception]) -> None:
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        parser = door.HttpRequestParser(object())
        with pytest.raises(door.HttpParserError) as first:
            for piece in pieces:
                parser.feed_data(piece)
        assert type(first.value) is error
        with pytest.raises(error, match=str(first.value)[:20].replace("(", r"\(")):
            parser.feed_data(HEAD)


def test_a_bad_status_has_its_error() -> None:
    with pytest.raises(door.HttpParserInvalidStatusError):
        door.HttpResponseParser(object()).feed_data(b"HTTP/1.1 2x0 OK\r\n\r\n")


@pytest.mark.parametrize("name", CALLBACKS)
def test_what_a_callback_raises_is_the_context(name: str) -> None:
    def fail(*args: bytes) -> None:
        raise KeyError(name)

    protocol = type("Protocol", (), {name: staticmethod(fail)})()
    kind = door.HttpResponseParser if name == "on_status" else door.HttpRequestParser
    start = b"HTTP/1.1 200 OK\r\nA: b\r\n" if name == "on_status" else HEAD[:-2]
    parser = kind(protocol)
    for _ in range(2):
        with pytest.raises(door.HttpParserCallbackError, match=f"`{name}` callback error") as raised:
            parser.feed_data(start + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
    assert raised.value.__context__ is None
    with pytest.raises(door.HttpParserCallbackError) as raised:
        kind(protocol).feed_data(start + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
    assert isinstance(raised.value.__context__, KeyError)


def test_a_parser_is_not_fed_by_its_own_callback() -> None:
    class Protocol:
        def on_url(self, url: bytes) -> None:
            parser.feed_data(HEAD)

    parser = door.HttpRequestParser(Protocol())
    with pytest.raises(door.HttpParserCallbackError) as raised:
        parser.feed_data(HEAD)
    assert isinstance(raised.value.__context__, RuntimeError)


@pytest.mark.parametrize(("limit", "size"), [("max_line", 17), ("max_head", 29), ("max_fields", 2)])
def test_limits(limit: str, size: int) -> None:
    for allowed in (size, size + 1):
        door.HttpRequestParser(object(), **{limit: allowed}).feed_data(HEAD)
    for pieces in ([HEAD], [HEAD[i : i + 1] for i in range(len(HEAD))]):
        parser = door.HttpRequestParser(object(), **{limit: size - 1})
        with pytest.raises(door.HttpParserError):
            for piece in pieces:
                parser.feed_data(piece)


def test_leniencies_are_refused_but_two() -> None:
    last = HEAD.replace(b"X-Two: 2", b"Connection: close")
    for name in ("lenient_keep_alive", "lenient_data_after_close"):
        record = Record()
        parser = record.parser = door.HttpRequestParser(record)
        parser.set_dangerous_leniencies(**{name: True})
        parser.feed_data(last + HEAD)
        assert [c[0] for c in record.calls].count("on_message_complete") == 2
    parser.set_dangerous_leniencies(lenient_headers=False, lenient_version=None)
    for name in door.parser.REFUSED_LENIENCIES:
        with pytest.raises(ConfigError) as error:
            parser.set_dangerous_leniencies(**{name: True})
        assert error.value.option == name and error.value.value is True


def test_a_long_body_behind_a_head_in_pieces() -> None:
    body = bytes(range(256)) * 1024
    data = HEAD[:-2] + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert run(door, "HttpRequestParser", [data[:30], data[30:]]) == run(httptools, "HttpRequestParser", [data])


def test_threads_that_share_a_parser_get_an_error_or_a_turn() -> None:
    parser = door.HttpRequestParser(object())
    unexpected: list[BaseException] = []

    def work() -> None:
        for _ in range(3000):
            try:
                parser.feed_data(HEAD)
                parser.get_method(), parser.get_http_version(), parser.should_keep_alive()
            except RuntimeError:
                pass
            except BaseException as error:
                unexpected.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert unexpected == []
