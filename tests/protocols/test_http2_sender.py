"""What a server sends by HTTP/2: no more than the windows allow, in the order of priorities, and heads in full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.codecs.hpack import Decoder
from fastnet.codecs.http2 import FrameType, encode_frame, parse_frames
from fastnet.protocols.http2_events import Http2Server
from tests.protocols.http2_wire import GET, START, headers, of_type, reset, setting, window
from tests.protocols.test_http2 import pull


def serving(*streams: tuple[int, str], before: bytes = b"") -> Http2Server:
    """A server with open streams, of these numbers and priorities."""
    server = Http2Server()
    asked = b"".join(headers(number, [*GET, ("priority", priority)]) for number, priority in streams)
    server.receive_data(START + before + asked)
    pull(server)
    server.data_to_send()
    return server


def sent_data(server: Http2Server) -> list[tuple[int, int]]:
    """(stream, bytes) of each DATA frame that goes out."""
    return [(frame.stream, len(frame.payload)) for frame in of_type(FrameType.DATA, server.data_to_send())]


def test_a_body_waits_for_its_window() -> None:
    server = serving((1, "u=3"))
    server.send_response(1, 200, body=bytes(100000))
    assert sum(n for _, n in sent_data(server)) == 65535
    assert server.waiting(1) == 100000 - 65535
    server.receive_data(window(1, 20000))
    pull(server)
    assert sent_data(server) == [], "the connection's window is closed, too"
    server.receive_data(window(0, 1 << 20))
    pull(server)
    assert sum(n for _, n in sent_data(server)) == 20000
    server.receive_data(window(1, 1 << 20))
    pull(server)
    frames = of_type(FrameType.DATA, server.data_to_send())
    assert sum(len(frame.payload) for frame in frames) == 100000 - 65535 - 20000
    assert [frame.flags for frame in frames] == [0] * (len(frames) - 1) + [1]
    assert server.open_streams == []


@given(grants=st.lists(st.integers(1, 40000), max_size=20), size=st.integers(0, 200000), first=st.integers(0, 70000))
def test_never_more_than_granted_and_all_in_the_end(grants: list[int], size: int, first: int) -> None:
    server = serving((1, "u=3"), before=setting(4, first) + window(0, 1 << 20))
    body = bytes(i % 251 for i in range(size))
    server.send_response(1, 200, body=body)
    allowed, got = first, b""
    for grant in [0, *grants, 1 << 20]:
        if grant and 1 in server.open_streams:
            server.receive_data(window(1, grant))
            pull(server)
        allowed += grant
        got += b"".join(frame.payload for frame in of_type(FrameType.DATA, server.data_to_send()))
        assert len(got) == min(allowed, size)
    assert got == body and server.open_streams == []


def test_a_smaller_setting_makes_a_window_negative() -> None:
    server = serving((1, "u=3"))
    server.send_head(1, 200)
    server.send_data(1, bytes(60000))
    assert sum(n for _, n in sent_data(server)) == 60000
    server.receive_data(setting(4, 100) + window(1, 59870))
    pull(server)
    server.send_data(1, bytes(1000))
    assert sent_data(server) == []
    server.receive_data(window(1, 165))
    pull(server)
    assert sent_data(server) == [(1, 135)]


ZERO = setting(4, 0)


def opened(server: Http2Server, *streams: int, size: int = 40000) -> list[int]:
    for stream in streams:
        server.send_response(stream, 200, body=bytes(size))
    server.receive_data(setting(4, 1 << 20) + window(0, 1 << 24))
    pull(server)
    return [stream for stream, _ in sent_data(server)]


def test_the_most_urgent_first() -> None:
    server = serving((1, "u=5"), (3, "u=1"), (5, "u=3"), before=ZERO)
    assert opened(server, 1, 3, 5) == [3] * 3 + [5] * 3 + [1] * 3


def test_of_equals_one_after_the_other_or_in_turns_if_incremental() -> None:
    server = serving((1, "u=3"), (3, "u=3"), before=ZERO)
    assert opened(server, 1, 3) == [1] * 3 + [3] * 3
    server = serving((1, "u=3, i"), (3, "u=3, i"), before=ZERO)
    assert opened(server, 1, 3) == [1, 3] * 3
    server = serving((1, "u=3, i"), (3, "u=3"), before=ZERO)
    assert opened(server, 1, 3) == [3] * 3 + [1] * 3


def test_a_priority_may_be_changed() -> None:
    update = encode_frame(FrameType.PRIORITY_UPDATE, 0, 0, b"\0\0\0\x03u=0")
    server = serving((1, "u=1"), (3, "u=6"), before=ZERO)
    server.receive_data(update)
    assert opened(server, 1, 3) == [3] * 3 + [1] * 3


def test_a_stream_that_was_reset_sends_no_more() -> None:
    server = serving((1, "u=3"), (3, "u=3"), before=ZERO)
    server.send_response(1, 200, body=bytes(10))
    server.receive_data(reset(1))
    pull(server)
    assert opened(server, 3, size=10) == [3]


def test_a_large_head_is_sent_in_pieces() -> None:
    server = serving((1, "u=3"))
    value = b"".join(b"%d, " % i for i in range(8000))
    server.send_response(1, 200, [(b"X-Large", value)])
    frames = parse_frames(server.data_to_send())[0]
    assert [frame.type for frame in frames] == [1] + [9] * (len(frames) - 2) + [0]
    assert [frame.flags for frame in frames] == [0] * (len(frames) - 2) + [4, 1] and len(frames) > 3
    block = b"".join(frame.payload for frame in frames[:-1])
    assert dict(Decoder(max_list_bytes=100000).decode(block))[b"x-large"] == value.strip()


def test_what_only_http1_has_is_left_out() -> None:
    server = serving((1, "u=3"))
    server.send_response(1, 200, [(b"Connection", b"close"), (b"Keep-Alive", b"1"), (b"Upgrade", b"x"), (b"A", b" b ")])
    fields = Decoder().decode(of_type(FrameType.HEADERS, server.data_to_send())[0].payload)
    assert fields == [(b":status", b"200"), (b"a", b"b"), (b"content-length", b"0")]


def test_answers_that_cannot_be_sent() -> None:
    server = serving((1, "u=3"), (3, "u=3"))
    for status, fields in ((99, []), (200, [(b"a b", b"c")]), (200, [(b"a", b"b\r\nc: d")]), (101, [])):
        with pytest.raises(ValueError):
            server.send_head(1, status, fields)
    assert server.data_to_send() == b"", "and nothing of it was sent"
    server.send_head(1, 200, [], 3)
    with pytest.raises(RuntimeError):
        server.send_head(1, 200)
    with pytest.raises(ValueError, match="1 bytes too many"):
        server.send_data(1, b"abcd")
    server.send_data(1, b"ab")
    with pytest.raises(ValueError, match="1 bytes are missing"):
        server.send_end(1)
    server.reset(1)
    assert [frame.number for frame in of_type(FrameType.RST_STREAM, server.data_to_send())] == [8]
    with pytest.raises(KeyError):
        server.send_end(1)


def test_who_does_not_open_the_window_is_dropped() -> None:
    server = serving((1, "u=3"))
    server.send_response(1, 200, body=bytes(100000))
    server.data_to_send()
    timeout = server.next_timeout()
    assert timeout is not None and timeout <= 30
    server.handle_timeout(500.0)
    assert [frame.stream for frame in of_type(FrameType.RST_STREAM, server.data_to_send())] == [1]
