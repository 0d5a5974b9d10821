"""Whether a server that answered nothing rightly speaks the other scheme: http where https was said, or the reverse."""

from __future__ import annotations

import socket
import ssl
from typing import Any

PROBE_S = 2.0


def scheme_hint(scheme: str, family: Any, address: Any) -> str:
    """What to do about it; "" when that is not what is wrong, or cannot be told."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(PROBE_S)
            probe.connect(address)
            if scheme == "http" and _speaks_tls(probe):
                return "the server speaks TLS there: say https://"
            if scheme == "https" and _speaks_http(probe):
                return "the server speaks plain HTTP there: say http://"
    except OSError:
        pass
    return ""


def _speaks_tls(probe: socket.socket) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.wrap_socket(probe).close()
    except ssl.SSLError as error:
        # It refused this client in words of TLS, as for want of a certificate or of a server name.
        return "ALERT" in str(error.reason)
    return True


def _speaks_http(probe: socket.socket) -> bool:
    probe.sendall(b"GET / HTTP/1.0\r\n\r\n")
    return probe.recv(5).startswith(b"HTTP/")
