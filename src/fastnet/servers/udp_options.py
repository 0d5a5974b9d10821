"""Options of UDP sockets, of servers and clients: broadcast, multicast groups, the size of packets.

A group is joined by being bound to: udp://239.1.2.3:5000, udp://239.1.2.3%eth0:5000, udp://[ff15::1%eth0]:5000; what
stands behind the % is the interface, otherwise the system's choice.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from typing import NamedTuple

# <linux/in.h> and <linux/in6.h>; the socket module has no names for them.
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER = 10, 23
_IP_MTU, _IPV6_MTU = 14, 24
_NEVER_FRAGMENT = 2
# Of IP without options, and of UDP.
_HEADERS_BYTES = {socket.AF_INET: 20 + 8, socket.AF_INET6: 40 + 8}


class UdpOptions(NamedTuple):
    """broadcast: sending to a broadcast address is allowed; multicast_ttl: hops of what is sent to a group."""

    broadcast: bool = False
    multicast_ttl: int = 1

    def apply(self, sock: socket.socket, host: str = "") -> None:
        """Set them, and, where `host` is a group, send to groups by its interface. Raises OSError."""
        index = interface_index(host)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self.multicast_ttl)
            if index:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, int(self.broadcast))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self.multicast_ttl)
        if index:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _by_index("0.0.0.0", index))


def is_group(host: str) -> bool:
    """Whether it is a numeric multicast address, with or without %interface."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False


def interface_index(host: str) -> int:
    """Of the interface that stands behind the % of a group; 0 for none. Raises OSError when there is no such one."""
    name = host.partition("%")[2]
    if not name or not is_group(host):
        return 0
    try:
        return int(name) if name.isdigit() else socket.if_nametoindex(name)
    except OSError:
        raise OSError(errno.ENODEV, f"there is no interface {name}") from None


def join(sock: socket.socket, host: str) -> None:
    """Receive what is sent to a group. Raises OSError."""
    address, index = host.partition("%")[0], interface_index(host)
    if sock.family == socket.AF_INET6:
        member = socket.inet_pton(socket.AF_INET6, address) + struct.pack("@I", index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _by_index(address, index))


def _by_index(group: str, index: int) -> bytes:
    """A struct ip_mreqn."""
    return socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + struct.pack("@i", index)


def never_fragment(sock: socket.socket) -> None:
    """What is too large for the path is an error, EMSGSIZE, from now on, rather than sent in fragments."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _NEVER_FRAGMENT)
    elif sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _NEVER_FRAGMENT)


def packet_room_bytes(sock: socket.socket) -> int | None:
    """How much a datagram on a connected socket holds that goes in one packet, as far as the kernel knows the path.

    None where there are no packets, as between Unix sockets.
    """
    if sock.family not in _HEADERS_BYTES:
        return None
    six = sock.family == socket.AF_INET6
    mtu = sock.getsockopt(*((socket.IPPROTO_IPV6, _IPV6_MTU) if six else (socket.IPPROTO_IP, _IP_MTU)))
    return min(mtu, 65_535) - _HEADERS_BYTES[socket.AddressFamily(sock.family)]
