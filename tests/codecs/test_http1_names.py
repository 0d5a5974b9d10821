"""Names lower-cased: by the table and without it, the result is the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.http1 import parse_request
from fastnet.codecs.http1_names import COMMON_NAMES

REFUSED_HERE = {"Content-Length", "Transfer-Encoding", "Host", "Expect", "Connection"}


def lowered(name: bytes) -> bytes:
    request = parse_request(b"GET / HTTP/1.1\r\nHost: a\r\n" + name + b": b\r\n\r\n")
    assert request is not None
    assert request.raw_headers[1][0] == name
    return request.headers[1][0]


@pytest.mark.parametrize("name", sorted(set(COMMON_NAMES) - REFUSED_HERE))
def test_common_names_in_every_spelling(name: str) -> None:
    for spelling in (name, name.lower(), name.upper(), name.title(), name.swapcase()):
        assert lowered(spelling.encode()) == name.lower().encode()
    for near in (name + "x", name[:-1] + "~", "~" + name[1:], name[:-1]):
        assert lowered(near.encode()) == near.lower().encode()


@given(st.from_regex(rb"\AX[A-Za-z0-9!#$%&'*+.^_`|~-]{0,40}\Z"))
def test_any_name(name: bytes) -> None:
    assert lowered(name) == name.lower()
