"""An application behind proxies: who the client is, and whether he came by https, as trusted proxies tell it.

Forwarded (RFC 7239) or, in its absence, X-Forwarded-For and X-Forwarded-Proto. Each proxy appends whom it was asked by,
so the list is walked from its right end, which the proxy next to us wrote, for as long as whoever wrote an entry is
trusted. The first address that is not trusted is the client; what stands to the left of it, anybody may have made up.
When the connection itself comes from no trusted address nothing is believed. An entry that is no address, such as
"unknown" or "_hidden", ends the walk at the proxy that wrote it.

The fields themselves are left to the application, and so is Host: proxies hand on or set that one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastnet.errors import ConfigError

_EXPECTED = "networks such as 10.0.0.0/8 or ::1, unix, or *, with commas between"
# More proxies than anybody has in a row. What is left of them is not looked at.
MAX_HOPS = 64
_SCHEMES = ("http", "https")
# A forwarded-pair of RFC 7239, and what separates it from the next one.
_PAIR = re.compile(
    r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]*)\s*([;,]|$)"""
)
_PORT = re.compile(r"(.*):([0-9]{1,5})", re.DOTALL)

Peer = tuple[str, int] | None
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class TrustedProxies:
    """The proxies that are believed, from `text`: networks, "unix" for who connects to a Unix socket, "*" for all.

    Raises ConfigError.
    """

    def __init__(self, text: str) -> None:
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._all = self._unix = False
        for item in (part.strip() for part in text.split(",")):
            if item == "*":
                self._all = True
            elif item == "unix":
                self._unix = True
            else:
                try:
                    self._networks.append(ipaddress.ip_network(item))
                except ValueError:
                    raise ConfigError("trusted_proxies", text, _EXPECTED) from None

    def trust(self, host: str | None) -> bool:
        """Whether the one at this address is believed; None: at a Unix socket. What is no address is not trusted."""
        if self._all or host is None:
            return self._all or self._unix
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def client(self, peer: Peer, forwarded: str, x_for: str, x_proto: str) -> tuple[Peer, str]:
        """(who asks, scheme) of a request that came from `peer` with these fields, "" where there was none.

        The port is 0 where nobody told it, and the scheme "" where it is the connection's.
        """
        if not self.trust(peer[0] if peer else None):
            return peer, ""
        hops = _forwarded(forwarded) if forwarded else _x_forwarded(x_for, x_proto)
        scheme = ""
        for text, proto in hops[: -MAX_HOPS - 1 : -1]:
            if proto in _SCHEMES:
                scheme = proto
            found = _address(text)
            if found is None:
                break
            peer = found
            if not self.trust(peer[0]):
                break
        return peer, scheme


def _x_forwarded(x_for: str, x_proto: str) -> list[tuple[str, str]]:
    """(address, scheme) by hop. A single scheme is of the last hop, whose proxy is next to us; of many each has one."""
    hosts = [item.strip() for item in x_for.split(",")]
    protos = [item.strip().lower() for item in x_proto.split(",")]
    if len(protos) != len(hosts):
        protos = [""] * (len(hosts) - 1) + protos[-1:]
    return list(zip(hosts, protos, strict=True))


def _forwarded(text: str) -> list[tuple[str, str]]:
    """The same of a Forwarded field; empty if it is malformed: then nothing of it can be believed."""
    hops: list[tuple[str, str]] = []
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            return []
        name, value, separator = match[1].lower(), match[2], match[3]
        if name in pairs:
            return []
        pairs[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        at = match.end()
        if separator != ";":
            hops.append((pairs.get("for", ""), pairs.get("proto", "").lower()))
            pairs = {}
    return hops if not pairs else []


def _address(text: str) -> tuple[str, int] | None:
    """The address and port (0: none) that a hop names, or None if it names none."""
    port = 0
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not re.fullmatch(":[0-9]{1,5}", rest)):
            return None
        port = int(rest[1:] or 0)
    else:
        match = _PORT.fullmatch(text)
        host = text
        if match and ":" not in match[1]:
            host, port = match[1], int(match[2])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (str(address), port) if port < 65536 and "%" not in host else None


def proxied(app: Any, interface: str, trusted: TrustedProxies) -> Any:
    """`app`, of interface "wsgi" or "asgi", told who asks as `trusted` proxies tell it."""
    return _wsgi(app, trusted) if interface == "wsgi" else _asgi(app, trusted)


def _wsgi(app: Any, trusted: TrustedProxies) -> Any:
    def behind(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        fields = [environ.get(f"HTTP_{name}", "") for name in ("FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_PROTO")]
        if any(fields):
            host = environ.get("REMOTE_ADDR") or None
            peer = (host, int(environ.get("REMOTE_PORT") or 0)) if host else None
            client, scheme = trusted.client(peer, *fields)
            if client != peer and client is not None:
                environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
            if scheme:
                environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)  # type: ignore[no-any-return]

    return behind


_NAMES = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto")


def _asgi(app: Any, trusted: TrustedProxies) -> Any:
    async def behind(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            found: dict[bytes, list[str]] = {}
            for name, value in scope["headers"]:
                if name in _NAMES:
                    found.setdefault(name, []).append(value.decode("latin-1"))
            if found:
                peer = tuple(scope["client"]) if scope.get("client") else None
                client, scheme = trusted.client(peer, *(",".join(found.get(name, ())) for name in _NAMES))
                if client is not None:
                    scope["client"] = client
                if scheme:
                    # https: wss for a WebSocket
                    scope["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
        await app(scope, receive, send)

    return behind
