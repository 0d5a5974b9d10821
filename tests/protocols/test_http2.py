"""A server's connection of HTTP/2: each rule on the wire, however it is cut, and each limit at, below and above it."""

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.hpack import Decoder
from fastnet.codecs.http2 import ErrorCode, FrameType, encode_frame
from fastnet.protocols.http2_events import Asked, Body, Ended, Event, Http2Server, Over, Reset
from fastnet.protocols.workspace import Settings
from tests.protocols.http2_wire import (
    ACK,
    END_HEADERS,
    GET,
    MARK,
    OPEN,
    POST,
    ROWS,
    START,
    STARTS,
    Row,
    data,
    headers,
    of_type,
    outcome,
    reset,
    setting,
    window,
)

PING = encode_frame(FrameType.PING, 0, 0, MARK)


def pull(server: Http2Server) -> list[Event]:
    events = []
    while not isinstance(event := server.next_event(), str):
        events.append(event)
        if isinstance(event, Over):
            break
    return events


def answer_all(server: Http2Server) -> list[Event]:
    """Every request that is complete is answered; returns the events."""
    events = []
    for event in iter(server.next_event, None):
        if isinstance(event, str):
            break
        events.append(event)
        if isinstance(event, Over):
            break
        if isinstance(event, Ended) and event.stream in server.open_streams:
            server.send_response(event.stream, 200, [(b"x-a", b"b")], b"hello")
    return events


def talk(sent: bytes, sizes: list[int] | None = None, settings: Settings | None = None) -> bytes:
    """What the server says to `sent`, cut into pieces of these sizes, and the rest."""
    server = Http2Server(settings)
    out = []
    at = 0
    for size in [*(sizes or []), len(sent)]:
        server.receive_data(sent[at : at + size])
        at += size
        answer_all(server)
        out.append(server.data_to_send())
    return b"".join(out)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_rule(row: Row) -> None:
    for sizes in ([], [1] * len(START + row.sent + PING)):
        assert row.met_by(outcome(talk(START + row.sent + PING, sizes)))


@pytest.mark.parametrize("row", STARTS, ids=lambda row: row.name)
def test_how_it_begins(row: Row) -> None:
    assert row.met_by(outcome(talk(row.sent)))


@given(sizes=st.lists(st.integers(1, 60), max_size=30), which=st.sampled_from(ROWS))
def test_however_it_is_cut(sizes: list[int], which: Row) -> None:
    assert talk(START + which.sent + PING, sizes) == talk(START + which.sent + PING)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_streams_at_once_are_limited(extra: int) -> None:
    server = Http2Server(Settings(max_streams=5))
    server.receive_data(START + b"".join(headers(2 * i + 1, POST, end=False) for i in range(5 + extra)))
    pull(server)
    refused = [(f.stream, f.number) for f in of_type(FrameType.RST_STREAM, server.data_to_send())]
    assert refused == ([(11, ErrorCode.REFUSED_STREAM)] if extra > 0 else [])
    assert len(server.open_streams) == min(5, 5 + extra)


def floods(limit: int) -> dict[str, tuple[bytes, bytes, Settings]]:
    """By name: what comes before, what is repeated, with settings that allow `limit` of it."""
    resets = Settings(max_resets=limit)
    control = Settings(max_control=limit)
    return {
        "continuation": (headers(1, flags=0), encode_frame(9, 0, 1), Settings(max_continuations=limit)),
        "ping": (b"", encode_frame(6, 0, 0, bytes(8)), control),
        "settings": (b"", setting(4, 65535), control),
        "priority": (b"", encode_frame(2, 0, 1, bytes(5)), control),
        "empty data": (OPEN, data(1), control),
        "padded data": (OPEN, data(1, b"\x03\0\0\0", flags=8), control),
        "unknown": (b"", encode_frame(99, 0, 0), control),
        "refused": (b"", b"", resets),
    }


@pytest.mark.parametrize("name", [name for name in floods(0) if name != "refused"])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_flood_ends_the_connection(name: str, extra: int) -> None:
    before, one, settings = floods(20)[name]
    sent = START + before + one * (20 + extra)
    if name == "settings":  # START has one
        sent = START + one * (19 + extra)
    elif name != "continuation":
        settings = Settings(max_control=21)  # for that of START
    server = Http2Server(settings)
    server.receive_data(sent)
    over = any(isinstance(event, Over) for event in pull(server))
    assert over == (extra > 0)
    goaway = of_type(FrameType.GOAWAY, server.data_to_send())
    assert [frame.number for frame in goaway] == [ErrorCode.ENHANCE_YOUR_CALM] * over


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_rapid_reset(extra: int) -> None:
    server = Http2Server(Settings(max_resets=30))
    server.receive_data(START + b"".join(headers(2 * i + 1) + reset(2 * i + 1) for i in range(30 + extra)))
    over = any(isinstance(event, Over) for event in pull(server))
    assert over == (extra > 0)


def test_what_is_counted_is_forgotten_with_time() -> None:
    server = Http2Server(Settings(max_resets=30))
    server.receive_data(START)
    for turn in range(5):
        many = (headers(2 * i + 1) + reset(2 * i + 1) for i in range(25 * turn, 25 * turn + 25))
        server.receive_data(b"".join(many), now=turn * 10.0)
        assert not any(isinstance(event, Over) for event in pull(server))


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_heads_are_limited(extra: int) -> None:
    """In all, counted as HPACK counts; in number; the target; the block as it comes."""
    size = sum(len(name) + len(value) + 32 for name, value in GET)
    field = ("x", "v" * (1000 - size - 33 + extra))
    sent = START + headers(1, [*GET, field]) + PING
    answer = of_type(FrameType.HEADERS, talk(sent, settings=Settings(max_header_bytes=1000)))[0]
    status = dict(Decoder().decode(answer.payload))[b":status"]
    assert status == (b"431" if extra > 0 else b"200")
    many = [(f"x-{i}", "v") for i in range(9 + extra)]  # and Host, made of :authority
    sent = START + headers(1, [*GET, *many]) + PING
    answer = of_type(FrameType.HEADERS, talk(sent, settings=Settings(max_headers=10)))[0]
    assert dict(Decoder().decode(answer.payload))[b":status"] == (b"431" if extra > 0 else b"200")
    path = "/" + "a" * (100 - len("GET / HTTP/1.1") + extra)
    sent = START + headers(1, [GET[0], GET[1], (":path", path), GET[3]]) + PING
    answer = of_type(FrameType.HEADERS, talk(sent, settings=Settings(max_request_line=100)))[0]
    assert dict(Decoder().decode(answer.payload))[b":status"] == (b"414" if extra > 0 else b"200")


def test_a_bomb_is_refused_and_the_connection_goes_on() -> None:
    """A large field put into the table, then referred to ten thousand times."""
    bomb = encode_frame(1, 5, 1, headers(1)[9:] + b"\x40\x01a\x7f\xe1\x0d" + b"v" * 1888 + b"\xbe" * 10000)
    out = talk(START + bomb + headers(3) + PING)
    statuses = [Decoder().decode(f.payload)[0] for f in of_type(FrameType.HEADERS, out)[:1]]
    assert statuses == [(b":status", b"431")]
    assert outcome(out) is None
    assert {f.stream for f in of_type(FrameType.HEADERS, out)} == {1, 3}


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_blocks_in_pieces_are_limited(extra: int) -> None:
    server = Http2Server(Settings(max_header_bytes=500))
    server.receive_data(START + encode_frame(1, 1, 1, bytes(300)) + encode_frame(9, 0, 1, bytes(200 + extra)))
    assert any(isinstance(event, Over) for event in pull(server)) == (extra > 0)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("announced", [True, False])
def test_bodies_are_limited(extra: int, announced: bool) -> None:
    n = 100 + extra
    fields = [*POST, ("content-length", str(n))] if announced else POST
    sent = START + headers(1, fields, end=False) + data(1, bytes(n), end=True) + PING
    out = talk(sent, settings=Settings(max_body=100))
    status = dict(Decoder().decode(of_type(FrameType.HEADERS, out)[0].payload))[b":status"]
    assert status == (b"413" if extra > 0 else b"200")


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_client_may_not_send_more_than_the_window(extra: int) -> None:
    server = Http2Server(Settings(stream_window=20000))
    server.receive_data(START + OPEN)
    pull(server)
    server.hold(1, True)
    server.receive_data(data(1, bytes(10000)) + data(1, bytes(10000 + extra)))
    pull(server)
    resets = of_type(FrameType.RST_STREAM, server.data_to_send())
    assert [f.number for f in resets] == ([ErrorCode.FLOW_CONTROL_ERROR] if extra > 0 else [])


def test_a_held_stream_opens_its_window_when_it_is_let_go() -> None:
    server = Http2Server(Settings(stream_window=20000))
    server.receive_data(START + OPEN)
    pull(server)
    server.data_to_send()
    server.hold(1, True)
    server.receive_data(data(1, bytes(16000)))
    assert pull(server) == [Body(1, bytes(16000))]
    assert server.data_to_send() == b""
    server.hold(1, False)
    assert server.data_to_send() == window(1, 16000)


def client() -> h2.connection.H2Connection:
    made = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
    made.initiate_connection()
    return made


def exchange(peer: h2.connection.H2Connection, server: Http2Server) -> list[h2.events.Event]:
    """Carry bytes to and fro until both are silent; requests are answered; what the client heard."""
    heard: list[h2.events.Event] = []
    while sent := peer.data_to_send():
        server.receive_data(sent)
        answer_all(server)
        heard += peer.receive_data(server.data_to_send())
    return heard


def test_with_h2_as_the_client() -> None:
    peer, server = client(), Http2Server(server=b"fastnet")
    for i in range(50):
        stream = peer.get_next_available_stream_id()
        peer.send_headers(stream, [*GET, ("x-number", str(i))], end_stream=True)
    heard = exchange(peer, server)
    answers = [event for event in heard if isinstance(event, h2.events.ResponseReceived)]
    assert [dict(answer.headers) for answer in answers] == [
        {b":status": b"200", b"x-a": b"b", b"content-length": b"5", b"server": b"fastnet"}
    ] * 50
    assert sum(isinstance(event, h2.events.StreamEnded) for event in heard) == 50
    assert server.open_streams == []


def test_trailers_both_ways_and_an_interim_answer() -> None:
    peer, server = client(), Http2Server()
    peer.send_headers(1, [*POST, ("expect", "100-continue")])
    peer.send_data(1, b"abc")
    peer.send_headers(1, [("x-sum", "1")], end_stream=True)
    server.receive_data(peer.data_to_send())
    asked, body, ended = pull(server)
    assert isinstance(asked, Asked) and asked.request.expect_continue and asked.request.version == "2"
    assert (body, ended) == (Body(1, b"abc"), Ended(1, [(b"x-sum", b"1")]))
    server.send_head(1, 103, [(b"link", b"</a>")])
    server.send_head(1, 200)
    server.send_data(1, b"one")
    server.send_end(1, [(b"x-late", b"yes")])
    kinds = peer.receive_data(server.data_to_send())
    found = [(type(event).__name__, getattr(event, "headers", None)) for event in kinds]
    assert ("InformationalResponseReceived", [(b":status", b"103"), (b"link", b"</a>")]) in found
    assert ("TrailersReceived", [(b"x-late", b"yes")]) in found


def test_several_cookies_are_one_field() -> None:
    server = Http2Server()
    server.receive_data(START + headers(1, [*GET, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]))
    asked = pull(server)[0]
    assert isinstance(asked, Asked)
    assert asked.request.headers == [(b"host", b"a"), (b"cookie", b"a=1; b=2"), (b"x", b"y")]


def test_drain_and_shut() -> None:
    server = Http2Server()
    server.receive_data(START + OPEN)
    pull(server)
    server.drain()
    pull(server)
    first = of_type(FrameType.GOAWAY, server.data_to_send())
    assert [(f.last_stream, f.number) for f in first] == [(0x7FFFFFFF, ErrorCode.NO_ERROR)]
    server.receive_data(data(1, b"", end=True) + headers(3))
    assert [type(event) for event in answer_all(server)] == [Ended, Asked, Ended]
    server.shut()
    last = of_type(FrameType.GOAWAY, server.data_to_send())
    assert [(f.last_stream, f.number) for f in last] == [(3, ErrorCode.NO_ERROR)]
    assert isinstance(server.next_event(), Over)


def test_who_resets_is_told_to_the_application() -> None:
    server = Http2Server()
    server.receive_data(START + OPEN + reset(1))
    assert [type(event) for event in pull(server)] == [Asked, Reset]
    with pytest.raises(KeyError):
        server.send_head(1, 200)


def test_deadlines() -> None:
    settings = Settings(first_byte_timeout=3, head_timeout=5, keepalive_timeout=7, body_timeout=9, min_rate=100)
    server = Http2Server(settings)
    assert server.next_timeout() == 3
    server.receive_data(START, now=1.0)
    pull(server)
    assert server.next_timeout() == 7
    server.receive_data(headers(1)[:9], now=2.0)  # and no more of it
    pull(server)
    assert server.next_timeout() == 5
    server.receive_data(headers(1)[9:], now=3.0)
    answer_all(server)
    assert server.next_timeout() == 7
    server.receive_data(headers(3, POST, end=False), now=4.0)
    pull(server)
    assert server.next_timeout() == 9
    server.data_to_send()
    server.handle_timeout(13.5)
    assert [type(event) for event in pull(server)] == [Reset]
    answer = of_type(FrameType.HEADERS, server.data_to_send())
    assert Decoder().decode(answer[0].payload)[0] == (b":status", b"408")
    timeout = server.next_timeout()
    assert timeout is not None
    server.handle_timeout(13.5 + timeout)
    assert isinstance(server.next_event(), Over)
    assert of_type(FrameType.GOAWAY, server.data_to_send())[0].number == ErrorCode.NO_ERROR


def test_an_acknowledgement_follows_settings() -> None:
    out = talk(START + encode_frame(1, 5, 1, headers(1)[9:]))
    assert [f.flags for f in of_type(FrameType.SETTINGS, out)] == [0, ACK]
    assert of_type(FrameType.HEADERS, out)[0].flags == END_HEADERS
