"""Services on sockets, under every model: what goes wrong on a network hurts nobody but who does it."""

import os
import random
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers.services import MODELS, order, read_all, read_exactly, read_line, serve_service
from tests.servers.serving import PATIENCE_S, Server, until


@pytest.fixture(scope="module", params=MODELS)
def echo(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve_service("Echo", request.param) as server:
        yield server


@pytest.fixture(scope="module", params=MODELS)
def commands(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve_service("Commands", request.param, "--max-output", "100000") as server:
        yield server


def small(server: Server) -> socket.socket:
    """A client whose kernel takes next to nothing before it reads."""
    client = socket.socket()
    client.settimeout(PATIENCE_S)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    return client


def test_bytes_come_back_however_they_are_cut(echo: Server) -> None:
    with echo.connect() as client:
        for cut in (1, 3, 1000):
            data = random.Random(cut).randbytes(50 * cut)
            for start in range(0, len(data), cut):
                client.sendall(data[start : start + cut])
                if cut == 1:
                    assert read_exactly(client, 1) == data[start : start + 1]
            if cut > 1:
                assert read_exactly(client, len(data)) == data
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


@pytest.mark.parametrize("model", MODELS)
def test_a_piece_that_is_kept_stays_as_it_came(model: str) -> None:
    words = [b"keep%04d" % n for n in range(60)]
    with serve_service("Keeper", model) as server, server.connect() as client:
        for word in words:
            for piece, answer in ((b"known wd", b"known"), (b"some wor", b"other"), (word, b"other")):
                client.sendall(piece)
                assert read_exactly(client, 5) == answer
        client.sendall(b"tell all")
        assert read_exactly(client, 8 * len(words)) == b"".join(words)


def test_writes_that_the_kernel_takes_in_parts_lose_nothing(echo: Server) -> None:
    data = random.Random(1).randbytes(6 << 20)
    with small(echo) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        with echo.connect() as other:  # meanwhile
            other.sendall(b"quick")
            assert read_exactly(other, 5) == b"quick"
        assert read_all(client) == data
        sender.join()


def test_who_never_reads_takes_bounded_memory_and_hurts_nobody(commands: Server) -> None:
    def memory() -> int:
        return sum(psutil.Process(pid).memory_info().rss for pid in commands.workers())

    with commands.connect() as other:
        order(other, b"pid")
        before = memory()
        greedy = [small(commands) for _ in range(4)]
        for client in greedy:
            client.sendall(b"endless\n" + b"tell\n" * 1000)
        for _ in range(200):
            order(other, b"pid")
        # 4 times max_output and what the kernel was given, not the gigabytes that could be made.
        assert memory() - before < 16 << 20
        for client in greedy:
            client.close()
        until(lambda: order(other, b"tell").count(b"endless ended") >= 4, "the end of endless answers")


def test_pushes_to_who_does_not_read_are_refused(commands: Server) -> None:
    with small(commands) as client, commands.connect() as other:
        client.sendall(b"flood\n")
        until(lambda: b"flood " in order(other, b"tell"), "a full buffer")
        data = read_exactly(client, 100000)
        assert data == b"z" * 99999 + b"\n"
        rest = bytearray()
        while not rest.endswith(b"full\n"):
            rest += client.recv(1 << 16)
        assert len(rest) % 100000 == 5  # nothing of what was taken is lost


def test_a_bad_question_ends_its_connection_and_nothing_else(commands: Server) -> None:
    with commands.connect() as steady:
        pid = order(steady, b"pid")
        for question in (b"bad", b"fail", b"leave", b"no_such_command", b"\xff"):
            with commands.connect() as client:
                client.sendall(question + b"\n")
                assert read_all(client) == b""
        assert order(steady, b"pid") == pid
    commands.wait_for_log("broke the rules: a bad question")
    commands.wait_for_log("ValueError: our fault")


def test_the_end_inside_a_message_is_told_with_counts(commands: Server) -> None:
    with commands.connect() as client:
        client.sendall(b"pid\nunfinis")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).strip().isdigit()
    commands.wait_for_log(r"the stream ended inside a frame, after 7 bytes")
    with commands.connect() as other:
        until(lambda: b"IncompleteFrame the stream ended inside" in order(other, b"tell"), "on_close with the error")


def test_a_reset_is_noticed(commands: Server) -> None:
    with commands.connect() as client, commands.connect() as other:
        order(client, b"pid")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        until(lambda: b"ConnectionResetError" in order(other, b"tell"), "on_close with the reset")


def test_half_closing_and_closing_send_what_was_said(commands: Server) -> None:
    with commands.connect() as client:
        client.sendall(b"eof\n")
        assert read_all(client) == b"no more\n"
        client.sendall(b"pid\n")  # is read, and its answer can go nowhere
    with commands.connect() as client:
        client.sendall(b"close\npid\n" * 100)
        assert read_all(client) == b"bye\nlast\n"
    with commands.connect() as client:
        client.sendall(b"abort\n")
        assert read_all(client) == b""


def test_handlers_know_their_peer(commands: Server) -> None:
    with commands.connect() as client:
        assert order(client, b"facts").decode() == repr((client.getsockname(), client.getpeername(), None, False))


@pytest.mark.parametrize("model", MODELS)
def test_a_unix_socket_serves_as_well(model: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serve_service("Commands", model, bind=f"unix:{path}") as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(str(path))
            assert order(client, b"facts").decode() == repr((None, (str(path), None), None, False))
        assert server.stop() == 0
        assert "stopped after 1 request of 1 connection\n" in server.log
    assert not path.exists()


def test_of_a_protocol_that_answers_by_itself_the_connections_are_counted() -> None:
    with serve_service("Echo", "prefork") as server:
        for _ in range(2):
            with server.connect() as client:
                client.sendall(b"xyz")
                assert read_exactly(client, 3) == b"xyz"
        assert server.stop() == 0
        assert "stopped after 2 connections\n" in server.log


@pytest.mark.parametrize("model", MODELS)
def test_the_port_is_free_again_at_once(model: str) -> None:
    """Though connections that the server closed first are in TIME_WAIT there."""
    with serve_service("Commands", model) as server:
        port = server.port
        with server.connect() as client:
            assert order(client, b"close") == b"bye"
            assert read_all(client) == b"last\n"
        assert server.stop() == 0
    with serve_service("Commands", model, bind=f"tcp://127.0.0.1:{port}") as server, server.connect() as client:
        assert order(client, b"pid").isdigit()


@pytest.mark.parametrize("model", MODELS)
def test_slow_clients_and_idle_ones_are_dropped(model: str) -> None:
    with serve_service("hurried", model) as server:
        with server.connect() as client:
            assert order(client, b"quick") == b"quick"
            assert client.recv(1) == b""  # after idle_timeout
        with server.connect() as client:
            client.sendall(b"never comple")
            assert client.recv(1) == b""
    options = ("--write-timeout", "0.3", "--min-rate", "1000000")
    with serve_service("Commands", model, *options) as server, small(server) as client:
        client.sendall(b"endless\n")
        server.wait_for_log(r"does not read them")


@pytest.mark.parametrize("model", MODELS)
def test_a_drain_answers_what_began_and_closes_what_is_idle(model: str) -> None:
    with serve_service("slow", model) as server, server.connect() as busy, server.connect() as idle:
        assert order(idle, b"0") == b"awake"
        busy.sendall(b"0.5\n")
        # The server has it when a later connection's question was answered.
        with server.connect() as later:
            assert order(later, b"0") == b"awake"
        server.process.send_signal(signal.SIGTERM)
        assert read_line(busy) == b"awake"
        assert idle.recv(1) == b"" and busy.recv(1) == b""
        assert server.wait() == 0


def test_the_worker_that_serves_is_a_process_of_its_own(commands: Server) -> None:
    with commands.connect() as client:
        pid = int(order(client, b"pid"))
    assert pid in commands.workers() and pid != os.getpid()
