"""Heads of HTTP/2 and the rules that they share with HTTP/1.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http1 import parse_request
from fastnet.codecs.http2 import FrameType
from fastnet.errors import ProtocolError
from fastnet.protocols.http2_events import Asked, Http2Server
from tests.protocols.http2_wire import GET, START, headers, of_type
from tests.protocols.test_http2 import pull

FORBIDDEN = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "host", "cookie"}

texts = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=12)
names = st.one_of(st.sampled_from(["x-a", "accept", "content-length", "expect"]), st.text("abAB:- \t\r\n", max_size=5))


def asked(fields: list[tuple[str, str]]) -> Asked | None:
    server = Http2Server()
    server.receive_data(START + headers(1, fields, end=False))
    events = pull(server)
    return events[0] if events and isinstance(events[0], Asked) else None


@given(path=st.one_of(texts.map("/".__add__), texts), fields=st.lists(st.tuples(names, texts), max_size=4))
def test_what_http1_refuses_is_refused(path: str, fields: list[tuple[str, str]]) -> None:
    """The same head as HTTP/1.1: if that has it, with the same parts, then HTTP/2 has, and only then."""
    fields = [field for field in fields if field[0] not in FORBIDDEN]
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    wire = f"GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n".encode("latin-1")
    try:
        request = parse_request(wire)
    except ProtocolError:
        request = None
    expected = [(b"host", b"a"), *((n.encode("latin-1"), v.encode("latin-1")) for n, v in fields)]
    if request is not None and (
        request.size != len(wire) or request.headers != expected or request.target != path or path[:1] != "/"
        or request.raw_headers != expected
    ):  # fmt: skip
        request = None
    got = asked([GET[0], GET[1], (":path", path), GET[3], *fields])
    assert (got is not None) == (request is not None)
    if got is not None and request is not None:
        assert (got.request.target, got.request.headers, got.request.version) == (path, expected, "2")


@pytest.mark.parametrize(
    "fields, target, host",
    [
        (GET, "/", b"a"),
        ([*GET[:3], ("host", "b")], "/", b"b"),
        ([(":method", "OPTIONS"), (":path", "*"), *GET[1:2], GET[3]], "*", b"a"),
        ([(":method", "CONNECT"), (":authority", "a:80")], "a:80", b"a:80"),
        ([(":authority", "a"), (":path", "/x?y"), (":scheme", "https"), (":method", "GET")], "/x?y", b"a"),
    ],
)
def test_requests_of_every_form(fields: list[tuple[str, str]], target: str, host: bytes) -> None:
    got = asked(fields)
    assert got is not None and (got.request.target, got.request.host) == (target, host)


def test_an_expectation_that_nobody_knows_is_answered() -> None:
    server = Http2Server()
    server.receive_data(START + headers(1, [*GET, ("expect", "more")]))
    assert pull(server) == []
    assert of_type(FrameType.HEADERS, server.data_to_send())
