"""What a run measured: a Result, which goes to JSON (the schema stands in docs/bench.md) and comes back from it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from fastnet.bench.engine import Clients
from fastnet.bench.histogram import Histogram
from fastnet.errors import ProtocolError

SCHEMA = "fastnet-bench"
SCHEMA_VERSION = 1
PERCENTILES = (50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0)


@dataclass(frozen=True, slots=True)
class Requests:
    """Whole: everything on the wire, warm-up included. The others: of those due after the warm-up."""

    sent_whole: int
    answered_whole: int
    sent: int
    answered: int  # rightly
    in_window: int  # of these, before sending ended
    unsent: int  # due (open loop), but never sent
    stray: int  # datagrams that answered nothing that was waiting


@dataclass(frozen=True, slots=True)
class Generator:
    """How the generator fared. `limits`: sentences that say why it, not the server, may be what was measured."""

    cpu_share: float  # of the busiest thread's core, in the window
    cpu_s: float  # of all threads, in the window
    run_queue_share: float  # of the window that some thread was ready to run, but did not
    late: int  # sent over a millisecond after they were due, though a connection was free
    late_most_s: float
    queued: int  # sent over a millisecond late because every connection waited for an answer
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Counts between two looks at the run: `at_s` is when the later one was, from the window's start."""

    at_s: float
    duration_s: float
    answered: int
    errors: int


@dataclass(frozen=True, slots=True)
class Result:
    """`raw` times requests from their send, `corrected` from when they were due (open loop only), in nanoseconds."""

    spec: dict[str, Any]
    mode: str
    started_at: str
    window_s: float
    requests: Requests
    rate: float  # right answers a second, in the window
    raw: Histogram
    corrected: Histogram
    connect: Histogram
    errors: dict[str, int]
    error_details: dict[str, str]
    statuses: dict[int, int]
    connected: int
    bytes_in: int
    bytes_out: int
    generator: Generator
    clients: dict[str, Clients] = field(default_factory=dict)  # difficult ones, by kind
    moments: tuple[Moment, ...] = ()
    answers_by_connection: tuple[int, ...] = field(default=(), repr=False)
    ended_early: str = ""  # why, when it did
    hint: str = ""  # what may be done about errors, where that is known

    @property
    def latency(self) -> Histogram:
        """The one to judge a server by: corrected in an open loop, raw in a closed one."""
        return self.corrected if self.mode == "open" else self.raw

    @property
    def failed(self) -> bool:
        """Whether anything went wrong: an error of any kind, or a server that went away."""
        return bool(self.errors) or bool(self.ended_early and self.ended_early != "interrupted")

    def to_json(self) -> str:
        """The documented form, with the histograms encoded."""
        values = asdict(self)
        for name in ("raw", "corrected", "connect"):
            values[name] = _histogram(getattr(self, name))
        values["statuses"] = {str(status): n for status, n in self.statuses.items()}
        per = sorted(values.pop("answers_by_connection"))
        values["answers_by_connection"] = (
            {"least": per[0], "median": per[len(per) // 2], "most": per[-1]} if per else None
        )
        return json.dumps({"schema": SCHEMA, "version": SCHEMA_VERSION, "failed": self.failed, **values}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The reverse of to_json(), but for the answers of each connection. ProtocolError if it is no such text."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("schema", None) != SCHEMA:
                raise ProtocolError("not a report of fastnet bench")
            if (version := values.pop("version")) != SCHEMA_VERSION:
                raise ProtocolError(f"a report of version {version}, where {SCHEMA_VERSION} is known")
            for name in ("failed", "answers_by_connection"):
                del values[name]
            for name in ("raw", "corrected", "connect"):
                values[name] = Histogram.decode(values[name]["hdr"])
            values["requests"] = Requests(**values["requests"])
            values["generator"] = Generator(**{**values["generator"], "limits": tuple(values["generator"]["limits"])})
            values["clients"] = {kind: Clients(**n) for kind, n in values["clients"].items()}
            values["moments"] = tuple(Moment(**moment) for moment in values["moments"])
            values["statuses"] = {int(status): n for status, n in values["statuses"].items()}
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"not a report of fastnet bench: {error}") from None


def _histogram(histogram: Histogram) -> dict[str, Any]:
    return {
        "count": histogram.total,
        "mean_ns": histogram.mean,
        "stddev_ns": histogram.stddev,
        "min_ns": histogram.min,
        "percentiles_ns": {f"{p:g}": histogram.percentile(p) for p in PERCENTILES},
        "hdr": histogram.encode(),
    }
