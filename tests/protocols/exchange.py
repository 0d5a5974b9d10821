"""Connections driven by tests: events as plain values, input in any pieces."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from fastnet.codecs.http1 import Request, Response
from fastnet.protocols import ClientConnection, Closed, Data, EndOfMessage, ServerConnection, Upgraded, Wait

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def post(body: bytes, fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s" % (fields, len(body), body)


def plain(event: object) -> object:
    if isinstance(event, Request):
        return (event.method, event.target, event.version, tuple(event.raw_headers))
    if isinstance(event, Response):
        return (event.status, event.reason, event.version, tuple(event.raw_headers))
    return event


def pull(conn: ServerConnection | ClientConnection) -> list[object]:
    """Events until there are none; the last of the list is why."""
    events: list[object] = []
    while True:
        events.append(conn.next_event())
        if isinstance(events[-1], (Wait, Closed, Upgraded)):
            return events


def output(conn: ServerConnection | ClientConnection) -> bytes:
    return b"".join(conn.data_to_send())


def merge(events: Iterable[object]) -> list[object]:
    """Data joined, waits left out: what must be the same however the input is cut."""
    out: list[object] = []
    for event in events:
        if isinstance(event, Data) and out and isinstance(out[-1], Data):
            out[-1] = Data(out[-1].data + event.data)
        elif not isinstance(event, Wait):
            out.append(plain(event))
    return out


def echo(conn: ServerConnection, events: list[object], body: list[bytes]) -> bytes:
    """Turn a server's crank until it needs more input, each request answered with its body; returns the output."""
    sent = b""
    while True:
        event = conn.next_event()
        events.append(event)
        if isinstance(event, Request):
            body.clear()
        elif isinstance(event, Data):
            body.append(event.data)
        elif isinstance(event, EndOfMessage):
            conn.send_response(200, [], b"".join(body))
        sent += output(conn)
        if event is Wait.NEED_DATA or isinstance(event, (Closed, Upgraded)):
            return sent


def serve(pieces: Iterable[bytes], eof: bool = True) -> tuple[list[object], bytes, ServerConnection]:
    conn = ServerConnection()
    events: list[object] = []
    body: list[bytes] = []
    sent = b""
    for piece in pieces:
        conn.receive_data(piece)
        if not conn.closed:
            sent += echo(conn, events, body)
    if eof and not conn.closed:
        conn.receive_eof()
        sent += echo(conn, events, body)
    return merge(events), sent, conn


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """`data` in pieces: random ones, or byte by byte."""
    if draw(st.booleans()):
        return [data[i : i + 1] for i in range(len(data))]
    at = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]
