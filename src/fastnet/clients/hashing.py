"""Which node has a key: the same in every process, whatever order the nodes are named in, and stable as they change.

`Rendezvous` gives each key to the node that scores highest with it: even without virtual points, and when a node is
added only the keys move that it gets, 1/N of all. `Ketama` is the ring that libmemcached and what follows it have
(weighted ketama, MD5), for caches that such clients share.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from fastnet.errors import ConfigError

_MASK = (1 << 64) - 1
_POINT_GROUPS = 40  # of four points, for each node of libmemcached's ring
_DEFAULT_PORT = 11211  # left out of a node's name there


class Distribution(Protocol):
    """Knows where keys are. `nodes` are HOST:PORT or unix:PATH, as they were given."""

    nodes: tuple[str, ...]

    def node_of(self, key: bytes) -> str:
        """The node that has `key`."""
        raise NotImplementedError


def checked_nodes(nodes: Sequence[str]) -> tuple[str, ...]:
    """`nodes` as a tuple; ConfigError where there are none, or one twice."""
    if isinstance(nodes, str) or not nodes or not all(isinstance(node, str) and node for node in nodes):
        raise ConfigError("nodes", nodes, "a list of HOST:PORT or unix:PATH")
    if len(set(nodes)) < len(nodes):
        raise ConfigError("nodes", nodes, "each node once")
    return tuple(nodes)


def _mix(x: int) -> int:
    """Spread 64 bits, as splitmix64 ends."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31


def _digest(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


class Rendezvous:
    """Highest random weight: the node of a key is the one whose score with it is greatest."""

    def __init__(self, nodes: Sequence[str]) -> None:
        """nodes: HOST:PORT or unix:PATH, whose text is what counts. ConfigError for none, or one twice."""
        self.nodes = checked_nodes(nodes)
        self._seeds = [(_digest(node.encode()), node) for node in sorted(self.nodes)]

    def node_of(self, key: bytes) -> str:
        """The node that has `key`."""
        if len(self._seeds) == 1:
            return self.nodes[0]
        hashed, best, found = _digest(key), -1, ""
        for seed, node in self._seeds:
            score = _mix(hashed ^ seed)
            if score > best:
                best, found = score, node
        return found


class Ketama:
    """libmemcached's weighted ketama, all nodes of one weight: 160 points each on a ring of 32 bits, by MD5."""

    def __init__(self, nodes: Sequence[str]) -> None:
        """As Rendezvous."""
        self.nodes = checked_nodes(nodes)
        points: list[tuple[int, str]] = []
        for node in self.nodes:
            name = node.removesuffix(f":{_DEFAULT_PORT}")
            for group in range(_POINT_GROUPS):
                digest = hashlib.md5(f"{name}-{group}".encode(), usedforsecurity=False).digest()
                points += [(int.from_bytes(digest[at : at + 4], "little"), node) for at in (0, 4, 8, 12)]
        points.sort()
        self._points = [point for point, _ in points]
        self._owners = [node for _, node in points]

    def node_of(self, key: bytes) -> str:
        """The node that has `key`."""
        digest = hashlib.md5(key, usedforsecurity=False).digest()
        at = bisect_left(self._points, int.from_bytes(digest[:4], "little"))
        return self._owners[at if at < len(self._owners) else 0]
