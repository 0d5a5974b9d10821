"""How a client reaches a server: all its addresses, raced as RFC 8305 says, again after a while if a Retry says so.

The race: the first address is tried; whenever it has not answered for RACE_S, or was refused, the next one is tried
beside it, families in turn. The first that connects wins, and the others are dropped.
"""

from __future__ import annotations

import errno
import os
import random
import re
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from math import inf
from typing import Any, TypeVar

from fastnet.errors import ConfigError
from fastnet.servers.tls_reasons import explained

# RFC 8305, section 8: the recommended delay between two attempts.
RACE_S = 0.25
# Longer than this, epoll cannot be told to wait.
_LONGEST_SELECT_S = 3600.0
_URL = re.compile(
    r"(?P<scheme>tcp|tls|udp)://(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})"
)

T = TypeVar("T")


@dataclass(frozen=True)
class Destination:
    """Where a URL leads: `scheme` is "tcp", "tls", "unix", "udp" or "unixgram"."""

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""


def parse_destination(url: str) -> Destination:
    """Raises ConfigError for what is no URL of a stream."""
    return _parsed(url, ("tcp", "tls"), "unix", "tcp://HOST:PORT, tls://HOST:PORT or unix:PATH")


def parse_datagram_destination(url: str) -> Destination:
    """Raises ConfigError for what is no URL to send datagrams to."""
    return _parsed(url, ("udp",), "unixgram", "udp://HOST:PORT or unixgram:PATH")


def _parsed(url: str, schemes: tuple[str, ...], local: str, expected: str) -> Destination:
    scheme, _, path = url.partition(":")
    if scheme == local and path:
        return Destination(local, path=path)
    match = _URL.fullmatch(url)
    if match is None or match["scheme"] not in schemes or not 0 < int(match["port"]) < 65536:
        raise ConfigError("url", url, expected)
    return Destination(match["scheme"], match["v6"] or match["host"], int(match["port"]))


def datagram_addresses(destination: Destination) -> list[tuple[int, Any]]:
    """Pairs of family and address, best first. Raises OSError when the host is unknown."""
    if destination.scheme == "unixgram":
        return [(socket.AF_UNIX, destination.path)]
    return _looked_up(destination, socket.SOCK_DGRAM)


def _looked_up(destination: Destination, kind: int) -> list[tuple[int, Any]]:
    found = socket.getaddrinfo(destination.host, destination.port, type=kind)
    return in_turn([(family, address) for family, _, _, _, address in found])


@dataclass(frozen=True, kw_only=True)
class Retry:
    """When to try again: `attempts` in all, after first_s, then ever longer by `factor`, up to ceiling_s.

    `jitter` is the part of each wait that is random, so that clients of a server that was restarted do not all come
    back at once. Raises ConfigError for what cannot be.
    """

    attempts: int = 1
    first_s: float = 0.1
    factor: float = 2.0
    ceiling_s: float = 5.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        for name, low in (("attempts", 1), ("first_s", 0), ("factor", 1), ("ceiling_s", 0), ("jitter", 0)):
            if not getattr(self, name) >= low:
                raise ConfigError(name, getattr(self, name), f"a number, at least {low}")
        if self.jitter > 1:
            raise ConfigError("jitter", self.jitter, "a number from 0 to 1")

    def waits(self, dice: random.Random | None = None) -> Iterator[float]:
        """Seconds to wait before each further attempt."""
        wait = self.first_s
        for _ in range(self.attempts - 1):
            part = (dice or random).random() * self.jitter
            yield min(wait, self.ceiling_s) * (1 - part)
            wait *= self.factor

    def run(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns. An OSError is raised by the last one only."""
        waits = self.waits()
        while True:
            try:
                return attempt()
            except OSError:
                wait = next(waits, None)
                if wait is None:
                    raise
                time.sleep(wait)


def dial(destination: Destination, timeout_s: float | None, retry: Retry | None = None) -> socket.socket:
    """A socket that is connected, and blocks. Raises OSError, of the last attempt, or TimeoutError.

    timeout_s: for each attempt; None: any time. retry: by default there is one attempt.
    """
    return (retry or Retry()).run(lambda: _dial_once(destination, timeout_s))


def secured(
    sock: socket.socket, timeout_s: float | None, context: ssl.SSLContext | None, server_name: str
) -> socket.socket:
    """The socket with that timeout, and with TLS if there is a context; if that cannot be agreed on, it is closed."""
    sock.settimeout(timeout_s)
    if context is None:
        return sock
    try:
        with explained(server_name):
            return context.wrap_socket(sock, server_hostname=server_name)
    except BaseException:
        sock.close()
        raise


def _dial_once(destination: Destination, timeout_s: float | None) -> socket.socket:
    if destination.scheme == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        try:
            sock.connect(destination.path)
        except BaseException:
            sock.close()
            raise
        return sock
    sock = race(_looked_up(destination, socket.SOCK_STREAM), timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def in_turn(addresses: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Families in turn, that of the first address first (RFC 8305, section 4)."""
    first = [item for item in addresses if item[0] == addresses[0][0]]
    others = [item for item in addresses if item[0] != addresses[0][0]]
    return [item for pair in zip_longest(first, others) for item in pair if item is not None]


def race(addresses: list[tuple[int, Any]], timeout_s: float | None) -> socket.socket:
    """A blocking socket, connected to the first of (family, address) that answers. Raises OSError, TimeoutError."""
    end = inf if timeout_s is None else time.monotonic() + timeout_s
    waiting = list(addresses)
    failure: OSError = TimeoutError(errno.ETIMEDOUT, "there is no address")
    next_at = 0.0
    with selectors.DefaultSelector() as selector:
        running: list[socket.socket] = []
        try:
            while waiting or running:
                now = time.monotonic()
                if now >= end:
                    raise TimeoutError(errno.ETIMEDOUT, f"no address answered in {timeout_s:g} s")
                if waiting and (now >= next_at or not running):
                    family, address = waiting.pop(0)
                    next_at = now + RACE_S
                    try:
                        sock = socket.socket(family, socket.SOCK_STREAM)
                        running.append(sock)
                        sock.setblocking(False)
                        code = sock.connect_ex(address)
                    except OSError as error:
                        failure = error
                        continue
                    if code not in (0, errno.EINPROGRESS):
                        running.remove(sock)
                        sock.close()
                        failure = OSError(code, os.strerror(code))
                        continue
                    selector.register(sock, selectors.EVENT_WRITE)
                wait = max(0.0, min(end, next_at if waiting else end) - now)
                ready = {key.fd for key, _ in selector.select(min(wait, _LONGEST_SELECT_S))}
                for sock in [sock for sock in running if sock.fileno() in ready]:
                    selector.unregister(sock)
                    running.remove(sock)
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if code == 0:
                        sock.setblocking(True)
                        return sock
                    sock.close()
                    failure = OSError(code, os.strerror(code))
                    next_at = 0.0  # the next one at once
        finally:
            for loser in running:
                loser.close()
    raise failure
