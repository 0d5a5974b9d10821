"""The facts of a TLS connection in the words of each interface: WSGI's environ, ASGI's scope.

The environ has the names that Apache's mod_ssl made known. The scope has the ASGI specification's TLS extension (0.2).
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

from fastnet.protocols.base import TLSFacts

# RFC 4514, section 3, and what else is common, as OpenSSL's long names.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "emailAddress": "emailAddress",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
    "streetAddress": "STREET",
    "userId": "UID",
}
_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def environ_of(facts: TLSFacts) -> dict[str, str]:
    """What a WSGI environ has of a connection with TLS, beside or instead of what others have."""
    environ = {
        "wsgi.url_scheme": "https",
        "REQUEST_SCHEME": "https",
        "HTTPS": "on",
        "SSL_PROTOCOL": facts.version,
        "SSL_CIPHER": facts.cipher,
        "SSL_SESSION_RESUMED": "Resumed" if facts.resumed else "Initial",
        "SSL_CLIENT_VERIFY": "NONE",
    }
    if facts.server_name:
        environ["SSL_TLS_SNI"] = facts.server_name
    certificate = facts.peer_certificate
    if certificate:
        environ |= {
            "SSL_CLIENT_VERIFY": "SUCCESS",
            "SSL_CLIENT_S_DN": distinguished_name(certificate.get("subject", ())),
            "SSL_CLIENT_S_DN_CN": _common_name(certificate.get("subject", ())),
            "SSL_CLIENT_I_DN": distinguished_name(certificate.get("issuer", ())),
            "SSL_CLIENT_I_DN_CN": _common_name(certificate.get("issuer", ())),
            "SSL_CLIENT_M_VERSION": str(certificate.get("version", "")),
            "SSL_CLIENT_M_SERIAL": str(certificate.get("serialNumber", "")),
            "SSL_CLIENT_V_START": str(certificate.get("notBefore", "")),
            "SSL_CLIENT_V_END": str(certificate.get("notAfter", "")),
        }
        if facts.peer_chain:
            environ["SSL_CLIENT_CERT"] = ssl.DER_cert_to_PEM_cert(facts.peer_chain[0])
    # PEP 3333: bytes, as far as they are no ASCII, in the guise of latin-1.
    return {name: value.encode().decode("latin-1") for name, value in environ.items()}


def extension_of(facts: TLSFacts) -> dict[str, Any]:
    """What stands in an ASGI scope under extensions, tls. A certificate that is wrong gets no as far as here."""
    certificate = facts.peer_certificate
    return {
        "server_cert": facts.own_certificate,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(each) for each in facts.peer_chain],
        "client_cert_name": distinguished_name(certificate.get("subject", ())) if certificate else None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(facts.version),
        "cipher_suite": _cipher_numbers().get(facts.cipher),
    }


def distinguished_name(parts: Any) -> str:
    """A name, as getpeercert() has it, as a string (RFC 4514): CN=Ann Example,O=Example."""
    return ",".join(
        "+".join(f"{_SHORT.get(kind, kind)}={_escaped(value)}" for kind, value in part) for part in reversed(parts)
    )


def _escaped(value: str) -> str:
    # RFC 4514, section 2.4. What the environ cannot hold, NUL among it, is hexadecimal.
    out = "".join(
        f"\\{each}" if each in ',+"\\<>;=' else each if each >= " " else f"\\{ord(each):02x}" for each in value
    )
    if out.startswith((" ", "#")):
        out = "\\" + out
    return out[:-1] + "\\ " if out.endswith(" ") and len(value) > 1 else out


def _common_name(parts: Any) -> str:
    return next((str(value) for part in parts for kind, value in part if kind == "commonName"), "")


@functools.lru_cache(maxsize=1)
def _cipher_numbers() -> dict[str, int]:
    """Of each cipher that OpenSSL has here, its number in IANA's registry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {cipher["name"]: int(cipher["id"]) & 0xFFFF for cipher in context.get_ciphers()}
