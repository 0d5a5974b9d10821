"""What a service manager is told, and what it hands over: sd_notify(3) and sd_listen_fds(3), without its library.

Outside of systemd, and of others that speak the same (NOTIFY_SOCKET, LISTEN_FDS are not set), nothing happens.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Mapping

from fastnet.servers.log import LOGGER

_FIRST_FD = 3


def inherited_sockets(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A --bind for each listening socket that was handed to this very process."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return []
    return [f"fd://{fd}" for fd in range(_FIRST_FD, _FIRST_FD + int(count))]


class Notifier:
    """Tells the service manager how the server is. Never raises: the server matters more than who watches it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_s = math.inf
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = environment.get("WATCHDOG_USEC", "")
        if self._address and watched and period.isascii() and period.isdigit() and int(period):
            # Twice in the time after which a process that is silent is killed.
            self._every_s = int(period) / 2e6
        self._due = 0.0

    def ready(self) -> None:
        """The server serves, for the first time or after a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload has begun; ready() tells when it is over."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The server is about to end."""
        self._send("STOPPING=1")

    def due(self) -> float:
        """When beat() is to be called, in monotonic seconds; never: inf."""
        return self._due if self._every_s < math.inf else math.inf

    def beat(self) -> None:
        """A sign of life, if it is due."""
        now = time.monotonic()
        if self._every_s < math.inf and now >= self._due:
            self._due = now + self._every_s
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # @: the abstract namespace
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            LOGGER.debug("the service manager cannot be told: %s", error.strerror)
