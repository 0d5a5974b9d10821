"""fastnet dns: an authoritative server of zone files, over UDP and TCP."""

from __future__ import annotations

import click

from fastnet.errors import ConfigError
from fastnet.servers.config import Config


@click.command()
@click.option(
    "--zone", "zones", multiple=True, required=True, metavar="FILE|ORIGIN=FILE", help="Zone file; may be repeated."
)
@click.option(
    "--bind", "binds", multiple=True, metavar="HOST:PORT", help="UDP and TCP; may be repeated. [127.0.0.1:53]"
)
@click.option("--model", default="prefork", metavar="prefork|threaded|async", help="As of fastnet serve. [prefork]")
@click.option("--workers", type=int, default=0, metavar="N", help="Worker processes; 0: as many as CPUs. [0]")
@click.option(
    "--rate-limit",
    type=float,
    default=0.0,
    metavar="N",
    help="Answers a second over UDP to a network about one thing; 0: any number. [0]",
)
@click.option(
    "--cookie-secret", default="", metavar="HEX", help="32 digits, for servers that share an address. [random]"
)
@click.option("--log-level", default="info", metavar="LEVEL", help="Least severe messages that are logged. [info]")
def dns(
    zones: tuple[str, ...],
    binds: tuple[str, ...],
    model: str,
    workers: int,
    rate_limit: float,
    cookie_secret: str,
    log_level: str,
) -> int:
    """Answer for the zones in zone files, until SIGTERM or SIGINT. A file that changes is read again."""
    from fastnet.apps.dns_responder import Cookies, RateLimit
    from fastnet.apps.dns_server import ZoneFiles, dns_service
    from fastnet.servers.supervisor import Supervisor

    places = binds or ("127.0.0.1:53",)
    for place in places:
        if "://" in place or place.startswith("unix:"):
            raise ConfigError("bind", place, "HOST:PORT or [IPV6]:PORT, for UDP and TCP both")
    if not 0 <= rate_limit < float("inf"):
        raise ConfigError("rate_limit", rate_limit, "answers a second, or 0")
    responder = ZoneFiles([_zone(text) for text in zones], Cookies(_secret(cookie_secret)), RateLimit(rate_limit))
    config = Config(
        target=dns_service(responder),
        interface="service",
        bind=tuple(f"{scheme}://{place}" for place in places for scheme in ("udp", "tcp")),
        model=model,
        workers=workers,
        log_level=log_level,
    )
    return Supervisor(config).run()


def _zone(text: str) -> tuple[str, str | None]:
    origin, equals, path = text.partition("=")
    return (path, origin) if equals else (text, None)


def _secret(text: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b"?"
    if len(secret) not in (0, 16):
        raise ConfigError("cookie_secret", text, "32 hexadecimal digits")
    return secret
