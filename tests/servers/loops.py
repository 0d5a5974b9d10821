"""An application served on a loop of this process, so that a test sees what the application saw."""

import socket
import threading
from contextlib import contextmanager

import pytest

from fastnet.servers.asynchronous import Service
from fastnet.servers.board import Board
from fastnet.servers.config import Config

# The last is for where the native driver is not built.
LOOPS = ("asyncio", "uvloop", "transports")


class Serving:
    """A running server: where it listens, and a client without opinions."""

    def __init__(self, service, thread, address, family):
        self.service = service
        self.thread = thread
        self.address = address
        self.family = family

    def connect(self):
        sock = socket.socket(self.family)
        sock.settimeout(10)
        sock.connect(self.address)
        return sock

    def talk(self, *parts):
        """Send the parts on one connection, then read to its end: the last request should ask for a close."""
        with self.connect() as sock:
            for part in parts:
                sock.sendall(part)
            return read_all(sock)

    def get(self, target="/", *fields, method="GET"):
        """Head and body of the answer to one request."""
        lines = [f"{method} {target} HTTP/1.1", "Host: test", "Connection: close", *fields, "", ""]
        head, _, body = self.talk("\r\n".join(lines).encode("latin-1")).partition(b"\r\n\r\n")
        return head, body

    def stop(self):
        self.service.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


def read_all(sock):
    parts = []
    while part := sock.recv(65536):
        parts.append(part)
    return b"".join(parts)


def read_until(sock, end):
    data = b""
    while not data.endswith(end):
        part = sock.recv(65536)
        assert part, f"the connection ended after {data!r}"
        data += part
    return data


@contextmanager
def serving(app, loop, *, unix=None, address="127.0.0.1", interface="asgi", **options):
    """Serve `app` for the time of the block; it must end well."""
    kind = "auto" if loop == "transports" else loop
    config = Config(target=app, model="async", loop=kind, request_timeout=0, **{"drain_timeout": 5.0, **options})
    listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    listener.bind(str(unix) if unix else (address, 0))
    listener.listen(128)
    listener.setblocking(False)
    failures = []
    service = Service(config, app, [listener], Board(1, config.slots), 0, 0, interface)

    def run():
        try:
            service.run()
        except BaseException as error:
            failures.append(error)
            if not service.started.done():
                service.started.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    try:
        with pytest.MonkeyPatch.context() as patch:
            if loop == "transports":
                patch.setenv("FASTNET_TRANSPORTS", "1")
            thread.start()
            service.started.result(20)
        yield Serving(service, thread, listener.getsockname(), listener.family)
    finally:
        service.stop()
        thread.join(20)
        listener.close()
    assert not thread.is_alive()
    assert not failures, failures
