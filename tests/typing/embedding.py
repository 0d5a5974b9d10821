"""What a user's type checker should make of the public names; read by test_typing.py, never run."""

from typing import assert_type

import fastnet
from fastnet.codecs.http1 import Limits, Request, Response, parse_request, parse_requests, parse_response, parse_url
from fastnet.codecs.http1_encode import encode_response_head


def head(data: bytes | bytearray | memoryview) -> None:
    request = parse_request(data, limits=Limits(max_fields=10))
    assert_type(request, Request | None)
    if request is not None:
        assert_type(request.method, str)
        assert_type(request.path, bytes)
        assert_type(request.headers, list[tuple[bytes, bytes]])
        assert_type(request.get("accept"), bytes | None)
        assert_type(request.get("accept", b""), bytes)
        assert_type(request.get("accept", 1), bytes | int)
        assert_type(request.content_length, int | None)
        assert_type(len(request), int)
    assert_type(parse_requests(b""), tuple[list[Request], int])
    assert_type(parse_response(data), Response | None)
    assert_type(parse_url("http://example.org:80/").port, int | None)
    assert_type(encode_response_head(200, [("content-length", "0"), (b"x", b"y")]), bytes)


def serve() -> None:
    try:
        assert_type(fastnet.serve("module:app", model="async", bind="127.0.0.1:0"), int)
    except fastnet.ConfigError as error:
        assert_type(error.option, str)
    except fastnet.ProtocolError as error:
        assert_type(error.status, int)
    assert_type(fastnet.get_include(), str)
