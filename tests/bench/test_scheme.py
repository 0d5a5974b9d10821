"""Servers of one scheme, of the other, and of none."""

from __future__ import annotations

import socket
import ssl

import trustme

from fastnet.bench.scheme import scheme_hint
from tests.bench.servers import serving
from tests.ports import nobody


def test_each_scheme_is_told_and_nothing_else() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with serving() as plain, serving(context=context) as secret, serving(lambda n: [b"SSH-2.0-x\r\n", None]) as other:
        for server, http, https in (
            (plain, "", "the server speaks plain HTTP there: say http://"),
            (secret, "the server speaks TLS there: say https://", ""),
            (other, "", ""),
        ):
            address = ("127.0.0.1", int(server.url.split(":")[2].strip("/")))
            assert scheme_hint("http", socket.AF_INET, address) == http
            assert scheme_hint("https", socket.AF_INET, address) == https
    with nobody() as port:
        assert scheme_hint("http", socket.AF_INET, ("127.0.0.1", port)) == ""
