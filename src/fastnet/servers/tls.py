"""TLS as servers and clients set it up: contexts from options, facts of a connection, and reasons that people read.

The contexts are made once, before the workers are forked, so that all of them can resume each other's sessions.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

from fastnet.errors import ConfigError, StartupError
from fastnet.protocols.base import TLSFacts
from fastnet.servers.config import Config

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# OpenSSL's reasons, in words that say what to do.
_REASONS = {
    "HTTP_REQUEST": "the client speaks plain HTTP; it should use https://",
    "WRONG_VERSION_NUMBER": "the client does not speak TLS",
    "NO_SHARED_CIPHER": "the two sides have no cipher in common",
    "UNSUPPORTED_PROTOCOL": "the client's version of TLS is too old",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client has no certificate, which --tls-ca demands",
    "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust the authority of the server's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the client does not accept the server's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client says that the server's certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not accept the server's certificate",
}


def listener_contexts(config: Config) -> list[ssl.SSLContext | None]:
    """For each listener of a Config its context; None where connections are not encrypted. Raises StartupError."""
    return [server_context(config) if address.scheme == "tls" else None for address in config.addresses()]


def server_context(config: Config) -> ssl.SSLContext:
    """The context of a server: one for all listeners, threads and workers. Raises StartupError."""
    return _server_context(config.tls_cert, config.tls_key, config.tls_ca, config.tls_min_version, config.tls_alpn)


@functools.lru_cache(maxsize=4)
def _server_context(cert: str, key: str, ca: str, min_version: str, alpn: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[min_version]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(cert, key or None, password=_no_password)
    except (OSError, ValueError) as error:
        raise StartupError(f"cannot use the certificate {cert} with the key {key or cert}: {_text(error)}") from None
    if ca:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            raise StartupError(f"cannot use the authorities of {ca}: {_text(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    if alpn:
        context.set_alpn_protocols([name.strip() for name in alpn.split(",")])
    context.sni_callback = _note_name
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; a server needs it as it is")


def _note_name(session: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> None:
    session.requested_name = name  # type: ignore[union-attr]  # read by facts_of()


def client_context(
    *,
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    verify: bool = True,
    alpn: tuple[str, ...] = (),
    min_version: str = "1.2",
) -> ssl.SSLContext:
    """The context of a client, which verifies the server's certificate and name unless told not to.

    Raises ConfigError when a file cannot be used.
    """
    if min_version not in _VERSIONS:
        raise ConfigError("min_version", min_version, "one of " + ", ".join(_VERSIONS))
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigError("ca_file", ca_file, f"a file of certificates ({_text(error)})") from None
    context.minimum_version = _VERSIONS[min_version]
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except OSError as error:
            raise ConfigError("cert_file", cert_file, f"a certificate with its key ({_text(error)})") from None
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def facts_of(session: ssl.SSLObject | ssl.SSLSocket) -> TLSFacts:
    """What was agreed on in the handshake of `session`."""
    cipher = session.cipher()
    certificate: dict[str, Any] | None = session.getpeercert() or None
    return TLSFacts(
        version=session.version() or "",
        cipher=cipher[0] if cipher else "",
        alpn=session.selected_alpn_protocol(),
        server_name=getattr(session, "requested_name", None) or session.server_hostname,
        peer_certificate=certificate,
        resumed=bool(session.session_reused),
    )


def reason_of(error: OSError | None) -> str:
    """Why TLS failed, in a line for a person; None: the peer was gone."""
    if error is None:
        return "the client left in the middle of the handshake"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client's certificate is refused: {error.verify_message or error.reason}"
    if isinstance(error, ssl.SSLError):
        return _REASONS.get(error.reason or "", (error.reason or str(error)).lower().replace("_", " "))
    return error.strerror or str(error)


def _text(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
