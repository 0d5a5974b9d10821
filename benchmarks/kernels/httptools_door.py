"""fastnet.compat.httptools beside httptools: a browser's request, every callback set."""

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import httptools

from benchmarks import data
from benchmarks.bars import Bar
from fastnet.compat import httptools as door

SPEED = "heads_per_s"


class Callbacks:
    """All of them, with the least that a program does: it keeps what it is given."""

    def on_message_begin(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        pass

    def on_body(self, body: bytes) -> None:
        pass

    def on_message_complete(self) -> None:
        pass

    def on_chunk_header(self) -> None:
        pass

    def on_chunk_complete(self) -> None:
        pass


@dataclass(frozen=True)
class Feeder:
    name: str
    library: ModuleType

    def run(self, inputs: list[bytes]) -> Any:
        callbacks = Callbacks()
        feed = self.library.HttpRequestParser(callbacks).feed_data
        for one in inputs:
            feed(one)
        return callbacks


@dataclass(frozen=True)
class DoorCase:
    title: str
    bars: list[Bar]
    inputs: list[bytes] = field(default_factory=lambda: [data.BROWSER] * 2000)
    parsers: tuple[Feeder, ...] = (Feeder("httptools", httptools), Feeder("fastnet.compat.httptools", door))

    @property
    def units(self) -> int:
        return len(self.inputs)

    def check(self) -> None:
        theirs, ours = (parser.run(self.inputs[:1]) for parser in self.parsers)
        if (theirs.url, theirs.headers) != (ours.url, ours.headers):
            raise ValueError("the door does not call back as httptools does")


CASES = {
    "httptools-door": DoorCase(
        "httptools' interface, a browser's request",
        [Bar("fastnet.compat.httptools", SPEED, 1.5, "httptools")],
    )
}
