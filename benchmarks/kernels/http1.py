"""Parsers of HTTP/1 request heads, all made to do the same work.

Two kinds: "list" makes method, target and every header as Python objects; "lazy" makes method and target only and
leaves the headers for when they are asked for. Connections and parsers are kept from request to request where a peer
allows it, as its servers do. Each parser has `run`, which is timed, and `collect`, by which it is proved beforehand
that all of them understood the same.
"""

# ruff: noqa: B018 - reading an attribute is the work that is timed

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11
import httptools
import zttp

from benchmarks import data
from fastnet.codecs.http1 import parse_request, parse_requests

Understood = tuple[bytes, bytes, list[tuple[bytes, bytes]]]  # method, target, headers with lower-cased names


@dataclass(frozen=True)
class Parser:
    name: str
    run: Callable[[list[bytes]], None]  # parse every input, each of one or more whole requests
    collect: Callable[[bytes], list[Understood]]


def _lowered(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers]


class HttptoolsRequest:
    """The least a user of httptools must write to have a list of headers."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.done: list[Understood] | None = None

    def on_message_begin(self) -> None:
        self.headers = []

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        method = self.parser.get_method()
        if self.done is not None:
            self.done.append((method, self.url, _lowered(self.headers)))


def httptools_run(inputs: list[bytes]) -> None:
    feed = HttptoolsRequest().parser.feed_data
    for one in inputs:
        feed(one)


def httptools_collect(one: bytes) -> list[Understood]:
    request = HttptoolsRequest()
    request.done = []
    request.parser.feed_data(one)
    return request.done


def _zttp_requests(one: bytes) -> list[zttp.Request]:
    connection = zttp.Connection(zttp.SERVER)
    found = []
    event = connection.receive_event(one)
    while event is not zttp.NEED_DATA:
        if type(event) is zttp.Request:
            found.append(event)
            assert event.end_stream
            connection.start_next_cycle()
        event = connection.next_event()
    return found


def zttp_collect(one: bytes) -> list[Understood]:
    return [(request.method, request.target, _lowered(request.headers)) for request in _zttp_requests(one)]


def zttp_lazy(inputs: list[bytes]) -> None:
    connection = zttp.Connection(zttp.SERVER)
    receive, again = connection.receive_event, connection.start_next_cycle
    for one in inputs:
        request = receive(one)
        request.method
        request.target
        again()


def zttp_list(inputs: list[bytes]) -> None:
    connection = zttp.Connection(zttp.SERVER)
    receive, again = connection.receive_event, connection.start_next_cycle
    for one in inputs:
        request = receive(one)
        request.method
        request.target
        request.headers.to_list()
        again()


def zttp_pipelined(inputs: list[bytes]) -> None:
    connection = zttp.Connection(zttp.SERVER)
    receive, again, following, none = (
        connection.receive_event, connection.start_next_cycle, connection.next_event, zttp.NEED_DATA)  # fmt: skip
    for one in inputs:
        request = receive(one)
        while request is not none:
            request.method
            request.target
            again()
            request = following()


def h11_run(inputs: list[bytes]) -> None:
    for one in inputs:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(one)
        request = connection.next_event()
        request.method
        request.target
        request.headers


def h11_collect(one: bytes) -> list[Understood]:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(one)
    request = connection.next_event()
    return [(request.method, request.target, list(request.headers))]


def fastnet_lazy(inputs: list[bytes]) -> None:
    parse = parse_request
    for one in inputs:
        request = parse(one)
        request.method
        request.target


def fastnet_list(inputs: list[bytes]) -> None:
    parse = parse_request
    for one in inputs:
        request = parse(one)
        request.method
        request.target
        request.headers


def fastnet_pipelined(inputs: list[bytes]) -> None:
    parse = parse_requests
    for one in inputs:
        for request in parse(one)[0]:
            request.method
            request.target


def fastnet_collect(one: bytes) -> list[Understood]:
    requests, consumed = parse_requests(one)
    assert consumed == len(one)
    return [(r.method.encode(), r.target.encode(), r.headers) for r in requests]


HTTPTOOLS = Parser("httptools, list", httptools_run, httptools_collect)
ZTTP_LAZY = Parser("zttp, lazy", zttp_lazy, zttp_collect)
ZTTP_LIST = Parser("zttp, list", zttp_list, zttp_collect)
ZTTP_PIPELINED = Parser("zttp, lazy", zttp_pipelined, zttp_collect)
H11 = Parser("h11", h11_run, h11_collect)
LAZY = Parser("fastnet, lazy", fastnet_lazy, fastnet_collect)
LIST = Parser("fastnet, list", fastnet_list, fastnet_collect)
PIPELINED = Parser("fastnet, lazy", fastnet_pipelined, fastnet_collect)

SINGLE = [HTTPTOOLS, ZTTP_LAZY, ZTTP_LIST, H11, LAZY, LIST]
DEPTH = 16

# name -> (title, inputs, requests an input, parsers)
CASES: dict[str, tuple[str, list[bytes], int, list[Parser]]] = {
    "head-wrk": ("a wrk request, 73 bytes", [data.WRK] * 512, 1, SINGLE),
    "head-browser": ("a browser's request, 656 bytes, 12 headers", [data.BROWSER] * 512, 1, SINGLE),
    "head-varied": ("512 varied requests", data.varied_requests(), 1, SINGLE),
    "head-pipelined": (
        f"{DEPTH} pipelined wrk requests", [data.WRK * DEPTH] * 32, DEPTH, [HTTPTOOLS, ZTTP_PIPELINED, PIPELINED]),
}  # fmt: skip


def same_work(inputs: list[bytes], depth: int, parsers: list[Parser]) -> None:
    """Every parser finds the same requests in every input; ValueError names the first that does not."""
    for one in set(inputs):
        expected = parsers[0].collect(one)
        if len(expected) != depth:
            raise ValueError(f"{parsers[0].name} found {len(expected)} requests of {depth}")
        for parser in parsers[1:]:
            if parser.collect(one) != expected:
                raise ValueError(f"{parser.name} and {parsers[0].name} differ on {one[:80]!r}")
