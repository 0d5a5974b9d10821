"""Over the wire, in every model, app kind and loop: each refusal closes, and the black-box rules of HTTP/1.1 hold."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from tests.refusals import ACCEPTED, REFUSALS, chunked
from tests.servers.cells import cells
from tests.servers.serving import Server
from tests.servers.wire_apps import LARGE, RAISED

server = cells("--max-body", "1000000")

GET = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def read_to_end(client: socket.socket) -> bytes:
    """All that comes until the server closes; a reset counts as that only when something came before."""
    data = b""
    while True:
        try:
            got = client.recv(262144)
        except ConnectionResetError:
            assert data
            return data
        if not got:
            return data
        data += got


def talk(server: Server, data: bytes) -> bytes:
    """Send everything at once and read until the server closes."""
    with server.connect() as client:
        client.sendall(data)
        return read_to_end(client)


def heads(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) [^\r]*\r\n", answer)]


class Reader:
    """Answers off a connection that stays open."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self.data = b""

    def until(self, mark: bytes) -> bytes:
        while mark not in self.data:
            got = self.client.recv(262144)
            assert got, self.data
            self.data += got
        head, _, self.data = self.data.partition(mark)
        return head + mark

    def exactly(self, n: int) -> bytes:
        while len(self.data) < n:
            got = self.client.recv(262144)
            assert got, self.data
            self.data += got
        body, self.data = self.data[:n], self.data[n:]
        return body

    def answer(self, with_body: bool = True) -> tuple[bytes, bytes]:
        head = self.until(b"\r\n\r\n")
        if not with_body:
            return head, b""
        length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head)
        if length:
            return head, self.exactly(int(length[1]))
        assert b"\r\ntransfer-encoding: chunked\r\n" in head
        body = b""
        while size := int(self.until(b"\r\n"), 16):
            body += self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        assert self.exactly(2) == b"\r\n"
        return head, body


def test_every_refusal_closes_and_answers_nothing_more(server: Server) -> None:
    """The table: status, Connection: close, the connection really closed, what was pipelined not answered."""
    failed = []
    for name, (data, status) in REFUSALS.items():
        answer = talk(server, data + GET)
        if heads(answer) != [status] or b"\r\nconnection: close\r\n" not in answer:
            failed.append((name, status, answer))
    assert not failed


def test_after_good_requests_too(server: Server) -> None:
    for data, status in (REFUSALS["length and chunked"], REFUSALS["chunk size not hex"], REFUSALS["no host"]):
        assert heads(talk(server, GET * 2 + data + GET)) == [200, 200, status]


def test_a_body_over_the_limit(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n"
    assert heads(talk(server, head)) == [413]
    piece = b"fffff\r\n" + bytes(0xFFFFF) + b"\r\n"
    assert heads(talk(server, chunked(piece * 2).replace(b"POST /", b"POST /echo"))) == [413]


def test_what_looks_odd_but_is_right(server: Server) -> None:
    for name, data in ACCEPTED.items():
        if not data.startswith((b"CONNECT", b"GET / HTTP/1.0")):
            assert heads(talk(server, data + LAST)) == [200, 200], name


def test_keep_alive_and_methods(server: Server) -> None:
    with server.connect() as client:
        reader = Reader(client)
        for method in (b"GET", b"POST", b"DELETE", b"PURGE"):
            for fields in (b"", b"Content-Length: 5\r\n\r\nhello"):
                client.sendall(method + b" /a%20b?c HTTP/1.1\r\nHost: a\r\n" + (fields or b"\r\n"))
                head, body = reader.answer()
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                assert b"connection:" not in head
                assert body == method + b" /a b"


def test_head(server: Server) -> None:
    with server.connect() as client:
        reader = Reader(client)
        client.sendall(GET.replace(b"GET", b"HEAD"))
        head, _ = reader.answer(with_body=False)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        client.sendall(GET)
        assert reader.answer()[1] == b"GET /next"


@pytest.mark.parametrize("size", [0, 1, 5000, 300_000])
def test_uploads(server: Server, size: int) -> None:
    body = bytes(i & 0xFF for i in range(size))
    with server.connect() as client:
        reader = Reader(client)
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body)
        assert reader.answer()[1] == body
        pieces = [body[i : i + 7001] for i in range(0, size, 7001)]
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            client.sendall(b"%x;ext\r\n%s\r\n" % (len(piece), piece))
        client.sendall(b"0\r\nTrailer-Field: x\r\n\r\n")
        assert reader.answer()[1] == body


def test_byte_by_byte(server: Server) -> None:
    with server.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"
        for i in range(len(data)):
            client.sendall(data[i : i + 1])
        assert Reader(client).answer()[1] == b"hello"


def test_trailers_in_pieces_on_two_connections_at_once(server: Server) -> None:
    data = chunked(b"5\r\nhello\r\n0\r\nA: b\r\nCd: ef\r\n\r\n")
    with server.connect() as one, server.connect() as two:
        for client in (one, two):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(data[:-14])
        for i in range(len(data) - 14, len(data)):
            for client in (one, two):
                client.sendall(data[i : i + 1])
        for client in (one, two):
            client.sendall(LAST)
            assert heads(read_to_end(client)) == [200, 200]


def test_pipelining(server: Server) -> None:
    n = 300
    data = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(n))
    with server.connect() as client:
        sender = threading.Thread(target=client.sendall, args=(data + LAST,))
        sender.start()
        reader = Reader(client)
        assert [reader.answer()[1] for _ in range(n)] == [b"GET /%d" % i for i in range(n)]
        head, body = reader.answer()
        assert (body, client.recv(1)) == (b"GET /last", b"")
        assert b"\r\nconnection: close\r\n" in head
        sender.join()


def test_http_1_0(server: Server) -> None:
    answer = talk(server, b"GET /old HTTP/1.0\r\n\r\n")
    assert heads(answer) == [200]
    assert answer.endswith(b"\r\n\r\nGET /old")
    with server.connect() as client:
        for _ in range(2):
            client.sendall(b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            head, body = Reader(client).answer()
            assert b"\r\nconnection: keep-alive\r\n" in head
            assert body == b"GET /old"
    assert talk(server, b"GET /stream HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\none two three")


def test_expect_continue(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    with server.connect() as client:
        reader = Reader(client)
        client.sendall(head)
        assert reader.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        assert reader.answer()[1] == b"hello"
        client.sendall(head + b"hello")          # did not wait, is not told
        assert reader.answer()[1] == b"hello"


def test_streaming(server: Server) -> None:
    with server.connect() as client:
        reader = Reader(client)
        client.sendall(GET.replace(b"/next", b"/stream") * 2)
        for _ in range(2):
            head, body = reader.answer()
            assert body == b"one two three"
            assert b"\r\ntransfer-encoding: chunked\r\n" in head


def test_a_large_answer_then_the_next(server: Server) -> None:
    with server.connect() as client:
        reader = Reader(client)
        client.sendall(GET.replace(b"/next", b"/large") + GET)
        assert len(reader.answer()[1]) == LARGE
        assert reader.answer()[1] == b"GET /next"


def test_half_close(server: Server) -> None:
    for data, body in ((GET * 2, b"GET /next"), (GET.replace(b"/next", b"/stream"), b"one two three")):
        with server.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            reader = Reader(client)
            for _ in range(data.count(b"GET")):
                assert reader.answer()[1] == body
            assert client.recv(1) == b""


def test_an_answer_survives_a_close_with_input_unread(server: Server) -> None:
    """A close that resets would take the answer with it."""
    for _ in range(20):
        answer = talk(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nx" + bytes(200_000))
        assert heads(answer) == [200, 400]
        assert answer.endswith(b"\n")


def test_what_an_application_raises_ends_its_request_and_nothing_else(server: Server) -> None:
    """SystemExit and KeyboardInterrupt, too: the answer is 500, or broken off, and the worker goes on."""
    workers = server.workers()
    for name in RAISED:
        answer = talk(server, GET.replace(b"/next", b"/raise/" + name.encode()) + GET)
        assert heads(answer) == [500] and b"\r\nconnection: close\r\n" in answer, name
        answer = talk(server, GET.replace(b"/next", b"/broken/" + name.encode()) + GET)
        assert heads(answer) == [200] and answer.endswith(b"\r\n4\r\none \r\n"), name
        server.wait_for_log(f"{name}: in the answer")
    assert server.get() == b"GET /"
    assert server.workers() == workers


def test_half_an_answer_takes_no_whole_one_with_it(server: Server) -> None:
    """Answers to earlier requests arrive, be they still queued; what follows them ends before its end."""
    broken = GET.replace(b"/next", b"/broken/ValueError")
    answer = talk(server, GET * 3 + broken + GET)
    assert heads(answer) == [200] * 4 and answer.count(b"GET /next") == 3
    assert answer.endswith(b"\r\n4\r\none \r\n")
    failures = server.log.count("ValueError: in the answer")
    with server.connect() as client:
        client.sendall(GET.replace(b"/next", b"/large") + broken + GET)
        reader = Reader(client)
        while server.log.count("ValueError: in the answer") == failures and len(reader.data) < LARGE:
            reader.data += client.recv(16384)
        # Now the end of the large answer is unread, and some of it unsent.
        assert len(reader.answer()[1]) == LARGE
        assert (reader.data + read_to_end(client)).endswith(b"\r\n4\r\none \r\n")


def test_half_an_answer_without_a_framing_ends_with_a_reset(server: Server) -> None:
    """To HTTP/1.0 a stream ends when the connection does: only a reset says that this is not how it was to end."""
    old = b" HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
    with server.connect() as client:
        client.sendall(b"GET /next" + old + b"GET /broken/ValueError" + old)
        data = b""
        with pytest.raises(ConnectionResetError):
            while got := client.recv(65536):
                data += got
        assert heads(data) == [200, 200] and b"GET /next" in data and data.endswith(b"\r\n\r\none ")
