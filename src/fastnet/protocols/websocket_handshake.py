"""The opening handshake (RFC 6455, section 4) over HTTP/1.1, both sides, without I/O.

A WebSocket asks its handshake object first: begin() is what to send, receive() takes bytes and returns an Agreed when
all is settled. A server refuses by itself, with a status that says why; a client raises ProtocolError, whose `status`
is that of the answer. read_request() is the server's half for those who have an HTTP connection already.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fastnet.codecs.http1 import Request, Response
from fastnet.codecs.websocket_deflate import Deflating
from fastnet.errors import ProtocolError
from fastnet.protocols.http1_events import ClientConnection, Closed, ServerConnection, Upgraded
from fastnet.protocols.websocket import WebSocket
from fastnet.protocols.websocket_options import Options
from fastnet.protocols.workspace import Settings

# Section 1.3.
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = b"13"
# Heads of a handshake have no more, cookies included.
_SETTINGS = Settings(max_header_bytes=32768)

Fields = list[tuple[bytes, bytes]]


class Agreed(NamedTuple):
    """What the handshake came to. `rest`: what the peer has sent already in the new protocol."""

    request: Request | None
    response: Response | None
    subprotocol: str | None
    deflating: Deflating | None
    rest: bytes


class Refusal(NamedTuple):
    """Why a server does not switch, as an HTTP answer."""

    status: int
    text: str
    fields: Fields


def accept_key(key: bytes) -> bytes:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def read_request(request: Request) -> Refusal | None:
    """None for a request that opens a WebSocket as it should (section 4.2.1), else the answer due."""
    upgrade = b", ".join(request.get_all("upgrade"))
    if not request.upgrade or b"websocket" not in [one.strip().lower() for one in upgrade.split(b",")]:
        fields = [(b"upgrade", b"websocket"), (b"connection", b"upgrade"), (b"sec-websocket-version", _VERSION)]
        return Refusal(426, "this is a WebSocket: ask for an upgrade", fields)
    if request.method != "GET" or request.version == "1.0":
        return Refusal(400, "a WebSocket is opened by GET and HTTP/1.1", [])
    if request.get_all("sec-websocket-version") != [_VERSION]:
        return Refusal(426, "only version 13 of WebSocket is spoken", [(b"sec-websocket-version", _VERSION)])
    keys = request.get_all("sec-websocket-key")
    try:
        fine = len(keys) == 1 and len(base64.b64decode(keys[0], validate=True)) == 16
    except binascii.Error:
        fine = False
    return None if fine else Refusal(400, "Sec-WebSocket-Key must be 16 bytes in Base64, once", [])


def _listed(head: Request | Response, name: str) -> str:
    """A field whose value is a list, which may have come in parts (RFC 9110, section 5.3)."""
    return b",".join(head.get_all(name)).decode("latin-1")


def offered(request: Request) -> list[str]:
    """Subprotocols that a client speaks, as it sent them."""
    field = _listed(request, "sec-websocket-protocol")
    return [one.strip() for one in field.split(",") if one.strip()]


def accept_deflate(request: Request, options: Options) -> tuple[str, Deflating] | None:
    """What to answer to the extensions that a client offers, and what that means. ProtocolError: it is no list."""
    field = _listed(request, "sec-websocket-extensions")
    return options.deflate.accept(field) if field and options.deflate is not None else None


def may_come(request: Request, options: Options) -> bool:
    """Whether the page that a browser has this from may connect (section 10.2). Who is no browser names no origin."""
    origin = request.get("origin")
    if origin is None or options.origins == "*":
        return True
    if options.origins is not None:
        return origin.decode("latin-1") in options.origins
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower() == (request.authority or b"").decode("latin-1").lower()
    except ValueError:
        return False


class ServerHandshake:
    """The server's side: one request, and its answer."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._http = ServerConnection(_SETTINGS)
        self._agreed: tuple[Request, str | None, Deflating | None] | None = None
        self.refused = False

    def begin(self) -> Iterable[bytes]:
        """A server waits."""
        return ()

    def receive(self, data: bytes) -> Agreed | None:
        """Bytes came: an Agreed, or None, and `refused` says whether it is over. Raises nothing."""
        self._http.receive_data(data)
        while True:
            event = self._http.next_event()
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Upgraded):
                assert self._agreed is not None
                request, subprotocol, deflating = self._agreed
                return Agreed(request, None, subprotocol, deflating, self._http.take_rest())
            else:
                self.refused = self.refused or isinstance(event, Closed)
                return None

    def data_to_send(self) -> list[bytes]:
        """What to write now."""
        return self._http.data_to_send()

    def _answer(self, request: Request) -> None:
        refusal = read_request(request) or self._policy(request)
        deflated = None
        if refusal is None:
            try:
                deflated = accept_deflate(request, self._options)
            except ProtocolError as error:
                refusal = Refusal(400, str(error), [])
        if refusal is not None:
            self.refused = True
            fields = [*refusal.fields, (b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            self._http.send_response(refusal.status, fields, refusal.text.encode() + b"\n")
            return
        wishes = offered(request)
        subprotocol = next((one for one in self._options.subprotocols if one in wishes), None)
        fields = switching(request, subprotocol, None if deflated is None else deflated[0])
        self._http.send_response(101, fields)
        self._agreed = request, subprotocol, None if deflated is None else deflated[1]

    def _policy(self, request: Request) -> Refusal | None:
        options = self._options
        if options.path is not None and request.path != options.path.encode():
            return Refusal(404, "there is no WebSocket at this path", [])
        if not may_come(request, options):
            return Refusal(403, "pages of this origin may not connect", [])
        status = None if options.check is None else options.check(request)
        return None if status is None else Refusal(status, "this WebSocket is not for you", [])


def switching(request: Request, subprotocol: str | None, extensions: str | None) -> Fields:
    """The fields of the answer 101 to a request that read_request() finds well (section 4.2.2)."""
    fields = [
        (b"upgrade", b"websocket"),
        (b"sec-websocket-accept", accept_key(request.get("sec-websocket-key") or b"")),
    ]
    if subprotocol is not None:
        fields.append((b"sec-websocket-protocol", subprotocol.encode("latin-1")))
    if extensions is not None:
        fields.append((b"sec-websocket-extensions", extensions.encode()))
    return fields


class ClientHandshake:
    """The client's side (section 4.1). authority: host[:port]; headers: further fields of the request."""

    def __init__(self, authority: str, target: str, options: Options, headers: Iterable[tuple[Any, Any]] = ()) -> None:
        self._options = options
        self._key = base64.b64encode(os.urandom(16))
        self._http = ClientConnection(_SETTINGS)
        self._response: Response | None = None
        self.refused = False
        fields: list[tuple[Any, Any]] = [
            ("host", authority),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-key", self._key),
            ("sec-websocket-version", _VERSION),
        ]
        if options.subprotocols:
            fields.append(("sec-websocket-protocol", ", ".join(options.subprotocols)))
        if options.deflate is not None:
            fields.append(("sec-websocket-extensions", options.deflate.offer()))
        self._http.send_request("GET", target, [*fields, *headers])

    def begin(self) -> Iterable[bytes]:
        """The request."""
        return self._http.data_to_send()

    def receive(self, data: bytes) -> Agreed | None:
        """Bytes came: an Agreed, or None as yet. Raises ProtocolError when the server refuses, or answers wrongly."""
        self._http.receive_data(data)
        while True:
            event = self._http.next_event()
            if isinstance(event, Response):
                if event.status != 101 and event.status >= 200:
                    reason = event.reason.decode("latin-1")
                    raise ProtocolError(f"the server does not open a WebSocket: {event.status} {reason}", event.status)
                self._response = event
            elif isinstance(event, Upgraded):
                assert self._response is not None
                return self._judge(self._response)
            else:
                return None

    def data_to_send(self) -> list[bytes]:
        """Nothing but the request is ever sent."""
        return []

    def _judge(self, response: Response) -> Agreed:
        if (response.get("upgrade") or b"").lower() != b"websocket" or not response.upgrade:
            raise ProtocolError("the server switches to something else than WebSocket", 502)
        if response.get_all("sec-websocket-accept") != [accept_key(self._key)]:
            raise ProtocolError("the server's Sec-WebSocket-Accept is not that of our key", 502)
        subprotocol = None
        chosen = response.get_all("sec-websocket-protocol")
        if chosen:
            subprotocol = chosen[0].decode("latin-1")
            if len(chosen) > 1 or subprotocol not in self._options.subprotocols:
                raise ProtocolError(f"the server chose a subprotocol that was not offered: {subprotocol!r}", 502)
        deflating = None
        field = _listed(response, "sec-websocket-extensions")
        if field:
            if self._options.deflate is None:
                raise ProtocolError(f"the server chose extensions that were not offered: {field!r:.200}", 1010)
            deflating = self._options.deflate.agreed(field)
        return Agreed(None, response, subprotocol, deflating, self._http.take_rest())


def server(options: Options) -> functools.partial[WebSocket]:
    """What makes the server's side of a connection, opening handshake included."""
    return functools.partial(_server, options)


def _server(options: Options) -> WebSocket:
    return WebSocket(options, handshake=ServerHandshake(options))


def client(
    authority: str, target: str, options: Options, headers: Iterable[tuple[Any, Any]] = ()
) -> functools.partial[WebSocket]:
    """What makes the client's side of a connection, opening handshake included."""
    return functools.partial(_client, authority, target, options, tuple(headers))


def _client(authority: str, target: str, options: Options, headers: Iterable[tuple[Any, Any]]) -> WebSocket:
    return WebSocket(options, client=True, handshake=ClientHandshake(authority, target, options, headers))
