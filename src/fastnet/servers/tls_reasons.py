"""Why TLS failed, in words for a person: OpenSSL's reasons are names of its source code."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

_ANY = {
    "NO_SHARED_CIPHER": "the two sides have no cipher in common",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is refused",
    "UNEXPECTED_EOF_WHILE_READING": "the connection was cut without a word",
}
_OF_CLIENTS = _ANY | {
    "HTTP_REQUEST": "the client speaks plain HTTP; it should use https://",
    "HTTPS_PROXY_REQUEST": "the client takes this for an HTTP proxy",
    "WRONG_VERSION_NUMBER": "the client does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "the client's version of TLS is too old",
    "VERSION_TOO_LOW": "the client's version of TLS is too old",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client has no certificate, which --tls-client-ca demands",
    "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust the authority of the server's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the client does not accept the server's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client says that the server's certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not accept the server's certificate",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the client does not speak this version of TLS",
}
_OF_SERVERS = _ANY | {
    "HTTP_REQUEST": "the server does not speak TLS",
    "WRONG_VERSION_NUMBER": "the server does not speak TLS there",
    "UNSUPPORTED_PROTOCOL": "the server's version of TLS is too old",
    "VERSION_TOO_LOW": "the server's version of TLS is too old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server wants another version of TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server refuses: no cipher in common, or it wants a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate: give cert_file to client_context()",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not trust the authority of this client's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the server does not accept this client's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the server says that this client's certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the server says that this client's certificate is revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the server does not accept this client's certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the server does not accept this kind of client certificate",
}
# Of X509_verify_cert(): X509_V_ERR_*.
_VERIFY_SELF_SIGNED = (18, 19)
_VERIFY_UNKNOWN_ISSUER = (2, 20, 21)


def reason_of(error: OSError | None) -> str:
    """Why TLS with a client failed, for the server's log; None: the peer was gone."""
    if error is None:
        return "the client left in the middle of the handshake"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the client's certificate is refused: {error.verify_message or error.reason}"
    return text_of(error, _OF_CLIENTS)


def explain(error: ssl.SSLError, server_name: str) -> None:
    """Make the text of an error that a client met say what is wrong with the server, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or "it does not fit"
        if error.verify_code in _VERIFY_SELF_SIGNED:
            why = "it is self-signed, or its authority is not among those trusted here (see ca_file)"
        elif error.verify_code in _VERIFY_UNKNOWN_ISSUER:
            why = "its authority is not among those trusted here (see ca_file)"
        error.strerror = f"the certificate of {server_name} is refused: {why.rstrip('.')}"
    else:
        error.strerror = f"TLS with {server_name} failed: {text_of(error, _OF_SERVERS)}"


@contextlib.contextmanager
def explained(server_name: str) -> Iterator[None]:
    """What a client does with a server: ssl.SSLError says what is wrong."""
    try:
        yield
    except ssl.SSLError as error:
        explain(error, server_name)
        raise


def text_of(error: OSError | ValueError, words: dict[str, str] = _ANY) -> str:
    """The reason of an error, in those words or, where they have none, in OpenSSL's own."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        return words.get(reason, (reason or str(error)).lower().replace("_", " "))
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
