"""Heads: what is refused and with what status, limits, any cut, and agreement with httptools and h11."""

from __future__ import annotations

import sys

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http1 import Limits, cpu, parse_request, parse_requests, parse_response, parse_url
from fastnet.errors import LimitExceeded, ProtocolError
from tests.refusals import ACCEPTED, HEADS, HOST, get

TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
SPECIAL = {
    *("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "proxy-connection"),
    *("keep-alive", "te", "trailer"),
}


@pytest.mark.parametrize(("data", "status"), HEADS.values(), ids=HEADS)
def test_refused_whole_and_byte_by_byte(data: bytes, status: int) -> None:
    for cut in [len(data), *range(len(data) + 1)] if len(data) < 400 else [len(data)]:
        try:
            parse_request(data[:cut])
        except ProtocolError as error:
            assert error.status == status
            assert isinstance(error, LimitExceeded) == (status in (413, 414, 431))
        else:
            assert cut < len(data)


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(data: bytes) -> None:
    request = parse_request(data)
    assert request is not None
    assert all(parse_request(data[:cut]) is None for cut in range(request.size))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"HTTP/1.1 99 a\r\n\r\n", 502),
        (b"HTTP/1.1 600 a\r\n\r\n", 502),
        (b"HTTP/1.1 2000 a\r\n\r\n", 502),
        (b"HTTP/1.1 200\r\n\r\n", 502),
        (b"HTTP/1.1 200 a\x01\r\n\r\n", 502),
        (b"HTTP/2.0 200 a\r\n\r\n", 505),
        (b"HTTP/1.1  200 a\r\n\r\n", 502),
        (b"HTTP/1.1 200 a\n\r\n", 400),
        (b"\r\nHTTP/1.1 200 a\r\n\r\n", 400),
        (b"HTTP/1.1 200 a\r\nA: b\r\n c\r\n\r\n", 400),
        (b"HTTP/1.1 200 a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        (b"HTTP/1.1 200 a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"HTTP/1.0 200 a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_responses_refused(data: bytes, status: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_response(data)
    assert caught.value.status == status


def test_what_a_request_says() -> None:
    data = b"POST /a%20b?c=d?e HTTP/1.1\r\nHost: x:1\r\nCookie: a\r\ncookie: b\r\nX-Odd: \xe4\r\n"
    request = parse_request(data + b"Content-Length: 7\r\nExpect: 100-Continue\r\n\r\nrest")
    assert request is not None
    assert (request.method, request.target, request.version) == ("POST", "/a%20b?c=d?e", "1.1")
    assert (request.path, request.query, request.host) == (b"/a%20b", b"c=d?e", b"x:1")
    assert (request.content_length, request.chunked, request.keep_alive) == (7, False, True)
    assert request.expect_continue
    assert not request.upgrade
    assert request.get("COOKIE") == b"a"
    assert request.get_all("Cookie") == [b"a", b"b"]
    assert request.get("none") is None
    assert request.get("none", 5) == 5
    assert request.raw_headers[1:4] == [(b"Cookie", b"a"), (b"cookie", b"b"), (b"X-Odd", b"\xe4")]
    assert request.headers[1:4] == [(b"cookie", b"a"), (b"cookie", b"b"), (b"x-odd", b"\xe4")]
    assert len(request) == 6
    assert repr(request) == "<Request POST /a%20b?c=d?e HTTP/1.1, 6 fields>"


def test_what_a_response_says() -> None:
    response = parse_response(b"HTTP/1.0 404 Not here \xe4\r\nConnection: keep-alive, Upgrade\r\n\r\n")
    assert response is not None
    assert (response.status, response.reason, response.version) == (404, b"Not here \xe4", "1.0")
    assert response.keep_alive
    assert response.content_length is None
    assert parse_response(b"HTTP/1.1 200 \r\n\r\n").reason == b""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "connection", "keep"),
    [
        (b"GET / HTTP/1.1", b"", True),
        (b"GET / HTTP/1.1", b"close", False),
        (b"GET / HTTP/1.1", b"foo, Close ,bar", False),
        (b"GET / HTTP/1.1", b"keep-alive, close", False),
        (b"GET / HTTP/1.0", b"", False),
        (b"GET / HTTP/1.0", b"Keep-Alive", True),
        (b"GET / HTTP/1.0", b"keep-alive, close", False),
    ],
)
def test_keep_alive(line: bytes, connection: bytes, keep: bool) -> None:
    fields = HOST + (b"Connection: " + connection + b"\r\n" if connection else b"")
    request = parse_request(get(fields, line))
    assert request is not None
    assert request.keep_alive is keep


def test_the_head_outlives_a_buffer_that_changes() -> None:
    buffer = bytearray(get(HOST + b"A: bcd\r\n" * 40))
    request = parse_request(buffer)
    buffer[:] = bytes(len(buffer))
    assert request is not None
    assert request.get("a") == b"bcd"
    assert parse_request(memoryview(b"xx" + get(HOST)), 2).get("host") == b"example.org"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="start"):
        parse_request(b"GET", 4)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_each_limit_at_below_and_above(over: int) -> None:
    line = b"GET /aaaaaaaaaaaaaaa HTTP/1.1"
    fields = b"Host: a\r\nB: c\r\nD: e\r\n"
    data = get(fields, line)
    for name, size, status in [("max_line", len(line), 414), ("max_head", len(fields), 431), ("max_fields", 3, 431)]:
        limits = Limits(**{name: size - over})
        for start in range(len(data)):  # while parsing, not after
            try:
                complete = parse_request(data[: start + 1], 0, limits) is not None
            except LimitExceeded as error:
                assert (over, error.status) == (1, status)
                break
            assert complete == (start + 1 == len(data))
        else:
            assert over < 1


def test_pipelined_in_one_call() -> None:
    one, two = get(HOST), get(HOST + b"Content-Length: 3\r\n", b"POST /2 HTTP/1.1")
    requests, used = parse_requests(one * 3 + two + b"abc" + one)
    assert [r.target for r in requests] == ["/", "/", "/", "/2"]
    assert used == len(one * 3 + two)
    assert len(parse_requests(one * 3, 2)[0]) == 2
    assert parse_requests(one[:-1]) == ([], 0)
    good, used = parse_requests(one + b"bad\r\n")
    assert (len(good), used) == (1, len(one))
    with pytest.raises(ProtocolError):
        parse_requests(b"bad\r\n" + one)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("/a?b=c", (None, None, None, None, b"/a", b"b=c", None)),
        ("http://u:p@h:80/a?b#c", (b"http", b"u:p", b"h", 80, b"/a", b"b", b"c")),
        (b"https://[::1]", (b"https", None, b"::1", None, b"", None, None)),
        ("http://h?", (b"http", None, b"h", None, b"", b"", None)),
    ],
)
def test_urls(url: bytes | str, parts: tuple[object, ...]) -> None:
    u = parse_url(url)
    assert (u.scheme, u.userinfo, u.host, u.port, u.path, u.query, u.fragment) == parts


@pytest.mark.parametrize(
    ("target", "version", "fields", "authority"),
    [
        ("/", "1.1", "Host: a:1\r\n", b"a:1"),
        ("http://b.example:8080/x?y=/z", "1.1", "Host: a:1\r\n", b"b.example:8080"),
        ("http://[::1]:80", "1.1", "Host: a\r\n", b"[::1]:80"),
        ("https://b?c/d", "1.1", "Host: a\r\n", b"b"),
        ("http://b/", "1.0", "", b"b"),
        ("/", "1.0", "", None),
        ("*", "1.1", "Host:\r\n", b""),
    ],
)
def test_the_authority_of_a_request(target: str, version: str, fields: str, authority: bytes | None) -> None:
    """RFC 9112, section 3.2.2: an absolute-form target overrules Host."""
    request = parse_request(f"OPTIONS {target} HTTP/{version}\r\n{fields}\r\n".encode())
    assert request.authority == authority


@pytest.mark.parametrize("url", ["", "a b", "/%g0", "http://h:99999/", "http://[::g]/", "/a#b#c", "/ä", "//\n"])
def test_bad_urls(url: str) -> None:
    with pytest.raises(ProtocolError):
        parse_url(url)


def test_authority() -> None:
    url = parse_url("example.org:443", True)
    assert (url.host, url.port) == (b"example.org", 443)


def test_cpu() -> None:
    facts = cpu()
    assert facts["used"] in facts["available"]


# --- peers -----------------------------------------------------------------------------------------------------------

methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
path = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-._~!$&'()*+,;=:@/", max_size=40)
targets = st.builds(lambda p, q: "/" + p + ("" if q is None else "?" + q), path, st.none() | path)
names = st.text(TCHAR, min_size=1, max_size=30).filter(lambda n: n.lower() not in SPECIAL)
values = st.binary(max_size=60).map(lambda b: bytes(c for c in b if c > 31 and c != 127).strip())
fields = st.lists(st.tuples(names, values), max_size=12)


class Heard:
    """What httptools tells."""

    def __init__(self) -> None:
        self.url = self.status = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_status(self, status: bytes) -> None:
        self.status += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


@given(methods, targets, fields, st.integers(0, 10**9) | st.none() | st.just("chunked"))
def test_peers_read_requests_alike(method: str, target: str, extra: list[tuple[str, bytes]], length: object) -> None:
    framing = b"" if length is None else CHUNKED if length == "chunked" else b"Content-Length: %d\r\n" % length
    lines = b"".join(n.encode() + b": " + v + b"\r\n" for n, v in extra)
    data = f"{method} {target} HTTP/1.1\r\n".encode() + HOST + lines + framing + b"\r\n"
    ours = parse_request(data)
    assert ours is not None
    heard = Heard()
    theirs = httptools.HttpRequestParser(heard)
    theirs.feed_data(data)
    assert (ours.method, ours.target) == (theirs.get_method().decode(), heard.url.decode())
    assert ours.version == theirs.get_http_version()
    assert ours.raw_headers == heard.headers
    assert ours.keep_alive == theirs.should_keep_alive()
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert (ours.method.encode(), ours.target.encode()) == (event.method, event.target)
    assert ours.headers == list(event.headers)


@given(st.integers(200, 599), st.text("abc XYZ-'", max_size=20), fields, st.integers(0, 10**9))
def test_peers_read_responses_alike(status: int, reason: str, extra: list[tuple[str, bytes]], length: int) -> None:
    lines = b"".join(n.encode() + b": " + v + b"\r\n" for n, v in extra)
    data = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\n".encode() + lines + b"\r\n"
    ours = parse_response(data)
    assert ours is not None
    heard = Heard()
    theirs = httptools.HttpResponseParser(heard)
    theirs.feed_data(data)
    assert (ours.status, ours.reason, ours.raw_headers) == (theirs.get_status_code(), heard.status, heard.headers)
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    event = connection.next_event()
    assert isinstance(event, h11.Response)
    assert (ours.status, ours.reason, ours.headers) == (event.status_code, bytes(event.reason), list(event.headers))


CHUNKED = b"Transfer-Encoding: chunked\r\n"
# Where a peer is laxer than RFC 9112 and we are not; each is a way to smuggle or to exhaust.
LAXER = {
    "no host": "httptools",
    "two hosts": "httptools",
    "host with space": "httptools",
    "version 2.0 of GET": "httptools",
    "head too large": "httptools",
    "length and chunked": "h11",
    "bare LF after line": "h11",
    "bare LF after field": "h11",
    "obs-fold": "h11",
}


@pytest.mark.parametrize(("name", "peer"), LAXER.items())
def test_where_a_peer_is_laxer(name: str, peer: str) -> None:
    data, _ = HEADS[name]
    if peer == "httptools":
        httptools.HttpRequestParser(Heard()).feed_data(data)
    else:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(data)
        assert isinstance(connection.next_event(), h11.Request)
    with pytest.raises(ProtocolError):
        parse_request(data)


def test_no_reference_is_lost() -> None:
    data = bytes(get(HOST + b"A: b\r\n"))
    before = sys.getrefcount(data)
    for _ in range(1000):
        request = parse_request(data)
        assert request is not None
        request.headers, request.raw_headers, request.target, request.method, request.get("a")
    del request
    assert sys.getrefcount(data) == before
