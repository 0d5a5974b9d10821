"""The certificates of a server: which one a client gets, and renewed ones without a restart.

Handshakes begin on one context, the front, made before the workers are forked: its ticket keys are those of all workers
for as long as the server lives, so that sessions are resumed by any of them, over renewals too. When the client has
said whom it asks for, the handshake is moved to the context of that certificate. A renewed file only makes another one
of these; handshakes in progress and live connections keep theirs.

Files are looked at in a handshake, if the last look was LOOK_EVERY_S ago: an idle server does nothing. A file that
cannot be used leaves the old certificate in its place. That is logged when a second look finds it unchanged, since a
certificate and its key are mostly written one after the other.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from fastnet.errors import StartupError
from fastnet.servers.log import LOGGER

LOOK_EVERY_S = 1.0
_DIGEST_BYTES = 16

Stamp = tuple[Any, ...]


class Certificate:
    """A certificate with its key, in PEM files, and the context that shows it. Raises StartupError."""

    def __init__(self, cert: str, key: str, ca: str, make_context: Callable[[str, str], ssl.SSLContext]) -> None:
        self.cert, self._key, self._ca = cert, key, ca
        self._make_context = make_context
        self._stamp = self._failed = self._reported = self._look()
        self._load()
        if self.expires < time.time():
            LOGGER.warning("the certificate %s has expired (%s)", cert, self.until)

    def _load(self) -> None:
        self.context = self._make_context(self.cert, self._key or self.cert)
        facts = facts_of_file(self.cert)
        alternatives = [value for kind, value in facts.get("subjectAltName", ()) if kind == "DNS"]
        subject = [value for part in facts.get("subject", ()) for kind, value in part if kind == "commonName"]
        self.names = [name.lower() for name in alternatives or subject]
        self.until = str(facts.get("notAfter", ""))
        self.expires = ssl.cert_time_to_seconds(self.until) if self.until else 0.0

    def _look(self) -> Stamp:
        return tuple(_stamp_of(path) for path in (self.cert, self._key, self._ca) if path)

    def refresh(self, tell: Callable[[Stamp], bool]) -> bool:
        """Load the files if they have changed. True: there is another context. tell: whether to log of that stamp."""
        stamp = self._look()
        if stamp in (self._stamp, self._reported):
            return False
        try:
            self._load()
        except StartupError as error:
            if stamp == self._failed:
                self._reported = stamp
                if tell(stamp):
                    LOGGER.error("%s; the one from before goes on being used", error)
            self._failed = stamp
            return False
        self._stamp = self._failed = self._reported = stamp
        if tell(stamp):
            LOGGER.info("the certificate %s was renewed, and is valid until %s", self.cert, self.until)
        return True


class Certificates:
    """All of a server's, the first for whom no other fits. `front`, the context to serve with, is its context."""

    def __init__(self, front: ssl.SSLContext, certificates: list[Certificate]) -> None:
        self.front = front
        self._certificates = certificates
        self._contexts = self._by_name()
        self._default = certificates[0].context if certificates else front
        self._offered: tuple[str, ...] = ()
        self._next_look = 0.0
        self._lock = threading.Lock()
        # Shared by the workers, so that one of them tells the log.
        self._told = mmap.mmap(-1, _DIGEST_BYTES)
        front.sni_callback = self._choose

    def offer(self, protocols: tuple[str, ...]) -> None:
        """Offer these by ALPN. Before the first handshake."""
        self._offered = protocols
        for context in [self.front, *(certificate.context for certificate in self._certificates)]:
            context.set_alpn_protocols(list(protocols))

    def _by_name(self) -> dict[str, ssl.SSLContext]:
        named: dict[str, ssl.SSLContext] = {}
        for certificate in self._certificates:
            for name in certificate.names:
                named.setdefault(name, certificate.context)
        return named

    def _choose(self, session: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        session.requested_name = name  # type: ignore[union-attr]  # read by facts_of()
        if self._certificates:
            if time.monotonic() >= self._next_look:
                self.refresh()
            context = self.context_for(name)
            if context is not self.front:
                session.context = context

    def context_for(self, name: str | None) -> ssl.SSLContext:
        """That of the certificate for this name: exactly, else with * for its first label, else the default."""
        if name is None:
            return self._default
        name = name.lower()
        return self._contexts.get(name) or self._contexts.get("*." + name.partition(".")[2]) or self._default

    def refresh(self) -> None:
        """Look at the files now. Never raises; what is wrong is logged. From any thread."""
        if not self._lock.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            renewed = [each for each in self._certificates if each.refresh(self._tell)]
            if renewed:
                for certificate in renewed:
                    if self._offered:
                        certificate.context.set_alpn_protocols(list(self._offered))
                # One assignment each: other threads are in handshakes.
                self._contexts = self._by_name()
                self._default = self._certificates[0].context
        except Exception:
            LOGGER.exception("the certificates could not be looked at")
        finally:
            self._lock.release()

    def _tell(self, stamp: Stamp) -> bool:
        digest = hashlib.blake2b(repr(stamp).encode(), digest_size=_DIGEST_BYTES).digest()
        told = self._told[:] == digest
        self._told[:] = digest
        return not told


def facts_of_file(path: str) -> dict[str, Any]:
    """What the first certificate of a PEM file says, as ssl's getpeercert() has it. Raises OSError."""
    # The only way into a file that the standard library has; it is as old as getpeercert().
    facts: dict[str, Any] = ssl._ssl._test_decode_cert(path)  # type: ignore[attr-defined]
    return facts


def _stamp_of(path: str) -> Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
