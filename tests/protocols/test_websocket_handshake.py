"""The opening handshake (RFC 6455, section 4): every MUST of either side, cut anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from fastnet.codecs.http1 import parse_request, parse_response
from fastnet.codecs.websocket import Encoder
from fastnet.codecs.websocket_deflate import Deflate
from fastnet.errors import ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.websocket import WebSocket
from fastnet.protocols.websocket_handshake import accept_key, client, offered, server
from fastnet.protocols.websocket_options import Options

GOOD = {
    "Host": "server.example.com",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def request(line: str = "GET /chat?room=1 HTTP/1.1", **fields: str | None) -> bytes:
    """A request as it should be, but for these fields; None leaves one out."""
    all_fields = GOOD | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [line, *(f"{name}: {value}" for name, value in all_fields.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(data: bytes, options: Options | None = None, step: int = 1 << 20) -> tuple[WebSocket, bytes]:
    """A server that was sent this, and what it says."""
    protocol = server(options or Options())()
    protocol.connection_made()
    out = b""
    for at in range(0, len(data), step):
        if protocol.closing:
            break
        protocol.receive_data(data[at : at + step])
        out += b"".join(map(bytes, protocol.data_to_send()))
    return protocol, out


def test_the_example_of_the_rfc() -> None:
    """Section 1.3."""
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    for step in (1, 7, 1 << 20):
        protocol, out = answer(request() + Encoder(client=True).encode("early"), step=step)
        response = parse_response(out)
        assert response is not None
        assert response.status == 101
        assert dict(response.headers) == {
            b"upgrade": b"websocket",
            b"connection": b"upgrade",
            b"sec-websocket-accept": b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        }
        assert protocol.request is not None
        assert protocol.request.target == "/chat?room=1"
        assert not protocol.opening
        assert protocol.next_event() == "early"


REFUSED: dict[str, tuple[bytes, int]] = {
    "no upgrade": (request(Upgrade=None, Connection=None), 426),
    "no Upgrade field": (request(Upgrade=None), 426),
    "no upgrade token": (request(Connection="keep-alive"), 426),
    "another protocol": (request(Upgrade="h2c"), 426),
    "a POST": (request("POST / HTTP/1.1"), 400),
    "HTTP/1.0": (request("GET / HTTP/1.0"), 426),
    "no Host": (request(Host=None), 400),
    "no key": (request(Sec_WebSocket_Key=None), 400),
    "a short key": (request(Sec_WebSocket_Key="c2hvcnQ="), 400),
    "a key that is no Base64": (request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZ!=="), 400),
    "two keys": (
        request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        400,
    ),
    "no version": (request(Sec_WebSocket_Version=None), 426),
    "an old version": (request(Sec_WebSocket_Version="8"), 426),
    "extensions that are no list": (request(Sec_WebSocket_Extensions="a b c;;"), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_requests_that_are_refused(case: str) -> None:
    """Sections 4.2.1, 4.2.2 and 4.4."""
    data, status = REFUSED[case]
    for step in (1, 1 << 20):
        protocol, out = answer(data, step=step)
        response = parse_response(out)
        assert response is not None
        assert response.status == status
        assert protocol.closing
        if status == 426:
            assert response.get("sec-websocket-version") == b"13"
        assert response.get("connection") in (b"close", b"upgrade, close")
        assert protocol.next_event() is NEED_DATA


def test_upgrade_in_any_case_among_others() -> None:
    protocol, _ = answer(request(Upgrade="foo, WebSocket", Connection="x, uPgRaDe"))
    assert protocol.request is not None


def status_of(data: bytes, **options: Any) -> int:
    response = parse_response(answer(data, Options(**options))[1])
    assert response is not None
    return response.status


def test_policy() -> None:
    assert status_of(request(), path="/chat") == 101
    assert status_of(request(), path="/other") == 404
    for origin, allowed, status in (
        ("http://server.example.com", None, 101),
        ("https://SERVER.example.com", None, 101),
        ("http://server.example.com:81", None, 403),
        ("https://evil.example", None, 403),
        ("null", None, 403),
        ("http://[", None, 403),
        ("https://evil.example", "*", 101),
        ("https://a.example", ["https://a.example"], 101),
        ("https://a.example", ["https://b.example"], 403),
    ):
        assert status_of(request(Origin=origin), origins=allowed) == status, origin
    assert status_of(request(), check=lambda head: 401 if head.get("authorization") is None else None) == 401
    assert status_of(request(Authorization="x"), check=lambda head: None) == 101


def test_subprotocols_are_chosen_as_the_server_likes() -> None:
    for offer, ours, chosen in (
        ("a, b", ["b", "a"], "b"),
        ("a", ["b"], None),
        ("a,,b", ["b"], "b"),
        (None, ["b"], None),
        ("a", [], None),
    ):
        protocol, out = answer(request(Sec_WebSocket_Protocol=offer), Options(subprotocols=tuple(ours)))
        response = parse_response(out)
        assert response is not None
        assert protocol.subprotocol == chosen
        assert response.get("sec-websocket-protocol") == (None if chosen is None else chosen.encode())
    head = parse_request(request(Sec_WebSocket_Protocol="a\r\nSec-WebSocket-Protocol: b"))
    assert head is not None
    assert offered(head) == ["a", "b"]


def test_compression_is_agreed_on_or_not() -> None:
    offer = request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    protocol, out = answer(offer)
    assert protocol.compressed
    assert b"permessage-deflate; server_max_window_bits=12; client_max_window_bits=15\r\n" in out
    protocol, out = answer(offer, Options(deflate=None))
    assert not protocol.compressed
    assert b"permessage-deflate" not in out


def test_a_server_waits_for_a_handshake_only_so_long() -> None:
    protocol = server(Options(handshake_timeout=5))()
    protocol.now = 100
    protocol.connection_made()
    protocol.receive_data(b"GET")
    assert protocol.next_timeout() == 5
    protocol.now = 104
    protocol.receive_data(b" /")
    assert protocol.next_timeout() == 1
    protocol.handle_timeout(105)
    assert protocol.aborted
    protocol = server(Options())()
    protocol.drain()
    assert protocol.closing


def asked(**options: Any) -> tuple[WebSocket, bytes]:
    """A client, and the right Sec-WebSocket-Accept for what it asked."""
    protocol = client("example.org:81", "/chat?x", Options(**options), [("cookie", "a=b")])()
    protocol.connection_made()
    head = parse_request(b"".join(map(bytes, protocol.data_to_send())))
    assert head is not None
    assert head.target == "/chat?x"
    assert (head.get("host"), head.get("cookie")) == (b"example.org:81", b"a=b")
    key = head.get("sec-websocket-key")
    assert key is not None
    return protocol, accept_key(key)


def test_both_sides_open_each_other() -> None:
    for step in (1, 9, 1 << 20):
        ask = client("localhost", "/", Options(subprotocols=("x",)))()
        give = server(Options(subprotocols=("x",)))()
        ask.connection_made()
        with pytest.raises(RuntimeError, match="handshake"):
            ask.send("early")
        give.receive_data(b"".join(map(bytes, ask.data_to_send())))
        give.send("x" * 1000)
        wire = b"".join(map(bytes, give.data_to_send()))
        assert len(wire) < 500, "it is compressed"
        for at in range(0, len(wire), step):
            ask.receive_data(wire[at : at + step])
        assert ask.next_event() == "x" * 1000
        assert ask.subprotocol == give.subprotocol == "x"
        assert ask.response is not None
        assert ask.compressed


WRONG = {
    "not 101": (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404),
    "a redirect": (b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", 302),
    "no Upgrade": (b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nsec-websocket-accept: %s\r\n\r\n", 502),
    "another": (b"HTTP/1.1 101 X\r\nupgrade: h2c\r\nconnection: upgrade\r\nsec-websocket-accept: %s\r\n\r\n", 502),
    "no Connection": (b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nsec-websocket-accept: %s\r\n\r\n", 502),
    "no key": (b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", 502),
    "a wrong key": (
        b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: a\r\n\r\n",
        502,
    ),
    "no HTTP": (b"hello\r\n\r\n", 400),
}
SWITCH = b"HTTP/1.1 101 X\r\nupgrade: WebSocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %s\r\n"


@pytest.mark.parametrize("case", WRONG)
def test_answers_that_a_client_does_not_take(case: str) -> None:
    """Section 4.1."""
    data, status = WRONG[case]
    protocol, key = asked()
    with pytest.raises(ProtocolError) as caught:
        protocol.receive_data(data.replace(b"%s", key))
    assert caught.value.status == status or case == "no HTTP"


def test_a_client_takes_only_what_it_offered() -> None:
    for field, options, fine in (
        (b"sec-websocket-protocol: a", {"subprotocols": ["a"]}, True),
        (b"sec-websocket-protocol: b", {"subprotocols": ["a"]}, False),
        (b"sec-websocket-protocol: a", {}, False),
        (b"sec-websocket-extensions: permessage-deflate", {}, True),
        (b"sec-websocket-extensions: permessage-deflate", {"deflate": None}, False),
        (b"sec-websocket-extensions: permessage-deflate", {"deflate": Deflate(peer_keeps_window=False)}, False),
        (b"sec-websocket-extensions: x-other", {}, False),
    ):
        protocol, key = asked(**options)
        data = SWITCH.replace(b"%s", key) + field + b"\r\n\r\n"
        if fine:
            protocol.receive_data(data)
            assert not protocol.opening
        else:
            with pytest.raises(ProtocolError):
                protocol.receive_data(data)
