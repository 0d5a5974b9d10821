"""A bar: what a figure must be at least, or at most."""

from dataclasses import dataclass

# What a metric is called in text.
LABELS = {
    "requests_per_s": "requests/s",
    "requests_per_cpu_s": "R/C",
    "p99_over_p50": "p99/p50",
    "p99_us": "p99",
    "worker_rss_mib": "RSS of the worker in MiB",
    "kib_per_connection": "KiB a connection",
    "idle_cpu_percent": "idle CPU in %",
    "heads_per_s": "speed",
    "objects_per_s": "speed",
    "frames_per_s": "speed",
    "calls_per_s": "speed",
    "messages_per_s": "speed",
}


@dataclass(frozen=True)
class Bar:
    """One contender's figure against another's of the same round, or (`against` None) by itself."""

    who: str
    metric: str
    bound: float
    against: str | None = None
    at_least: bool = True

    def text(self) -> str:
        times = f" x {self.against}" if self.against else ""
        bound = f"{self.bound:,.0f}" if self.bound >= 1000 else f"{self.bound:g}"
        return f"{self.who}: {LABELS[self.metric]} {'>=' if self.at_least else '<='} {bound}{times}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound
