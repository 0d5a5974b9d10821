from dataclasses import dataclass
from socket import AddressFamily
from typing import Any, Literal, Self, final

from fastnet.bench.histogram import Histogram

CLIENT_KINDS: tuple[str, ...]
ERROR_KINDS: tuple[str, ...]

@dataclass(frozen=True, slots=True)
class Clients:
    opened: int
    closed: int
    refused: int
    shortest_s: float
    longest_s: float
    bytes_in: int
    bytes_out: int

@dataclass(frozen=True, slots=True)
class Counts:
    sent: int
    answered: int
    errors: dict[str, int]
    details: dict[str, str]
    statuses: dict[int, int]
    connected: int
    open: int
    bytes_in: int
    bytes_out: int
    stray: int
    measured_sent: int
    measured_answered: int
    in_window: int
    late: int
    queued: int
    unsent: int
    late_most_s: float
    window_from_s: float
    window_to_s: float
    cpu_s: float
    run_queue_s: float

@final
class Run:
    def __new__(
        cls,
        *,
        protocol: Literal["http1", "echo", "framed", "udp"],
        family: AddressFamily,
        address: Any,
        templates: list[tuple[bytes, bytes, int, int, bool]],
        pool: bytes,
        threads: int,
        connections: int,
        pipeline: int,
        connect_per_request: bool,
        poisson: bool,
        rate: float,
        seed: int,
        warmup_s: float,
        duration_s: float,
        timeout_s: float,
        requests: int,
        status: int,
        length: int | None,
        digest: int | Literal["echo"] | None,
        cores: tuple[int, ...],
        tls: bool,
        server_name: str,
        verify: bool,
        ca_file: str | None,
    ) -> Self: ...
    def start(self) -> None: ...
    def stop(self, grace_s: float) -> None: ...
    def finished(self) -> bool: ...
    def join(self) -> None: ...
    def counts(self) -> Counts: ...
    def thread_counts(self) -> list[Counts]: ...
    def histograms(self) -> tuple[Histogram, Histogram, Histogram]: ...
    def answers(self) -> list[int]: ...

@final
class Background:
    def __new__(
        cls, *, family: AddressFamily, address: Any, clients: list[int], interval_s: float, request: bytes
    ) -> Self: ...
    def start(self) -> None: ...
    def tried(self) -> bool:
        """Whether each client has asked to be let in, once."""
    def stop(self) -> None: ...
    def counts(self) -> dict[str, Clients]: ...
