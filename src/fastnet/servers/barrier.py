"""How a listening socket stops letting people in without turning away anybody who is in.

A socket that is closed resets whoever stands in its backlog, and between the last accept() and the close there is
always time for one more to come. So a filter in the kernel first drops what asks for a new connection; then the backlog
can be accepted to the last. The filter lets everything else pass, for a client whose handshake has begun believes to be
connected before the listener knows of it, and what an accepted connection inherits must not hurt it. A Unix socket has
no handshake: shut down for reading, it refuses whoever comes, and gives out who is in its backlog as before.

Linux only; elsewhere, and where the kernel does not allow it, a connection that comes in the last moment is reset.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Sequence

from fastnet.servers.sock_diag import SYN_RECV, tcp_sockets

# <linux/filter.h>: the option, and a program that looks at the TCP header.
_SO_ATTACH_FILTER = 26
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x45, 0, 1, 0x02),  # SYN set: go on, else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # let through, whole
)
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
    import ctypes  # not before: workers that never drain need no memory for it

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
    return {(family, port) for family in families for port, _ in tcp_sockets(family, SYN_RECV)}
