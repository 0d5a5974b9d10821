"""How streams and connections end, and what comes for streams that have."""

from fastnet.codecs.http2 import ErrorCode, FrameType
from fastnet.protocols.http2_events import Asked, Http2Server, Over, Reset
from fastnet.protocols.workspace import Settings
from tests.protocols.http2_wire import OPEN, POST, START, data, headers, of_type, outcome, reset
from tests.protocols.test_http2 import PING, pull


def test_windows_are_given_back_for_what_is_dropped() -> None:
    """A client that goes on sending to a stream that was reset finds the connection's window open."""
    server = Http2Server()
    server.receive_data(START + OPEN)
    pull(server)
    server.reset(1)
    out = b""
    for _ in range(100):
        server.receive_data(data(1, bytes(16000)))
        assert pull(server) == []
        out += server.data_to_send()
    assert sum(frame.number for frame in of_type(FrameType.WINDOW_UPDATE, out)) > 1_000_000 + 500_000


def test_a_body_whose_request_was_answered_is_read_a_little_further() -> None:
    server = Http2Server()
    server.receive_data(START + OPEN)
    pull(server)
    server.send_response(1, 200)
    server.data_to_send()
    for _ in range(4):
        server.receive_data(data(1, bytes(16000)))
        assert pull(server) == []
        assert of_type(FrameType.RST_STREAM, server.data_to_send()) == []
    server.receive_data(data(1, bytes(16000)))
    pull(server)
    assert [f.number for f in of_type(FrameType.RST_STREAM, server.data_to_send())] == [ErrorCode.NO_ERROR]
    assert server.open_streams == []


def test_the_end_of_input() -> None:
    server = Http2Server()
    server.receive_data(START + headers(1) + headers(3, POST, end=False))
    server.receive_eof()
    events = pull(server)
    assert [event.stream for event in events if isinstance(event, Asked)] == [1, 3]
    assert [event.stream for event in events if isinstance(event, Reset)] == [3]
    server.send_response(1, 200, body=b"still")
    assert of_type(FrameType.DATA, server.data_to_send())[0].payload == b"still"
    assert isinstance(server.next_event(), Over)


def test_what_a_broken_connection_had_open_is_not_answered() -> None:
    server = Http2Server()
    server.receive_data(START + OPEN + reset(9))
    assert isinstance(pull(server)[-1], Over)
    assert outcome(server.data_to_send() + PING) == ErrorCode.PROTOCOL_ERROR


def test_of_streams_that_were_refused_the_latest_are_remembered() -> None:
    """What still comes for those is dropped; a client that goes on with others has had time enough to hear of it."""
    server = Http2Server(Settings(max_streams=1, max_resets=1000))
    server.receive_data(START + OPEN + b"".join(headers(stream, POST, end=False) for stream in range(3, 803, 2)))
    pull(server)
    assert len(of_type(FrameType.RST_STREAM, server.data_to_send())) == 400
    server.receive_data(data(801, b"late") + data(301, b"late"))
    assert pull(server) == []
    server.receive_data(data(3, b"too late"))
    assert isinstance(pull(server)[-1], Over)
    assert outcome(server.data_to_send()) == ErrorCode.STREAM_CLOSED
