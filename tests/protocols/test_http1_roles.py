"""Client and server connections together: any cut gives the same answer; the deadlines of a client."""

from __future__ import annotations

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnet.codecs.http1 import Response
from fastnet.protocols import (
    ClientConnection,
    Closed,
    Data,
    ServerConnection,
    Settings,
)
from tests.protocols.exchange import GET, cuts, merge, output, pull
from tests.protocols.test_http1_events import HOST, asked

parts = st.lists(st.binary(min_size=1, max_size=50), max_size=6)


@settings(max_examples=60)
@given(st.data(), parts, st.sampled_from(["GET", "HEAD", "POST"]), st.booleans(), st.sampled_from([200, 204, 304, 404]))
def test_a_client_hears_an_answer_the_same_in_any_cut(
    data: st.DataObject, body: list[bytes], method: str, chunked: bool, status: int
) -> None:
    server = ServerConnection()
    server.receive_data(GET.replace(b"GET", method.encode()))
    pull(server)
    server.send_informational(103)
    server.send_response(status, [] if chunked else [("content-length", str(sum(map(len, body))))], None)
    for part in body:
        server.send_data(part)
    server.send_end([("x", "y")])
    sent = output(server)
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(sent)
    heard = b""
    while True:
        event = peer.next_event()
        if isinstance(event, h11.Data):
            heard += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
    whole, cut = asked(method), asked(method)
    whole.receive_data(sent)
    expected = merge(pull(whole))
    events: list[object] = []
    for piece in data.draw(cuts(sent)):
        cut.receive_data(piece)
        events += pull(cut)
    assert merge(events) == expected
    assert b"".join(e.data for e in expected if isinstance(e, Data)) == heard
    assert heard == (b"" if method == "HEAD" or status in (204, 304) else b"".join(body))


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_client_waits_for_an_answer_no_longer_than_told() -> None:
    conn = ClientConnection(Settings(first_byte_timeout=3, head_timeout=5, body_timeout=7, min_rate=0))
    assert conn.next_timeout() is None
    conn.send_request("GET", "/", HOST, now=100)
    assert conn.next_timeout() == 3
    conn.receive_data(b"HTTP/1.1 100 \r\n\r\n", 102)
    pull(conn)
    assert conn.next_timeout() == 3
    conn.receive_data(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n", 104)
    pull(conn)
    assert conn.next_timeout() == 5
    conn.receive_data(b"\r\n", 105)
    assert isinstance(conn.next_event(), Response)
    assert conn.next_timeout() == 7
    conn.receive_data(b"hi", 110)
    pull(conn)
    assert conn.next_timeout() is None      # idle
    conn.send_request("GET", "/", HOST, now=200)
    conn.handle_timeout(203)
    assert conn.next_event() == Closed(True)
