"""What a memcached client is given, whichever its face: where nodes are, how long to wait, how values are packed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from fastnet.clients.hashing import Distribution
from fastnet.clients.memcache_commands import Call, Commands, Packing
from fastnet.errors import ConfigError
from fastnet.protocols.memcache import LINE

if TYPE_CHECKING:
    import ssl

# Replies of one line each: as many as fit any socket's buffers while the client is still writing.
_AHEAD_CALLS = 256


def address_of(node: str) -> tuple[str, int] | str:
    """(host, port) or the path of a Unix socket."""
    if node.startswith("unix:"):
        return node[5:]
    host, colon, port = node.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536 or not host:
        raise ConfigError("nodes", node, "HOST:PORT, [IPV6]:PORT or unix:PATH")
    return host.strip("[]"), int(port)


class Settings:
    """What both faces are given."""

    def __init__(
        self,
        nodes: Distribution | Sequence[str] = ("127.0.0.1:11211",),
        *,
        timeout_s: float = 5.0,
        connect_timeout_s: float = 2.0,
        max_connections: int = 8,
        min_compress_bytes: int = 4096,
        max_expanded_bytes: int = 1 << 26,
        unreachable: Literal["raise", "miss"] = "raise",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """A client of `nodes`: HOST:PORT or unix:PATH, spread by rendezvous, or a Distribution such as Ketama.

        timeout_s: for a request, from sending to the whole reply; connect_timeout_s: for a new connection;
        max_connections: to each node; min_compress_bytes: values from this size on are compressed, 0: none;
        max_expanded_bytes: of a compressed value; unreachable: a node that cannot be reached raises OSError, or is a
        miss to what reads and a False to what writes; tls: verify and encrypt. ConfigError for what cannot be.
        """
        for option, value in (("timeout_s", timeout_s), ("connect_timeout_s", connect_timeout_s)):
            if not isinstance(value, int | float) or not 0 < value < 1e9:
                raise ConfigError(option, value, "a number of seconds above 0")
        if not isinstance(max_connections, int) or not 1 <= max_connections <= 10000:
            raise ConfigError("max_connections", max_connections, "an integer from 1 to 10000")
        self._commands = Commands(nodes, Packing(min_compress_bytes, max_expanded_bytes), unreachable)
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._max_connections, self._tls = max_connections, tls
        self._addresses = {node: address_of(node) for node in self._commands.distribution.nodes}


def rounds_of(calls: Sequence[Call]) -> list[dict[str, list[int]]]:
    """Which calls, by node, may be sent before any of their replies are read.

    Of lines many, of values one: a server whose replies nobody takes stops reading, and then both sides would wait.
    """
    if len(calls) == 1:
        return [{calls[0].node: [0]}]
    rounds: list[dict[str, list[int]]] = [{}]
    at: dict[str, int] = {}
    for i, call in enumerate(calls):
        now = at.get(call.node, 0)
        some = rounds[now].get(call.node, [])
        if some and (len(some) == _AHEAD_CALLS or call.shape != LINE or calls[some[-1]].shape != LINE):
            now = at[call.node] = now + 1
            if now == len(rounds):
                rounds.append({})
        rounds[now].setdefault(call.node, []).append(i)
    return rounds
