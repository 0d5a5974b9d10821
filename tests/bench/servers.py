"""Servers for the tests of the load generator: a plain one that counts, and answers what it is told, in any pieces."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Pieces = list[bytes | int | None]

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Server:
    """A thread a connection. `answer(n)` gives the pieces that answer request n; None in them closes, -1 resets."""

    def __init__(self, answer: Callable[[int], Pieces], family: int = socket.AF_INET) -> None:
        self.answer = answer
        self.requests = 0
        self.accepted = 0
        self.seen: list[bytes] = []
        self.lock = threading.Lock()
        self.context: ssl.SSLContext | None = None
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.live: list[socket.socket] = []

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            if peer.family != socket.AF_UNIX:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.accepted += 1
                self.live.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer: socket.socket) -> None:
        with suppress(OSError):
            if self.context:
                peer = self.context.wrap_socket(peer, server_side=True)
            self.talk(peer)
        peer.close()

    def talk(self, peer: socket.socket) -> None:
        data = b""
        while True:
            got = peer.recv(65536)
            if not got:
                return
            data += got
            while (end := data.find(b"\r\n\r\n")) >= 0:
                head = data[:end]
                size = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
                if len(data) < end + 4 + size:
                    break
                with self.lock:
                    n = self.requests
                    self.requests += 1
                    if n < 10_000:
                        self.seen.append(data[: end + 4 + size])
                data = data[end + 4 + size :]
                for piece in self.answer(n):
                    if piece is None:
                        # What the peer sent in vain is read: unread, it would make of the end a reset, which can
                        # overtake the answers.
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass
                        return
                    if piece == -1:
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    peer.sendall(piece)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://localhost:{self.listener.getsockname()[1]}/"

    def stop(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.live:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(
    answer: Callable[[int], Pieces] = lambda n: [HELLO],
    *,
    unix: str = "",
    context: ssl.SSLContext | None = None,
    backlog: int = 512,
) -> Iterator[Server]:
    server = Server(answer, socket.AF_UNIX if unix else socket.AF_INET)
    server.context = context
    server.listener.bind(unix or ("127.0.0.1", 0))
    server.listener.listen(backlog)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def byte_by_byte(data: bytes) -> Pieces:
    return [data[i : i + 1] for i in range(len(data))]


@contextmanager
def echoing(
    *, spoil: Callable[[bytes], bytes] = lambda data: data, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port of a TCP server that sends back what comes, through `spoil`; over TLS, with a `context`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def talk(peer: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(peer, server_side=True) if context else peer as end:
            while data := end.recv(65536):
                end.sendall(spoil(data))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def udp_echoing(spoil: Callable[[bytes], list[bytes]] = lambda data: [data]) -> Iterator[int]:
    """The port of a UDP server that answers each datagram with those of `spoil`."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.2)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                data, peer = server.recvfrom(70000)
                for answer in spoil(data):
                    server.sendto(answer, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


def pause(seconds: float) -> Pieces:
    time.sleep(seconds)
    return [HELLO]
