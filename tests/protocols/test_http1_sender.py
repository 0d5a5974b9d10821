"""The sending half: framing chosen from what is known, and read back right by a peer."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.protocols import ServerConnection
from tests.protocols.exchange import GET, output, pull


class Heard:
    """What httptools makes of it."""

    def __init__(self) -> None:
        self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete += 1


@given(st.lists(st.binary(max_size=20000), max_size=6), st.booleans())
def test_httptools_reads_what_is_sent(parts: list[bytes], counted: bool) -> None:
    conn = ServerConnection()
    conn.receive_data(GET)
    pull(conn)
    conn.send_response(200, [("content-length", str(sum(map(len, parts))))] if counted else [], None)
    for part in parts:
        conn.send_data(part)
    conn.send_end()
    heard = Heard()
    httptools.HttpResponseParser(heard).feed_data(output(conn))
    assert (heard.body, heard.complete) == (b"".join(parts), 1)
    assert [name for name, _ in heard.headers] == [b"content-length" if counted else b"transfer-encoding"]


@pytest.mark.parametrize("size", [0, 1, 9, 10, 15, 16, 255, 256, 4095, 4096, 16383, 16384, 99999, 100000])
def test_sizes_in_both_bases(size: int) -> None:
    conn = ServerConnection()
    conn.receive_data(GET * 2)
    pull(conn)
    conn.send_response(200, [], bytes(size))
    assert b"\r\ncontent-length: %d\r\n" % size in output(conn)
    pull(conn)
    conn.send_response(200, [], None)
    conn.send_data(bytes(size))
    assert output(conn).partition(b"\r\n\r\n")[2] == (b"%x\r\n%s\r\n" % (size, bytes(size)) if size else b"")


def test_an_app_that_gives_the_same_length_twice_sends_it_once() -> None:
    conn = ServerConnection()
    conn.receive_data(GET)
    pull(conn)
    conn.send_response(200, [("Content-Length", "2"), ("content-length", "2")], b"hi")
    assert output(conn) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def test_heads_that_are_equal_or_nearly_so_are_told_apart() -> None:
    """A head equal to the one before is not serialized again; what differs in anything is."""
    kinds = ["text/plain", b"text/plain", "text/html", b"text/html", "text/plain"]
    heads = [[("content-type", kind), ("x", str(i // 3))] for i, kind in enumerate(kinds * 20)]
    conn = ServerConnection()
    for head in heads:
        for fresh in (head, [tuple(head[0]), ("x", "".join(head[1][1]))], [("content-type", head[0][1] * 1), head[1]]):
            conn.receive_data(GET)
            pull(conn)
            conn.send_response(200, fresh, b"hi")
            kind = head[0][1] if isinstance(head[0][1], bytes) else head[0][1].encode()
            fields = b"content-type: %s\r\nx: %s\r\n" % (kind, head[1][1].encode())
            assert output(conn).startswith(b"HTTP/1.1 200 OK\r\n" + fields)
