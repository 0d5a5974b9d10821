"""What the matrix serves beside the examples."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastnet.apps.cache import cache_service
from fastnet.apps.dns_responder import Cookies, RateLimit
from fastnet.apps.dns_server import ZoneFiles, dns_service

ZONE = Path(__file__).resolve().parents[1] / "apps" / "example.zone"

cache = cache_service("4m")
dns = dns_service(ZoneFiles([(str(ZONE), None)], Cookies(b""), RateLimit(0)))


def http(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read() + environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
