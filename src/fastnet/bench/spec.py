"""What to measure: a Spec, whose values are checked when it is made, and what the engine gets of it.

Times are in seconds, sizes in bytes. ConfigError names the field that has an impossible value, and what it may be.
"""

from __future__ import annotations

import os
import random
import re
import resource
from dataclasses import dataclass
from typing import Any, Literal

from fastnet.bench.engine import CLIENT_KINDS
from fastnet.errors import ConfigError

SCHEMES = {"http": 80, "https": 443, "tcp": 0, "tls": 0, "framed": 0, "udp": 0}
MAX_CONNECTIONS = 1_000_000
MAX_THREADS = 1024
MAX_PIPELINE = 4096
MAX_RANDOM_BYTES = 512 * 1024
# Twice the largest window, so that a window may begin anywhere in the lower half.
POOL_BYTES = 2 * MAX_RANDOM_BYTES
# Descriptors that a process has besides its connections: standard streams, modules, epoll sets.
SPARE_DESCRIPTORS = 64

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<authority>(?:\[(?P<v6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^/?#:@\[\]\s]+))(?::(?P<port>\d{1,5}))?)"
    r"(?P<target>(?:/[!-~]*)?)"
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads: `scheme`, `host` and `port`; for HTTP the target and the Host field, too."""

    scheme: str
    host: str
    port: int
    target: str
    authority: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse_url(url: str) -> Address:
    """ConfigError unless `url` is one that can be measured."""
    match = _URL.fullmatch(url.partition("#")[0])
    if not match or match["scheme"] not in SCHEMES:
        raise ConfigError("url", url, "scheme://host[:port][/path]; schemes: " + ", ".join(SCHEMES))
    port = int(match["port"] or SCHEMES[match["scheme"]])
    if not 0 < port < 65536:
        raise ConfigError("url", url, "a port from 1 to 65535 in it")
    target = match["target"] or "/"
    return Address(match["scheme"], match["v6"] or match["host"], port, target, match["authority"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One run of the load generator.

    Closed loop (rate 0): each of `connections` keeps `pipeline` requests unanswered, and sends the next one when an
    answer comes. Open loop: `rate` requests a second are due, evenly or at random times, and each is timed from when it
    was due, whether or not a connection was free for it.
    """

    urls: tuple[str, ...]
    weights: tuple[float, ...] = ()  # of the URLs; none: equal
    connections: int = 64
    threads: int = 1
    duration_s: float = 10.0
    requests: int = 0  # measured ones; 0: as many as fit duration_s
    pipeline: int = 1
    rate: float = 0.0
    arrivals: Literal["constant", "poisson"] = "constant"
    warmup_s: float = 0.0
    timeout_s: float = 10.0
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    random_bytes: int = 0  # of random data behind the body, other ones in each request
    seed: int = 1
    connect_per_request: bool = False
    unix_socket: str = ""
    insecure: bool = False
    ca_file: str = ""
    expect_status: int = 0  # 0: any from 200 to 399
    expect_length: int | None = None  # of an answer's body
    expect_digest: int | Literal["echo"] | None = None  # CRC-32C of an answer's body; echo: that of the request's body
    cores: tuple[int, ...] = ()  # to pin the threads to, in turn
    # Difficult clients beside the load, whose requests are not among those measured.
    idle: int = 0  # send nothing
    slow_send: int = 0  # a byte of a head each interval, without end
    slow_read: int = 0  # requests without end; take 64 bytes each interval
    never_read: int = 0  # the same, and take none
    slow_interval_s: float = 0.1

    def __post_init__(self) -> None:
        if not self.urls:
            raise ConfigError("url", "", "one URL or more")
        addresses = [parse_url(url) for url in self.urls]
        self._check_numbers()
        for url, address in zip(self.urls, addresses, strict=True):
            if address.origin != addresses[0].origin:
                raise ConfigError("url", url, f"the scheme, host and port of {self.urls[0]}")
        if self.weights and (len(self.weights) != len(self.urls) or min(self.weights) <= 0):
            raise ConfigError("weights", self.weights, "a number above 0 for each URL")
        if not _TOKEN.fullmatch(self.method):
            raise ConfigError("method", self.method, "a token, as GET")
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
                raise ConfigError("header", f"{name}: {value}", "Name: value, without control characters")
        if self.arrivals not in ("constant", "poisson"):
            raise ConfigError("arrivals", self.arrivals, "constant or poisson")
        if not self.is_http:
            self._check_echo(addresses[0])
        allowed = os.sched_getaffinity(0)
        for core in self.cores:
            if core not in allowed:
                raise ConfigError("cores", core, f"cores of {sorted(allowed)}")

    def _check_numbers(self) -> None:
        def within(name: str, low: float, high: float, unit: str = "") -> None:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(name, value, f"{low:g} to {high:g}{unit}")

        within("connections", 1, MAX_CONNECTIONS)
        within("threads", 1, MAX_THREADS)
        within("pipeline", 1, MAX_PIPELINE)
        within("requests", 0, 10**15)
        within("warmup_s", 0, 86400, " s")
        within("timeout_s", 0.001, 3600, " s")
        within("rate", 0, 1e8, " requests/s")
        within("seed", 0, 2**64 - 2)
        within("random_bytes", 0, MAX_RANDOM_BYTES)
        for name in CLIENT_KINDS:
            within(name, 0, MAX_CONNECTIONS)
            if getattr(self, name) and self.scheme in ("https", "tls", "udp"):
                raise ConfigError(name, getattr(self, name), f"0 with {self.scheme}: such clients are for http and tcp")
        within("slow_interval_s", 0.001, 3600, " s")
        if not self.requests:
            within("duration_s", 0.01, 86400, " s")
        if self.threads > self.connections:
            raise ConfigError(
                "threads", self.threads, f"at most one a connection, of which there are {self.connections}"
            )
        if 0 < self.requests < self.threads:
            raise ConfigError("requests", self.requests, f"at least one for each of {self.threads} threads")
        if self.connect_per_request and self.pipeline > 1:
            raise ConfigError("pipeline", self.pipeline, "1, where each request has its connection")
        if self.expect_status and not 200 <= self.expect_status <= 599:
            raise ConfigError("expect_status", self.expect_status, "200 to 599")
        if self.expect_length is not None and self.expect_length < 0:
            raise ConfigError("expect_length", self.expect_length, "0 or more")

    def _check_echo(self, address: Address) -> None:
        if len(self.body) + self.random_bytes == 0 and self.scheme != "framed":
            raise ConfigError("body", "", "something to echo: --body, --body-file or --random")
        if self.scheme == "udp" and len(self.body) + self.random_bytes > 65000:
            raise ConfigError("random_bytes", len(self.body) + self.random_bytes, "65000 bytes at most in a datagram")
        if self.scheme == "udp" and self.connect_per_request:
            raise ConfigError("connect_per_request", True, "no datagrams, which have no connection")
        if len(self.urls) > 1 or address.target != "/":
            raise ConfigError("url", next(reversed(self.urls)), f"one {self.scheme}://host:port, without a path")

    @property
    def scheme(self) -> str:
        return parse_url(self.urls[0]).scheme

    @property
    def is_http(self) -> bool:
        return self.scheme in ("http", "https")

    @property
    def difficult(self) -> list[int]:
        """How many difficult clients of each of CLIENT_KINDS."""
        return [getattr(self, kind) for kind in CLIENT_KINDS]

    @property
    def mode(self) -> Literal["open", "closed"]:
        return "open" if self.rate > 0 else "closed"

    def request_heads(self) -> list[bytes]:
        """The bytes before the body of a request for each URL."""
        return [self._head(parse_url(url)) if self.is_http else b"" for url in self.urls]

    def first_request(self) -> bytes:
        """One for the first URL, whole; zeros in the place of random data."""
        return self.request_heads()[0] + self.body + bytes(self.random_bytes)

    def _head(self, address: Address) -> bytes:
        # No field that is not needed: what a server does with each would be measured, too.
        given = {name.lower() for name, _ in self.headers}
        lines = [f"{self.method} {address.target} HTTP/1.1"]
        if "host" not in given:
            lines.append(f"Host: {address.authority}")
        size = len(self.body) + self.random_bytes
        if (size or self.method in ("POST", "PUT", "PATCH")) and not given & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {size}")
        if self.connect_per_request and "connection" not in given:
            lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def plan(self, family: Any, address: Any) -> dict[str, Any]:
        """Keyword arguments for engine.Run, with the server at a resolved address."""
        scheme = self.scheme
        weights = self.weights or (1.0,) * len(self.urls)
        total, so_far, templates = sum(weights), 0.0, []
        for head, weight in zip(self.request_heads(), weights, strict=True):
            so_far += weight
            until = min(int(so_far / total * 2**64), 2**64 - 1)
            templates.append((head, self.body, self.random_bytes, until, self.method == "HEAD"))
        return {
            "protocol": {"http": "http1", "https": "http1", "tcp": "echo", "tls": "echo"}.get(scheme, scheme),
            "family": family,
            "address": address,
            "templates": templates,
            "pool": random.Random(self.seed).randbytes(POOL_BYTES),
            "threads": self.threads,
            "connections": self.connections,
            "pipeline": self.pipeline,
            "connect_per_request": self.connect_per_request,
            "poisson": self.arrivals == "poisson",
            "rate": self.rate,
            "seed": self.seed,
            "warmup_s": self.warmup_s,
            "duration_s": 0 if self.requests else self.duration_s,
            "timeout_s": self.timeout_s,
            "requests": self.requests,
            "status": self.expect_status,
            "length": self.expect_length,
            "digest": self.expect_digest,
            "cores": self.cores,
            "tls": scheme in ("https", "tls"),
            "server_name": parse_url(self.urls[0]).host,
            "verify": not self.insecure,
            "ca_file": self.ca_file or None,
        }


def raise_descriptor_limit(connections: int) -> None:
    """Let this process have that many connections. ConfigError when the hard limit does not."""
    wanted = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        most = max(hard - SPARE_DESCRIPTORS, 0)
        raise ConfigError("connections", connections, f"{most} at most, by the hard limit of open files (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
