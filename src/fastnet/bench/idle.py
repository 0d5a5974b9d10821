"""Connections that do nothing: opened, kept, looked at."""

from __future__ import annotations

import re
import select
import socket
import time

from fastnet.bench.processes import ServerFailed

BATCH = 250  # connections opened at once: below every server's backlog
ANSWER_TIMEOUT_S = 20.0


def open_idle(port: int, count: int, path: str = "/", timeout_s: float = ANSWER_TIMEOUT_S) -> list[socket.socket]:
    """Connections that have asked once, as a browser's have, and then are silent. The caller closes them.

    ServerFailed if one is not answered, or not kept, or if all of that takes longer than `timeout_s`.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    socks: list[socket.socket] = []
    deadline = time.monotonic() + timeout_s
    try:
        while len(socks) < count:
            batch = []
            for _ in range(min(BATCH, count - len(socks))):
                batch.append(socket.create_connection(("127.0.0.1", port), timeout=timeout_s))
                socks.append(batch[-1])
            for sock in batch:
                sock.sendall(request)
            for at, sock in enumerate(batch, len(socks) - len(batch) + 1):
                sock.settimeout(max(deadline - time.monotonic(), 0.001))
                answer = sock.recv(65536)
                if not answer.startswith(b"HTTP/1.1 "):
                    raise ServerFailed(f"connection {at} was not answered")
                if re.search(rb"\r\nconnection: *close", answer, re.I):
                    raise ServerFailed(f"it closed connection {at} once it had answered")
    except BaseException as error:
        for sock in socks:
            sock.close()
        if isinstance(error, OSError):
            raise ServerFailed(f"connection {len(socks)} of {count}: {error}") from None
        raise
    return socks


def dropped(socks: list[socket.socket]) -> int:
    """How many of these the server has closed."""
    poller = select.poll()
    for sock in socks:
        poller.register(sock, select.POLLRDHUP)
    return len(poller.poll(0))
