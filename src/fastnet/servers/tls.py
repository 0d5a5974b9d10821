"""TLS as servers and clients set it up: contexts from options, and the facts of a connection.

The contexts are made once, before the workers are forked, so that all of them can resume each other's sessions. See
tls_certificates for how a client gets the certificate that it asks for, and how renewed ones come into use.
"""

from __future__ import annotations

import functools
import os
import ssl
import tempfile
from dataclasses import dataclass
from typing import Any

from fastnet.errors import ConfigError, StartupError
from fastnet.protocols.base import TLSFacts
from fastnet.servers.config import Config
from fastnet.servers.log import LOGGER
from fastnet.servers.tls_certificates import Certificate, Certificates
from fastnet.servers.tls_reasons import text_of

# What HTTP applications offer by ALPN, best first, unless --tls-alpn says otherwise.
HTTP_ALPN = ("http/1.1",)
HTTP2_ALPN = ("h2", *HTTP_ALPN)
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# Of TLS 1.2: forward secrecy and authenticated encryption only. Those of 1.3 are all right.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True)
class _Settings:
    """The options of a Config that the contexts are made from."""

    certificates: tuple[tuple[str, str], ...]
    self_signed: tuple[str, ...]  # names; none: it is not asked for
    password_file: str
    password_env: str
    client_ca: str
    client_cert: str
    min_version: str
    ciphers: str
    alpn: tuple[str, ...]


def listener_contexts(config: Config) -> list[ssl.SSLContext | None]:
    """For each listener of a Config its context; None where connections are not encrypted. Raises StartupError."""
    return [server_context(config) if address.scheme == "tls" else None for address in config.addresses()]


def upgrade_context(config: Config) -> ssl.SSLContext | None:
    """The context of connections that are not encrypted from the first byte; None: there is no certificate for them."""
    return server_context(config) if config.has_certificate else None


def server_context(config: Config) -> ssl.SSLContext:
    """The context of a server: one for all listeners, threads and workers. Raises StartupError."""
    return _certificates(_settings_of(config)).front


def offer_protocols(config: Config, interface: str) -> None:
    """Offer by ALPN what the application speaks, if no option says what to offer."""
    if not config.tls_alpn and interface in ("wsgi", "asgi"):
        _certificates(_settings_of(config)).offer(HTTP2_ALPN if config.http2 else HTTP_ALPN)


def _settings_of(config: Config) -> _Settings:
    names: tuple[str, ...] = ()
    if config.tls_self_signed:
        hosts = [address.host for address in config.addresses() if address.host not in ("", "0.0.0.0", "::")]
        names = tuple(dict.fromkeys(["localhost", "127.0.0.1", "::1", *hosts]))
    return _Settings(
        certificates=tuple(zip(config.tls_cert, config.tls_key or config.tls_cert, strict=True)),
        self_signed=names,
        password_file=config.tls_key_password_file,
        password_env=config.tls_key_password_env,
        client_ca=config.tls_client_ca,
        client_cert=config.tls_client_cert,
        min_version=config.tls_min_version,
        ciphers=config.tls_ciphers,
        alpn=tuple(name.strip() for name in config.tls_alpn.split(",") if name.strip()),
    )


@functools.lru_cache(maxsize=4)
def _certificates(settings: _Settings) -> Certificates:
    make = functools.partial(_make_context, settings)
    if settings.self_signed:
        from fastnet.servers.tls_self_signed import make_self_signed

        LOGGER.warning("a self-signed certificate is used, which no client trusts: for development only")
        with tempfile.TemporaryDirectory(prefix="fastnet-tls-") as folder:
            return Certificates(make(*make_self_signed(folder, list(settings.self_signed))), [])
    own = [Certificate(cert, key, settings.client_ca, make) for cert, key in settings.certificates]
    return Certificates(own[0].context, own)


def _make_context(settings: _Settings, cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.min_version]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.set_ciphers(settings.ciphers or _CIPHERS)
    except ssl.SSLError:
        raise StartupError(f"--tls-ciphers: OpenSSL knows no cipher of {settings.ciphers!r}") from None
    password = _Password(settings)
    try:
        context.load_cert_chain(cert, key, password=password)
    except (OSError, ValueError) as error:
        named = cert if key == cert else f"{cert} with the key {key}"
        wrong = password.given and isinstance(error, ssl.SSLError) and error.reason != "KEY_VALUES_MISMATCH"
        why = "the password of the key is wrong" if wrong else text_of(error)
        raise StartupError(f"cannot use the certificate {named}: {why}") from None
    with open(cert, encoding="ascii", errors="replace") as file:
        context.own_certificate = _first_certificate(file.read())  # type: ignore[attr-defined]  # read by facts_of()
    if settings.client_ca:
        try:
            context.load_verify_locations(settings.client_ca)
        except OSError as error:
            raise StartupError(f"cannot use the authorities of {settings.client_ca}: {text_of(error)}") from None
        context.verify_mode = ssl.CERT_OPTIONAL if settings.client_cert == "optional" else ssl.CERT_REQUIRED
    if settings.alpn:
        context.set_alpn_protocols(list(settings.alpn))
    return context


def _first_certificate(pem: str) -> str:
    start = pem.find(ssl.PEM_HEADER)
    return pem[start : pem.index(ssl.PEM_FOOTER, start) + len(ssl.PEM_FOOTER)] + "\n"


class _Password:
    """What OpenSSL calls for the password of a key, if that is encrypted. Raises OSError, ValueError."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings
        self.given = False

    def __call__(self) -> str:
        variable, path = self._settings.password_env, self._settings.password_file
        if variable and variable not in os.environ:
            raise ValueError(f"the key is encrypted, and {variable} is not in the environment")
        if not variable and not path:
            raise ValueError("the key is encrypted; see --tls-key-password-file and --tls-key-password-env")
        self.given = True
        if variable:
            return os.environ[variable]
        with open(path, encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")


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
        raise ConfigError("ca_file", ca_file, f"a file of certificates ({text_of(error)})") from None
    context.minimum_version = _VERSIONS[min_version]
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except OSError as error:
            raise ConfigError("cert_file", cert_file, f"a certificate with its key ({text_of(error)})") from None
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
        peer_chain=_chain_of(session) if certificate else (),
        own_certificate=getattr(session.context, "own_certificate", None),
    )


def _chain_of(session: ssl.SSLObject | ssl.SSLSocket) -> tuple[bytes, ...]:
    """What the peer showed, and was verified, in DER; before Python 3.13 no more of it than its own certificate."""
    show = getattr(session, "get_unverified_chain", list)
    chain: list[bytes] = show()
    leaf = session.getpeercert(binary_form=True)
    return tuple(chain) if chain else (leaf,) if leaf else ()
