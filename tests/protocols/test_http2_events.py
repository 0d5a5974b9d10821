"""The face of a server's connection in Python: when it wants more, when it is full, when it is over."""

from fastnet.codecs.http2 import encode_frame
from fastnet.protocols.http2_events import FULL, WANTED, Asked, Http2Server, Over
from fastnet.protocols.workspace import Settings
from tests.protocols.http2_wire import START, headers
from tests.protocols.test_http2 import pull


def test_it_wants_more_until_there_is_a_whole_frame() -> None:
    server = Http2Server()
    for byte in START + headers(1):
        assert server.next_event() == WANTED
        server.receive_data(bytes((byte,)))
    asked = server.next_event()
    assert isinstance(asked, Asked) and asked.stream == 1 and server.open_streams == [1]


def test_it_is_full_while_nobody_reads_what_it_says() -> None:
    server = Http2Server(Settings(max_output=4096, max_control=1000))
    server.receive_data(START + encode_frame(6, 0, 0, bytes(8)) * 500)
    assert server.next_event() == FULL
    assert 4096 < len(server.data_to_send()) < 4096 + 100
    assert server.next_event() == FULL


def test_it_is_over_when_it_is_shut() -> None:
    server = Http2Server()
    server.receive_data(START)
    pull(server)
    server.shut()
    assert isinstance(server.next_event(), Over)
