"""An authoritative DNS server as a Service: zone files, over UDP and TCP, under any model.

Zone files are looked at every second, by each worker. One that has changed is read in a thread beside the answering,
and takes the old one's place when it is whole; one that cannot be read leaves the old one there, and is logged.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable

from fastnet.apps.dns_hot import DnsDatagrams
from fastnet.apps.dns_responder import Cookies, RateLimit, Responder
from fastnet.apps.dns_zone import Zone, Zones
from fastnet.apps.service import Service, service
from fastnet.apps.session import Connection
from fastnet.codecs.framing_length import LengthPrefixed
from fastnet.errors import ConfigError, FastnetError

logger = logging.getLogger("fastnet")

# A connection that asks nothing for so long is closed (RFC 7766, section 6.2.3).
_IDLE_S = 10.0


class ZoneFiles(Responder):
    """A Responder for zones in files. `origins` may say what a file's own $ORIGIN does not: pairs of path and origin.

    Raises ConfigError: a file is no zone, or two are of the same.
    """

    def __init__(self, files: Iterable[tuple[str, str | None]], cookies: Cookies, limit: RateLimit) -> None:
        self._files = list(files)
        self._loaded = {path: (_stamp(path), Zone.from_file(path, origin)) for path, origin in self._files}
        self._reading = threading.Lock()
        super().__init__(self._zones(), cookies, limit)

    def look(self) -> None:
        """See whether a file has changed; it is then read, in a thread. Returns at once."""
        changed = [(path, origin) for path, origin in self._files if _stamp(path) != self._loaded[path][0]]
        if changed and self._reading.acquire(blocking=False):
            threading.Thread(target=self._read, args=(changed,), daemon=True).start()

    def _read(self, changed: list[tuple[str, str | None]]) -> None:
        try:
            for path, origin in changed:
                stamp, (_, zone) = _stamp(path), self._loaded[path]
                try:
                    zone = Zone.from_file(path, origin)
                    logger.info("zone %s: %d records are read again", path, len(zone))
                except FastnetError as error:
                    logger.error("zone %s stays as it was: %s", path, error)
                self._loaded[path] = (stamp, zone)
            self.zones = self._zones()
        except Exception:
            logger.exception("zones stay as they were")
        finally:
            self._reading.release()

    def _zones(self) -> Zones:
        zones = [zone for _, zone in self._loaded.values()]
        if len({zone.origin for zone in zones}) < len(self._files):
            raise ConfigError("zone", [path for path, _ in self._files], "one file for each zone")
        return Zones(zones)


def _stamp(path: str) -> tuple[int, ...]:
    """What changes with a file; a file that is just being replaced has none."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def dns_service(responder: Responder) -> Service:
    """The Service of a Responder: bind it to udp:// and tcp:// addresses."""

    def answer(message: bytes, connection: Connection) -> bytes | None:
        peer = connection.peer
        return responder.answer(message, peer[0] if peer else "", time.time(), udp=False)

    made: Service = service(
        answer,
        framing=LengthPrefixed(2, max_frame_bytes=65535),
        datagram=lambda: DnsDatagrams(responder),
        idle_timeout=_IDLE_S,
    )
    return made
