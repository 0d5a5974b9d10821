"""Heads written: read back the same, and never split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http1 import parse_request, parse_response
from fastnet.codecs.http1_encode import encode_request_head, encode_response_head

BAD_NAMES = [b"", b"a b", b"a:", b"a\r\nb", b"a\0", "ä", b"(a)"]
BAD_VALUES = [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0", b"\x7f", "a\r\n\r\nHTTP/1.1 200 OK"]


def test_a_response() -> None:
    head = encode_response_head(404, [("A", "b"), (b"c", b"\xe4")])
    assert head == b"HTTP/1.1 404 Not Found\r\nA: b\r\nc: \xe4\r\n\r\n"
    assert encode_response_head(599, (), b"Odd") == b"HTTP/1.1 599 Odd\r\n\r\n"
    assert encode_response_head(299) == b"HTTP/1.1 299 \r\n\r\n"


def test_a_request() -> None:
    assert encode_request_head("GET", "/a?b", [("Host", "x")]) == b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_token_is_refused(name: bytes | str) -> None:
    for encode in (lambda f: encode_response_head(200, f), lambda f: encode_request_head("GET", "/", f)):
        with pytest.raises(ValueError, match="token"):
            encode([(name, b"x")])


@pytest.mark.parametrize("value", BAD_VALUES)
def test_a_value_with_a_control_character_is_refused(value: bytes | str) -> None:
    with pytest.raises(ValueError, match="control character"):
        encode_response_head(200, [("a", value)])
    with pytest.raises(ValueError, match="control character"):
        encode_request_head("GET", "/", [("a", value)])


@pytest.mark.parametrize("reason", [b"a\r\nb: c", b"a\n", b"\0"])
def test_a_reason_with_a_control_character_is_refused(reason: bytes) -> None:
    with pytest.raises(ValueError, match="control character"):
        encode_response_head(200, (), reason)


@pytest.mark.parametrize("status", [-1, 0, 99, 600, 1000])
def test_a_status_out_of_range_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="100 to 599"):
        encode_response_head(status)


@pytest.mark.parametrize(("method", "target"), [("", "/"), ("G T", "/"), ("GET", ""), ("GET", "/ b"), ("GET", "/\r\n")])
def test_a_bad_request_line_is_refused(method: str, target: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        encode_request_head(method, target)


value = st.binary(max_size=100).map(lambda b: bytes(c for c in b if c > 31 and c != 127).strip())
fields = st.lists(st.tuples(st.from_regex(rb"\AX-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}\Z"), value), max_size=20)


@given(st.integers(100, 599), fields, value)
def test_what_is_written_is_read_back(status: int, headers: list[tuple[bytes, bytes]], reason: bytes) -> None:
    response = parse_response(encode_response_head(status, headers, reason))
    assert response is not None
    assert (response.status, response.raw_headers, response.reason) == (status, headers, reason)
    request = parse_request(encode_request_head("GET", "/", [(b"Host", b"a"), *headers]))
    assert request is not None
    assert request.raw_headers[1:] == headers


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_nothing_splits_a_head(name: bytes, value: bytes) -> None:
    try:
        head = encode_response_head(200, [(name, value)])
    except ValueError:
        return
    assert head.count(b"\n") == 3
    assert head.count(b"\r") == 3
