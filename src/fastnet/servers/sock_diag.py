"""What the kernel knows of this machine's TCP sockets, by sock_diag(7): those in one state, so it is quick. Linux."""

from __future__ import annotations

import socket
import struct
import sys

SYN_RECV = 3
LISTEN = 10
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, pid
# Of the answer's inet_diag_msg: the local port stands behind four bytes, the length of the queue behind all addresses.
_PORT_AT = _HEADER.size + 4
_QUEUE_AT = _HEADER.size + 4 + 48 + 4


def tcp_sockets(family: int, state: int) -> list[tuple[int, int]]:
    """(local port, bytes or connections in its receive queue) of each socket. Raises OSError if it is not told."""
    found: list[tuple[int, int]] = []
    request = struct.pack("=BBxxI48x", family, socket.IPPROTO_TCP, 1 << state)
    length = _HEADER.size + len(request)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, 0, 0) + request)
        while True:
            data, at = kernel.recv(1 << 16), 0
            while at < len(data):
                length, kind = _HEADER.unpack_from(data, at)[:2]
                if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                    return found
                port = int.from_bytes(data[at + _PORT_AT : at + _PORT_AT + 2], "big")
                found.append((port, int.from_bytes(data[at + _QUEUE_AT : at + _QUEUE_AT + 4], sys.byteorder)))
                at += length + 3 & ~3


def waiting(ports: set[int]) -> dict[int, int]:
    """By port, of `ports`: connections that the kernel has let in and nobody has accepted, over all sockets there.

    Empty where the kernel does not tell: on other systems, in some sandboxes.
    """
    found: dict[int, int] = {}
    if sys.platform != "linux" or not ports:
        return found
    try:
        for family in (socket.AF_INET, socket.AF_INET6):
            for port, queue in tcp_sockets(family, LISTEN):
                if port in ports:
                    found[port] = found.get(port, 0) + queue
    except OSError:
        return {}
    return found
