"""The output buffer, as seen through a connection: order, references to large bytes, memory given back."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fastnet.protocols import ServerConnection

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def begin(length: int) -> ServerConnection:
    conn = ServerConnection()
    conn.receive_data(GET)
    conn.next_event()
    conn.send_response(200, [("content-length", str(length))], None)
    return conn


@given(st.lists(st.integers(0, 40000), max_size=12))
def test_small_and_large_pieces_leave_in_order(sizes: list[int]) -> None:
    pieces = [bytes([i + 65]) * size for i, size in enumerate(sizes)]
    conn = begin(sum(sizes))
    for piece in pieces:
        conn.send_data(piece)
    conn.send_end()
    buffers = conn.data_to_send()
    assert b"".join(buffers).partition(b"\r\n\r\n")[2] == b"".join(pieces)
    assert conn.data_to_send() == []


def test_large_bytes_are_not_copied() -> None:
    large = bytes(100_000)
    conn = begin(len(large))
    conn.send_data(large)
    assert conn.data_to_send()[1] is large
    changing = bytearray(large)
    conn = begin(len(large))
    conn.send_data(changing)
    changing[0] = 1
    assert conn.data_to_send()[1] == large


def test_memory_is_given_back() -> None:
    conn = begin(10**9)
    conn.data_to_send()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        conn.send_data(b"x" * 1000)
        conn.send_data(bytes(100_000))
    assert tracemalloc.get_traced_memory()[0] - before > 20_000_000
    conn.data_to_send()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert left < 100_000
