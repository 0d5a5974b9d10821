"""Asking everybody at once: one request to a broadcast address or a multicast group, and who answers it."""

from __future__ import annotations

import asyncio
import errno
import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from fastnet.clients.dialing import datagram_addresses, parse_datagram_destination
from fastnet.errors import ConfigError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.udp_requests import Inquiry, RequestFailed
from fastnet.servers.udp_options import UdpOptions, is_group

Found = list[tuple[Any, "bytes | RequestFailed"]]

_MOST_BYTES = 65_536


class _Inquiring:
    """What both faces share: the socket, which hears everybody, and the time."""

    def __init__(
        self, url: str, data: bytes, wait_s: float, attempts: int, broadcast: bool, ttl: int, interface: str
    ) -> None:
        if attempts < 1:
            raise ConfigError("attempts", attempts, "a number, at least 1")
        destination = parse_datagram_destination(url)
        if destination.scheme != "udp":
            raise ConfigError("url", url, "udp://HOST:PORT, of a group or a broadcast address")
        family, self._where = datagram_addresses(destination)[0]
        self.protocol = Inquiry()
        self.protocol.ask(data, self._where)
        self._data = data
        begin = time.monotonic()
        self.end = begin + wait_s
        self._again = [begin + wait_s * n / attempts for n in range(1, attempts)]
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.socket.setblocking(False)
            host = destination.host.partition("%")[0]
            named = f"{host}%{interface}" if interface and is_group(host) else destination.host
            UdpOptions(broadcast, ttl).apply(self.socket, named)
            self.flush()
        except BaseException:
            self.socket.close()
            raise

    def left_s(self) -> float:
        """Until there is something to do, or, when it is 0, all is over."""
        now = time.monotonic()
        if self._again and now >= self._again[0]:
            del self._again[0]
            self.protocol.ask(self._data, self._where)
            self.flush()
        return max(0.0, (self._again[0] if self._again else self.end) - now)

    def flush(self) -> None:
        for data, where in self.protocol.data_to_send():
            try:
                self.socket.sendto(data, where)
            except BlockingIOError:
                pass  # lost, as it might be on its way
            except PermissionError as error:
                raise PermissionError(
                    errno.EACCES, f"{where[0]} is a broadcast address: say broadcast=True to send to it"
                ) from error

    def receive(self) -> Iterator[tuple[Any, bytes | RequestFailed]]:
        """What has come."""
        while True:
            try:
                self.protocol.receive_datagram(*self.socket.recvfrom(_MOST_BYTES))
            except BlockingIOError:
                break
        while (event := self.protocol.next_event()) is not NEED_DATA:
            yield event


def ask_all(
    url: str,
    data: bytes,
    *,
    wait_s: float = 1.0,
    attempts: int = 2,
    broadcast: bool = False,
    ttl: int = 1,
    interface: str = "",
) -> Found:
    """Ask everybody who hears it; pairs of address and response (or RequestFailed), in the order they came.

    Args:
        url: udp://HOST:PORT of a broadcast address, a multicast group, or one server.
        data: the request.
        wait_s: seconds to wait, all of them.
        attempts: how often it is sent in that time; who answered is not listened to again.
        broadcast: sending to a broadcast address is meant.
        ttl: hops that a request to a group may take; 1: it stays in this network.
        interface: the interface by which a group is reached; by default the system chooses.

    Raises:
        ConfigError: an argument cannot be used.
        PermissionError: it is a broadcast address, and `broadcast` is False.
        OSError: there is no way there, or no such interface.
    """
    asking = _Inquiring(url, data, wait_s, attempts, broadcast, ttl, interface)
    found: Found = []
    with asking.socket as sock:
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        while time.monotonic() < asking.end:
            poller.poll(asking.left_s() * 1000)
            found += asking.receive()
    return found


async def ask_all_async(
    url: str,
    data: bytes,
    *,
    wait_s: float = 1.0,
    attempts: int = 2,
    broadcast: bool = False,
    ttl: int = 1,
    interface: str = "",
) -> Found:
    """The same for asyncio."""
    asking = _Inquiring(url, data, wait_s, attempts, broadcast, ttl, interface)
    found: Found = []
    loop = asyncio.get_running_loop()
    with asking.socket as sock:
        loop.add_reader(sock, lambda: found.extend(asking.receive()))
        try:
            while time.monotonic() < asking.end:
                await asyncio.sleep(asking.left_s())
        finally:
            loop.remove_reader(sock)
        found += asking.receive()
    return found
