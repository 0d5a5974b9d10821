"""Every option of a server, once: its name, type, default, unit, range and help.

`Config` is checked when it is made, so whoever holds one need not check again. The command line is built from the same
fields (`options()`), which is why a new option is one new line here and nothing anywhere else.

Times are in seconds, sizes in bytes, rates in bytes per second.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastnet.errors import ConfigError
from fastnet.servers.listeners import Address, parse_bind
from fastnet.servers.privileges import group_id, umask_of, user_id

# Deadlines can be put off this far, which is as good as never: some thirty years.
_NEVER_S = 1e9


@dataclass(frozen=True)
class Option:
    """What is known about a field of Config beside its name and default. `kind` is its type: of each item if `many`."""

    kind: type
    help: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    many: bool = False

    def expected(self) -> str:
        """What a right value looks like, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind in (int, float):
            noun = "an integer" if self.kind is int else "a number"
            noun += f" of {self.unit}" if self.unit else ""
            if self.high == math.inf:
                return f"{noun}, at least {self.low:g}"
            return f"{noun} from {_plain(self.low)} to {_plain(self.high)}"
        return {bool: "True or False", str: "a string"}.get(self.kind, "a value")

    def parse(self, name: str, text: str) -> Any:
        """The value that `text` spells, still to be checked by Config. Raises ConfigError."""
        if self.kind in (int, float):
            try:
                return self.kind(text)
            except ValueError:
                raise ConfigError(name, text, self.expected()) from None
        return text

    def check(self, name: str, value: Any) -> Any:
        """`value`, made a float where the option is one. Raises ConfigError."""
        if self.many:
            items = [value] if isinstance(value, self.kind) else value
            if not isinstance(items, Sequence) or not all(isinstance(i, self.kind) for i in items):
                raise ConfigError(name, value, f"{self.expected()} or a list of them")
            return tuple(items)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        right_type = isinstance(value, self.kind) and (self.kind is bool or not isinstance(value, bool))
        if not right_type or (self.choices and value not in self.choices):
            raise ConfigError(name, value, self.expected())
        if self.kind in (int, float) and not self.low <= value <= self.high:  # NaN is in no range
            raise ConfigError(name, value, self.expected())
        if isinstance(value, str) and "\0" in value:
            raise ConfigError(name, value, "a string without NUL")
        return value


def _plain(number: float) -> str:
    return f"{number:g}" if number != int(number) else str(int(number))


def _text(default: str, help: str) -> Any:
    return dataclasses.field(default=default, metadata={"option": Option(str, help)})


def _files(help: str) -> Any:
    return dataclasses.field(default=(), metadata={"option": Option(str, help, many=True)})


def _choice(default: str, choices: tuple[str, ...], help: str) -> Any:
    return dataclasses.field(default=default, metadata={"option": Option(str, help, choices=choices)})


def _flag(help: str) -> Any:
    return dataclasses.field(default=False, metadata={"option": Option(bool, help)})


def _switch(help: str) -> Any:
    return dataclasses.field(default=True, metadata={"option": Option(bool, help)})


def _count(default: int, low: int, high: int, help: str, unit: str = "") -> Any:
    return dataclasses.field(default=default, metadata={"option": Option(int, help, unit, low, high)})


def _size(default: int, low: int, high: int, help: str) -> Any:
    return _count(default, low, high, help, "bytes")


def _time(default: float, low: float, help: str) -> Any:
    return dataclasses.field(default=default, metadata={"option": Option(float, help, "seconds", low, _NEVER_S)})


@dataclass(frozen=True, kw_only=True)
class Config:
    """All options of a server. Raises ConfigError for a value out of range, of a wrong type, or at odds with another.

    `workers` and `threads` given as 0 are replaced by the model's own number, so that both are 1 or more here.
    """

    target: Any
    interface: str = _choice(
        "auto", ("auto", "wsgi", "asgi", "service", "asyncio"), "How the application is called; auto looks at it."
    )
    model: str = _choice(
        "prefork",
        ("prefork", "threaded", "async"),
        "One thread a process over a readiness loop, many threads over one, or asyncio.",
    )
    bind: tuple[str, ...] = dataclasses.field(
        default=("127.0.0.1:8000",),
        metadata={
            "option": Option(
                str, "[tcp://]HOST:PORT, tls://, udp://, unix:PATH, unixgram:PATH, fd://N; may be repeated.", many=True
            )
        },
    )
    workers: int = _count(0, 0, 1024, "Worker processes; 0: prefork as many as CPUs, else 1.")
    threads: int = _count(0, 0, 1024, "Threads a worker: threaded 8, async 16 (pool of a WSGI application), prefork 1.")
    per_connection: int = _count(
        0,
        0,
        65536,
        "A process (prefork) or thread (threaded) for each connection, so many at most; 0: they are shared.",
    )
    backlog: int = _count(2048, 1, 65535, "Connections the kernel keeps waiting to be accepted, for each socket.")
    reuse_port: bool = _flag("A socket of its own for each worker (SO_REUSEPORT); TCP and UDP.")
    broadcast: bool = _flag("UDP sockets may send to broadcast addresses (SO_BROADCAST).")
    multicast_ttl: int = _count(1, 0, 255, "Hops that what UDP sockets send to a group may take.")
    factory: bool = _flag("TARGET is a function that is called without arguments and returns the application.")
    app_dir: str = _text("", "Directory to import TARGET from, before the current one.")
    static: tuple[str, ...] = dataclasses.field(
        default=(),
        metadata={
            "option": Option(
                str,
                "/PATH=DIRECTORY: files there are answered for GETs below the path, before the application is asked; "
                "may be repeated.",
                many=True,
            )
        },
    )
    static_max_age: int = _count(0, 0, 1 << 31, "How long caches need not ask again; 0: as they like.", "seconds")
    compress: str = _text("", "Codings, best first, that answers are compressed by: br,zstd,gzip or some of them.")
    root_path: str = _text("", "Path under which a proxy mounts the application: SCRIPT_NAME, root_path.")
    trusted_proxies: str = _text("", "Proxies whose (X-)Forwarded fields count: networks, unix or *, with commas.")
    user: str = _text("", "User that the workers become when their sockets are open; needs root.")
    group: str = _text("", "Group of the workers; by default that of --user.")
    umask: str = _text("", "Permissions, in octal, that new files and socket files do not have.")
    log_level: str = _choice(
        "info", ("critical", "error", "warning", "info", "debug"), "Least severe messages that are logged."
    )
    access_log: str = _choice("off", ("off", "combined", "json"), "Log each request, in Apache's format or as JSON.")
    access_log_file: str = _text("-", "File the access log is appended to; -: standard output.")
    trace: str = _text("", "File to which each request's way through the server is appended, as JSON; slows it.")
    metrics: str = _text("", "HOST:PORT or unix:PATH where /metrics (Prometheus), /-/healthy and /-/ready are served.")
    loop: str = _choice(
        "auto",
        ("auto", "uvloop", "asyncio", "select", "poll"),
        "Event loop; auto takes uvloop where it is installed. select, poll: asyncio's over that call, to compare.",
    )

    tls_cert: tuple[str, ...] = _files(
        "For tls:// binds: PEM file of a certificate and those between it and a root. May be repeated: clients get "
        "the one for the name they ask for, else the first."
    )
    tls_key: tuple[str, ...] = _files("PEM file of its key, if not in the same file; one for each, in their order.")
    tls_key_password_file: str = _text("", "File whose first line is the password of encrypted keys.")
    tls_key_password_env: str = _text("", "Environment variable that holds the password of encrypted keys.")
    tls_self_signed: bool = _flag("Make a certificate that no client trusts, for development.")
    tls_client_ca: str = _text("", "PEM file of authorities: clients must have a certificate of one of them.")
    tls_client_cert: str = _choice("required", ("required", "optional"), "Whether clients may have none.")
    tls_min_version: str = _choice("1.2", ("1.2", "1.3"), "Oldest version of TLS that is spoken.")
    tls_ciphers: str = _text("", "Ciphers of TLS 1.2, as OpenSSL writes lists of them.")
    tls_alpn: str = _text("", "Protocols that are offered by ALPN, best first, with commas between.")
    tls_handshake_timeout: float = _time(10.0, 0.001, "From the accepted connection to the end of the handshake.")

    http2: bool = _switch("Speak HTTP/2 with clients that ask for it: by ALPN, or with prior knowledge.")
    http2_max_streams: int = _count(100, 1, 10000, "HTTP/2: requests of a connection at once; more are refused.")
    http2_stream_window: int = _size(131072, 16384, 1 << 30, "HTTP/2: of a request body, ahead of the application.")
    http2_max_resets: int = _count(200, 1, 1_000_000, "HTTP/2: requests that a client may break off in 10 seconds.")
    http2_max_control: int = _count(1000, 1, 10_000_000, "HTTP/2: frames that ask for nothing in 10 seconds.")
    http2_max_continuations: int = _count(32, 1, 10000, "HTTP/2: CONTINUATION frames of one head.")

    max_request_line: int = _size(8190, 16, 1 << 20, "Longest request line; more is answered 414.")
    max_header_bytes: int = _size(65536, 64, 1 << 20, "Largest header section; more is answered 431.")
    max_headers: int = _count(100, 1, 10000, "Most header lines; more is answered 431.")
    max_body: int = _size(0, 0, 1 << 62, "Largest request body, answered 413; 0: unlimited.")
    max_chunk_extensions: int = _size(4096, 0, 1 << 30, "Chunk extensions in one body.")
    max_trailer_bytes: int = _size(8192, 0, 1 << 20, "Largest trailer section.")
    max_pipelined: int = _count(64, 1, 10000, "Requests answered ahead of what the client has read.")
    max_output: int = _size(262144, 4096, 1 << 30, "Answer waiting for a slow reader before the application is paused.")
    max_connections: int = _count(65536, 1, 10_000_000, "Connections open at once in a worker; others wait.")

    ws_max_message: int = _size(1 << 24, 1, 1 << 40, "Largest message of an ASGI app's WebSocket, decompressed.")
    ws_ping_interval: float = _time(20.0, 0.001, "Silence of a WebSocket until it is sent a ping.")
    ws_ping_timeout: float = _time(20.0, 0.001, "From a ping to its pong, or anything else.")
    ws_no_deflate: bool = _flag("Do not compress WebSocket messages (permessage-deflate).")

    first_byte_timeout: float = _time(15.0, 0.001, "From the accepted connection to its first byte.")
    head_timeout: float = _time(10.0, 0.001, "From the first byte of a request to the end of its head.")
    body_timeout: float = _time(20.0, 0.001, "Grace for a request body, beyond what --min-rate allows.")
    keepalive_timeout: float = _time(60.0, 0.001, "From an answer to the first byte of the next request.")
    write_timeout: float = _time(30.0, 0.001, "Grace for the client to take an answer, beyond what --min-rate allows.")
    min_rate: float = dataclasses.field(
        default=500.0,
        metadata={
            "option": Option(float, "Slowest client that is tolerated, reading or writing.", "bytes/s", 0.001, 1e12)
        },
    )
    drain_timeout: float = _time(30.0, 0.0, "From SIGTERM to the end, by force, of requests that are not done.")
    request_timeout: float = _time(120.0, 0.0, "A worker held up by one request for longer is killed; 0: never.")
    startup_timeout: float = _time(60.0, 0.001, "For a worker to load the application and begin to accept.")
    max_requests: int = _count(0, 0, 1 << 62, "Answers after which a worker is replaced by a new one; 0: never.")
    max_requests_jitter: int = _count(0, 0, 1 << 62, "At most so many more, at random, so that not all go at once.")
    max_memory: int = _size(0, 0, 1 << 62, "Resident memory of a worker above which it is replaced; 0: never.")
    lifetime: float = _time(0.0, 0.0, "Time after which a worker is replaced; 0: never.")
    body_spool: int = _size(524288, 0, 1 << 40, "WSGI request body kept in memory before it goes to a file.")
    spool_dir: str = _text("", "Directory of those files; the system's temporary one by default.")

    def __post_init__(self) -> None:
        for name, option in options():
            object.__setattr__(self, name, option.check(name, getattr(self, name)))
        if not self.bind:
            raise ConfigError("bind", self.bind, "an address, or a list of them")
        if isinstance(self.target, str):
            module, colon, attribute = self.target.partition(":")
            parts = module.split(".") + attribute.split(".")
            if not colon or not all(part.isidentifier() for part in parts):
                raise ConfigError("target", self.target, "MODULE:ATTRIBUTE, such as mysite.wsgi:application")
        elif not callable(self.target):
            raise ConfigError("target", self.target, "MODULE:ATTRIBUTE or an application object")
        for address in self.addresses():
            if self.reuse_port and address.kind not in ("tcp", "udp"):
                raise ConfigError("reuse_port", True, f"False with {address}, which cannot be bound more than once")
        self._check_tls()
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise ConfigError("root_path", self.root_path, "a path that begins, and does not end, with /")
        for name in ("app_dir", "spool_dir"):
            if getattr(self, name) and not os.path.isdir(getattr(self, name)):
                raise ConfigError(name, getattr(self, name), "an existing directory")
        # Imported where they are asked for: what is imported here, every worker has in memory.
        if self.static:
            from fastnet.apps.static_files import StaticFiles

            StaticFiles(self.static).close()
        if self.max_memory and not os.path.exists("/proc/self/statm"):
            raise ConfigError("max_memory", self.max_memory, "0 on this system, which does not tell by /proc")
        if self.codings:
            from fastnet.apps.compression import Compressor

            Compressor(self.codings)
        if self.trusted_proxies:
            from fastnet.apps.proxied import TrustedProxies

            TrustedProxies(self.trusted_proxies)
        for value, check in ((self.user, user_id), (self.group, group_id), (self.umask, umask_of)):
            if value:
                check(value)
        if self.metrics:
            try:
                metrics = parse_bind(self.metrics)
            except ConfigError as error:
                raise ConfigError("metrics", self.metrics, "HOST:PORT or unix:PATH") from error
            if metrics.kind not in ("tcp", "unix") or metrics.scheme not in ("", "tcp"):
                raise ConfigError("metrics", self.metrics, "HOST:PORT or unix:PATH")
        if not self.access_log_file:
            raise ConfigError("access_log_file", "", "a file name, or - for standard output")
        if self.model == "prefork" and self.threads > 1:
            raise ConfigError("threads", self.threads, "1 under the prefork model, or --model threaded")
        if self.per_connection and self.model == "async":
            raise ConfigError("per_connection", self.per_connection, "0 under the async model")
        if self.per_connection and any(address.kind not in ("tcp", "unix", "fd") for address in self.addresses()):
            raise ConfigError("per_connection", self.per_connection, "0 with a --bind for datagrams")
        if self.loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
            raise ConfigError("loop", "uvloop", "asyncio, since uvloop is not installed")
        if not self.workers:
            object.__setattr__(self, "workers", available_cpus() if self.model == "prefork" else 1)
        if not self.threads:
            object.__setattr__(self, "threads", {"prefork": 1, "threaded": 8, "async": 16}[self.model])

    def _check_tls(self) -> None:
        if self.tls_self_signed and self.tls_cert:
            raise ConfigError("tls_self_signed", True, "False beside --tls-cert")
        if any(address.scheme == "tls" for address in self.addresses()):
            if not self.tls_cert and not self.tls_self_signed:
                raise ConfigError("tls_cert", "", "a certificate file, since a --bind is tls://")
            if self.tls_client_cert == "optional" and not self.tls_client_ca:
                raise ConfigError("tls_client_cert", "optional", "--tls-client-ca beside it, to verify them by")
        if self.tls_key and len(self.tls_key) != len(self.tls_cert):
            raise ConfigError("tls_key", self.tls_key, "as many as there are --tls-cert, or none")
        if self.tls_key_password_file and self.tls_key_password_env:
            raise ConfigError("tls_key_password_env", self.tls_key_password_env, "not both a file and a variable")
        named = [("tls_key_password_file", self.tls_key_password_file), ("tls_client_ca", self.tls_client_ca)]
        named += [("tls_cert", path) for path in self.tls_cert] + [("tls_key", path) for path in self.tls_key]
        for name, path in named:
            if path and not os.path.isfile(path):
                raise ConfigError(name, path, "an existing file")

    def addresses(self) -> list[Address]:
        """The parsed form of `bind`, in its order."""
        return [parse_bind(text) for text in self.bind]

    @property
    def has_certificate(self) -> bool:
        """Whether there is one to speak TLS by."""
        return bool(self.tls_cert) or self.tls_self_signed

    @property
    def codings(self) -> list[str]:
        """The items of `compress`."""
        return [coding.strip() for coding in self.compress.split(",")] if self.compress else []

    @property
    def slots(self) -> int:
        """Places of a worker on the board: one a thread, and one, the first, for an event loop that feeds threads."""
        return self.threads + 1


def options() -> Iterator[tuple[str, Option]]:
    """Name and Option of every field of Config but `target`, in order."""
    for field in dataclasses.fields(Config):
        if "option" in field.metadata:
            yield field.name, field.metadata["option"]


def available_cpus() -> int:
    """CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
