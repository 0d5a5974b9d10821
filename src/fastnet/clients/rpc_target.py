"""Where an RPC client connects, and what it speaks there: from a URL to an address and a protocol."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from fastnet.errors import ConfigError
from fastnet.protocols.rpc_http import HTTPCaller
from fastnet.protocols.rpc_json import JSONRPC
from fastnet.protocols.rpc_msgpack import MessagePackRPC

Caller = MessagePackRPC | JSONRPC | HTTPCaller

_STREAMS = ("tcp", "tls", "unix")
_HTTP = {"http": 80, "https": 443}
_PROTOCOLS = ("msgpack", "json", "json-prefixed", "xml")


@dataclass(frozen=True)
class Target:
    """host and port, or `path` of a Unix socket; `tls`, a context or None; `make`, which makes the protocol.

    http: a connection is for one request at a time. batches: several calls may be sent together.
    """

    url: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    make: Callable[[], Caller]
    http: bool = False
    batches: bool = True

    def __str__(self) -> str:
        return self.url


def target_of(
    url: str,
    protocol: str = "msgpack",
    *,
    tls: ssl.SSLContext | None = None,
    headers: Iterable[tuple[str, str]] = (),
    max_message_bytes: int = 16 * 1024 * 1024,
    max_depth: int = 100,
) -> Target:
    """The Target of a URL: tcp://host:port, tls://host:port, unix:/path, http://host/path, https://host/path.

    protocol: "msgpack", "json" (a line a text), "json-prefixed"; over HTTP "json" or "xml". tls: a context instead of
    the default one, which verifies. headers: for HTTP. Raises ConfigError for what cannot be.
    """
    if protocol not in _PROTOCOLS:
        raise ConfigError("protocol", protocol, "one of " + ", ".join(_PROTOCOLS))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError("url", url, "a URL such as tcp://host:port") from None
    secure = parts.scheme in ("tls", "https")
    context = (tls or ssl.create_default_context()) if secure else None
    limits: dict[str, Any] = {"max_message_bytes": max_message_bytes, "max_depth": max_depth}
    if parts.scheme in _HTTP:
        if protocol not in ("json", "xml"):
            raise ConfigError("protocol", protocol, '"json" or "xml" over HTTP')
        if not host:
            raise ConfigError("url", url, "a URL with a host")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        shown = parts.netloc.rpartition("@")[2]

        def make() -> Caller:
            return HTTPCaller(protocol, shown, path, headers=headers, **limits)  # type: ignore[arg-type]

        make()  # which says what is wrong with path and headers
        return Target(
            url, host, _HTTP[parts.scheme] if port is None else port, "", context, make, True, protocol == "json"
        )
    if parts.scheme not in _STREAMS:
        raise ConfigError("url", url, "a URL that begins with tcp:, tls:, unix:, http: or https:")
    if protocol == "xml":
        raise ConfigError("protocol", protocol, "XML-RPC over HTTP only")
    if parts.scheme == "unix" and not parts.path:
        raise ConfigError("url", url, "unix:/path")
    if parts.scheme != "unix" and (not host or port is None):
        raise ConfigError("url", url, f"{parts.scheme}://host:port")

    def make_stream() -> Caller:
        if protocol == "msgpack":
            return MessagePackRPC(**limits)
        return JSONRPC("lines" if protocol == "json" else "prefixed", **limits)

    return Target(url, host, port or 0, unquote(parts.path) if parts.scheme == "unix" else "", context, make_stream)
