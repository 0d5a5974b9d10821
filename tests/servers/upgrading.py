"""A protocol of lines that goes on with TLS when it is asked to, as SMTP does: both of its sides, for tests."""

from __future__ import annotations

import fastnet
from fastnet.protocols import NEED_DATA, Wait


class Upgrading(fastnet.Protocol):
    """The server: STARTTLS is agreed to; any other line comes back with what is known of TLS before it."""

    def __init__(self) -> None:
        self.unread = b""

    def connection_made(self) -> None:
        self.write(b"hello%s\n" % (b", STARTTLS" if self.tls_available else b""))

    def tls_started(self) -> None:
        self.write(b"welcome to %s\n" % self.tls.version.encode())

    def receive_data(self, data: bytes) -> None:
        self.unread += data
        while b"\n" in self.unread:
            line, _, self.unread = self.unread.partition(b"\n")
            if line == b"STARTTLS":
                self.start_tls(self.unread)
                self.write(b"go ahead\n")
            else:
                self.write((b"plain" if self.tls is None else b"secret") + b" %d " % self.tls_available + line + b"\n")

    def fail(self, error: Exception) -> None:
        self.write(b"no: %s\n" % type(error).__name__.encode())

    def connection_lost(self, error: Exception | None) -> None:
        print(f"lost: {error}", flush=True)


class UpgradingClient(fastnet.Protocol):
    """The client: lines are events; when it hears that it may go ahead, it goes on with TLS."""

    def __init__(self) -> None:
        self.unread = b""
        self.started = 0

    def receive_data(self, data: bytes) -> None:
        self.unread += data
        if self.unread.startswith(b"go ahead\n"):
            self.unread = self.unread.removeprefix(b"go ahead\n")
            self.start_tls(self.unread)

    def tls_started(self) -> None:
        self.started += 1

    def next_event(self) -> bytes | Wait:
        if b"\n" not in self.unread:
            return NEED_DATA
        line, _, self.unread = self.unread.partition(b"\n")
        return line

    def send(self, event: bytes) -> None:
        self.write(event + b"\n")
