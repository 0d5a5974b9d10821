"""How a listening socket stops letting people in without turning away anybody who is in.

A socket that is closed resets whoever stands in its backlog, and between the last accept() and the close there is
always time for one more to come. So a filter in the kernel first drops what asks for a new connection; then the backlog
can be accepted to the last. The filter lets everything else pass, for a client whose handshake has begun believes to be
connected before the listener knows of it, and what an accepted connection inherits must not hurt it. A Unix socket has
no handshake: shut down for reading, it refuses whoever comes, and gives out who is in its backlog as before.

Linux only; elsewhere, and where the kernel does not allow it, a connection that comes in the last moment is reset.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Sequence

# <linux/filter.h>: the option, and a program that looks at the TCP header.
_SO_ATTACH_FILTER = 26
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x45, 0, 1, 0x02),  # SYN set: go on, else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # let through, whole
)
# <linux/inet_diag.h>: ask for the sockets in a state.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_SYN_RECV = 3
_NETLINK_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, pid
_PORT_AT = _NETLINK_HEADER.size + 4  # of the answer's inet_diag_msg: in it, the local port stands behind four bytes
# Handshakes that have begun are given this long: some round trips, and one packet sent again.
_HANDSHAKE_S = 1.0
_LOOK_EVERY_S = 0.005


def refuse(sockets: Sequence[socket.socket]) -> None:
    """Have listeners, in all processes that share them, let nobody in any more. Who is in the backlog stays there.

    Blocks until the handshakes that have begun are over, for a second at most. Whoever comes later gets no answer, asks
    again after a second, and then finds nobody here, or a successor; at a Unix socket he is refused at once.
    """
    if sys.platform != "linux":
        return
    for sock in sockets:
        if sock.family == socket.AF_UNIX:
            sock.shutdown(socket.SHUT_RD)
    sockets = [sock for sock in sockets if sock.family != socket.AF_UNIX]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in _DROP_SYN))
    option = struct.pack("@HP", len(_DROP_SYN), ctypes.addressof(program))
    try:
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)
        ports = {(sock.family, sock.getsockname()[1]) for sock in sockets}
        end = time.monotonic() + _HANDSHAKE_S
        while ports & _handshakes({family for family, _ in ports}) and time.monotonic() < end:
            time.sleep(_LOOK_EVERY_S)
    except OSError:
        pass  # not allowed here, as in some sandboxes


def _handshakes(families: set[int]) -> set[tuple[int, int]]:
    """(address family, local port) of those under way. Raises OSError if the kernel does not tell."""
    found = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        for family in families:
            request = struct.pack("=BBxxI48x", family, socket.IPPROTO_TCP, 1 << _SYN_RECV)
            length = _NETLINK_HEADER.size + len(request)
            kernel.send(_NETLINK_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, 0, 0) + request)
            kind = 0
            while kind not in (_NLMSG_DONE, _NLMSG_ERROR):
                data, at = kernel.recv(1 << 16), 0
                while at < len(data):
                    length, kind = _NETLINK_HEADER.unpack_from(data, at)[:2]
                    if kind == _SOCK_DIAG_BY_FAMILY:
                        found.add((family, int.from_bytes(data[at + _PORT_AT : at + _PORT_AT + 2], "big")))
                    at += length + 3 & ~3
    return found
