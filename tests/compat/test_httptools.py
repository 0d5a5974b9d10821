"""The names of httptools, and programs written for it, over either library."""

from types import ModuleType
from typing import get_type_hints

import httptools
import pytest

from fastnet.compat import httptools as door


@pytest.fixture(params=[httptools, door], ids=["httptools", "fastnet"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_every_public_name_is_there() -> None:
    assert set(door.__all__) == set(httptools.__all__)
    for name in httptools.__all__:
        ours, theirs = getattr(door, name), getattr(httptools, name)
        assert isinstance(ours, type) == isinstance(theirs, type) and callable(ours) == callable(theirs)
        if isinstance(theirs, type) and issubclass(theirs, Exception):
            names = {base.__name__ for base in theirs.__mro__}
            assert names <= {base.__name__ for base in ours.__mro__}, name
    for name in ("HttpRequestParser", "HttpResponseParser"):
        public = {n for n in dir(getattr(httptools, name)) if not n.startswith("_")}
        assert public == {n for n in dir(getattr(door, name)) if not n.startswith("_")}
    callbacks = {n for n in vars(httptools.HTTPProtocol) if n.startswith("on_")}
    assert {n for n in vars(door.HTTPProtocol) if n.startswith("on_")} == callbacks
    assert get_type_hints(door.HTTPProtocol.on_url) == get_type_hints(httptools.HTTPProtocol.on_url)


def test_a_server_program(library: ModuleType) -> None:
    class Protocol:
        def __init__(self) -> None:
            self.headers: dict[bytes, bytes] = {}
            self.body = b""
            self.complete = False

        def on_url(self, url: bytes) -> None:
            self.url = library.parse_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers[name] = value

        def on_headers_complete(self) -> None:
            self.method = parser.get_method()

        def on_body(self, body: bytes) -> None:
            self.body += body

        def on_message_complete(self) -> None:
            self.complete = True

    protocol = Protocol()
    parser = library.HttpRequestParser(protocol)
    parser.feed_data(memoryview(b"POST /submit?x=1 HTTP/1.1\r\nHost: h\r\nContent-"))
    parser.feed_data(bytearray(b"Length: 5\r\n\r\nhel"))
    assert (protocol.method, protocol.url.path, protocol.url.query) == (b"POST", b"/submit", b"x=1")
    assert protocol.headers == {b"Host": b"h", b"Content-Length": b"5"} and not protocol.complete
    parser.feed_data(b"lo")
    assert protocol.body == b"hello" and protocol.complete


def test_a_client_program(library: ModuleType) -> None:
    class Protocol:
        def __init__(self) -> None:
            self.status: list[tuple[int, bytes]] = []

        def on_status(self, status: bytes) -> None:
            self.status.append((parser.get_status_code(), status))

    parser = library.HttpResponseParser(Protocol())
    protocol = Protocol()
    parser = library.HttpResponseParser(protocol)
    parser.feed_data(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert protocol.status == [(404, b"Not Found"), (200, b"OK")]
    assert parser.get_http_version() == "1.1"


def test_an_upgrade_says_where_the_other_protocol_begins(library: ModuleType) -> None:
    data = b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x80"
    parser = library.HttpRequestParser(object())
    with pytest.raises(library.HttpParserUpgrade) as upgrade:
        parser.feed_data(data)
    assert data[upgrade.value.args[0] :] == b"\x81\x80" and parser.should_upgrade()


def test_errors_are_told_apart(library: ModuleType) -> None:
    with pytest.raises(library.HttpParserInvalidMethodError):
        library.HttpRequestParser(object()).feed_data(b"G@T / HTTP/1.1\r\n\r\n")
    with pytest.raises(library.HttpParserInvalidURLError):
        library.parse_url(b"not a url")

    class Protocol:
        def on_message_begin(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(library.HttpParserCallbackError) as error:
        library.HttpRequestParser(Protocol()).feed_data(b"GET / HTTP/1.1\r\n")
    assert isinstance(error.value.__context__, ZeroDivisionError)
