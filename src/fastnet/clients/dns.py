"""A DNS client: a stub resolver over sockets, blocking (`Resolver`) and for asyncio (`AsyncResolver`).

Each query by UDP has a socket of its own, so that its source port is the kernel's random choice, connected, so that the
kernel drops what strangers send and tells when nobody is there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from fastnet.codecs.dns_data import AAAA, A
from fastnet.codecs.dns_types import Type
from fastnet.errors import ConfigError
from fastnet.protocols.dns import Answer, Cache, Done, Lookup, NameNotFound, Send, Server, mail_hosts

_MAX_BYTES = 65535


def system_servers(path: str = "/etc/resolv.conf") -> list[Server]:
    """The servers that this machine asks."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    return [(word[1], 53) for word in words if len(word) > 1 and word[0] == "nameserver"] or [("127.0.0.1", 53)]


class _Resolver:
    """What both faces share: options, the cache, what an answer means.

    Args:
        servers: pairs of address and port, asked in this order; None: those of /etc/resolv.conf.
        wait_s: seconds to wait for the first answer; doubled with each round.
        rounds: how often every server is asked.
        cache: for answers; None: one of its own.

    Raises:
        ConfigError: a server is no pair of a numeric address and a port.
    """

    def __init__(
        self,
        servers: Iterable[Server] | None = None,
        *,
        wait_s: float = 2.0,
        rounds: int = 3,
        cache: Cache | None = None,
    ) -> None:
        self.servers = system_servers() if servers is None else list(servers)
        for server in self.servers:
            try:
                ipaddress.ip_address(server[0].partition("%")[0])
            except ValueError:
                raise ConfigError("servers", server, "pairs such as ('192.0.2.53', 53)") from None
        self.wait_s, self.rounds = wait_s, rounds
        self.cache = Cache() if cache is None else cache

    def _begin(self, name: str, rdtype: int) -> Answer | Lookup:
        known = self.cache.get(name, rdtype, time.monotonic())
        return known or Lookup(name, rdtype, self.servers, self.wait_s, self.rounds)

    def _end(self, name: str, answer: Answer) -> Answer:
        self.cache.put(name, answer, time.monotonic())
        return answer


def _judged(name: str, answer: Answer) -> Answer:
    if not answer.exists:
        raise NameNotFound(f"{name}: there is no such name")
    return answer


def _addresses(answers: Iterable[Answer]) -> list[str]:
    return [r.data.address for answer in answers for r in answer.records if isinstance(r.data, (A, AAAA))]


class Resolver(_Resolver):
    """Looks names up, and blocks meanwhile. May be used by any number of threads."""

    def resolve(self, name: str, rdtype: int = Type.A) -> Answer:
        """The records of a type that a name has, its aliases followed.

        Raises:
            NameNotFound: there is no such name.
            DnsError: no server gave an answer; the text says what each did.
            ValueError: `name` is no domain name.
        """
        lookup = self._begin(name, rdtype)
        if isinstance(lookup, Answer):
            return _judged(name, lookup)
        while True:
            step = lookup.next_step()
            if isinstance(step, Done):
                return _judged(name, self._end(name, step.answer))
            try:
                self._exchange(lookup, step)
            except OSError as error:
                lookup.timed_out("no answer" if isinstance(error, TimeoutError) else error.strerror or str(error))

    def addresses(self, name: str) -> list[str]:
        """The addresses of a host, IPv6 first. Raises what resolve() does."""
        return _addresses([self.resolve(name, Type.AAAA), self.resolve(name, Type.A)])

    def mail_hosts(self, name: str) -> list[str]:
        """The hosts that take mail for a domain, in the order to try. Raises what resolve() does."""
        return mail_hosts(self.resolve(name, Type.MX))

    def _exchange(self, lookup: Lookup, step: Send) -> None:
        end = time.monotonic() + step.wait_s
        family = socket.AF_INET6 if ":" in step.server[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM if step.tcp else socket.SOCK_DGRAM) as sock:
            sock.settimeout(step.wait_s)
            sock.connect(step.server)
            sock.sendall(len(step.wire).to_bytes(2, "big") + step.wire if step.tcp else step.wire)
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                sock.settimeout(left)
                data = self._message(sock, end) if step.tcp else sock.recv(_MAX_BYTES)
                if lookup.receive(data, step.server):
                    return

    def _message(self, sock: socket.socket, end: float) -> bytes:
        data = b""
        while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            more = sock.recv(_MAX_BYTES)
            if not more:
                raise ConnectionError("the server closed the connection")
            data += more
        return data[2 : 2 + int.from_bytes(data[:2], "big")]


class AsyncResolver(_Resolver):
    """The same for asyncio."""

    async def resolve(self, name: str, rdtype: int = Type.A) -> Answer:
        """As Resolver.resolve()."""
        lookup = self._begin(name, rdtype)
        if isinstance(lookup, Answer):
            return _judged(name, lookup)
        while True:
            step = lookup.next_step()
            if isinstance(step, Done):
                return _judged(name, self._end(name, step.answer))
            try:
                await asyncio.wait_for(self._exchange(lookup, step), step.wait_s)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                known = isinstance(error, OSError) and error.strerror
                lookup.timed_out(known if known else "no answer")

    async def addresses(self, name: str) -> list[str]:
        """As Resolver.addresses(); both types are asked for at once."""
        return _addresses(await asyncio.gather(self.resolve(name, Type.AAAA), self.resolve(name, Type.A)))

    async def mail_hosts(self, name: str) -> list[str]:
        """As Resolver.mail_hosts()."""
        return mail_hosts(await self.resolve(name, Type.MX))

    async def _exchange(self, lookup: Lookup, step: Send) -> None:
        if step.tcp:
            reader, writer = await asyncio.open_connection(*step.server)
            try:
                writer.write(len(step.wire).to_bytes(2, "big") + step.wire)
                while True:
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    if lookup.receive(await reader.readexactly(size), step.server):
                        return
            finally:
                writer.close()
        replies = _Replies()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: replies, remote_addr=step.server
        )
        try:
            transport.sendto(step.wire)
            while not lookup.receive(await replies.next(), step.server):
                pass
        finally:
            transport.close()


class _Replies(asyncio.DatagramProtocol):
    """What comes to a socket."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[bytes | Exception] = asyncio.Queue(16)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._came.full():
            self._came.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        if not self._came.full():
            self._came.put_nowait(exc)

    async def next(self) -> bytes:
        came = await self._came.get()
        if isinstance(came, Exception):
            raise came
        return came
