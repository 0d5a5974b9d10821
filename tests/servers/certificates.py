"""Certificates for tests: an authority of our own, a server's, and clients' that are right or wrong in one way each."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme

EXPIRED = datetime.datetime(2001, 1, 1)


class Certificates:
    """Files in `folder`, made once for a module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = self._write("ca.pem", self.authority.cert_pem)
        server = self.authority.issue_cert("localhost", "127.0.0.1")
        self.cert = self._write("server.pem", *server.cert_chain_pems)
        self.key = self._write("server.key", server.private_key_pem)

    def _write(self, name: str, *blobs: trustme.Blob) -> str:
        path = self.folder / name
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return str(path)

    def issue(self, *names: str, until: datetime.datetime | None = None, stem: str = "") -> tuple[str, str]:
        """Files of another certificate of a server, and its key."""
        issued = self.authority.issue_cert(*names, not_after=until)
        stem = stem or names[0]
        return (
            self._write(f"{stem}.pem", *issued.cert_chain_pems),
            self._write(f"{stem}.key", issued.private_key_pem),
        )

    @property
    def options(self) -> tuple[str, ...]:
        """Of a server."""
        return ("--tls-cert", self.cert, "--tls-key", self.key)

    def server(self) -> ssl.SSLContext:
        """A context of a server that somebody else sets up."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client(self, *names: str, expired: bool = False, trusted: bool = True) -> ssl.SSLContext:
        """A client's context; with a certificate if names are given."""
        context = ssl.create_default_context(cafile=self.ca)
        if names:
            authority = self.authority if trusted else trustme.CA()
            until = EXPIRED if expired else None
            authority.issue_cert(*names, not_after=until).configure_cert(context)
        return context
