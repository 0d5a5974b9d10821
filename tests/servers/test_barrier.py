"""Listeners that let nobody in any more: who is in stays in, and so does who has begun to come in."""

import socket
import threading
from pathlib import Path

import pytest

from fastnet.servers.barrier import refuse
from fastnet.servers.listeners import Address, open_socket


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_after_refuse_nobody_else_comes_in_and_those_in_the_backlog_stay(host: str) -> None:
    listener = open_socket(Address("tcp", host=host), 8)
    name = listener.getsockname()[:2]
    with socket.create_connection(name) as early:
        early.sendall(b"early")
        refuse([listener])
        with pytest.raises(TimeoutError):
            socket.create_connection(name, timeout=0.2)
        connection, _ = listener.accept()
        with connection:
            connection.setblocking(True)
            assert connection.recv(10) == b"early"
            early.sendall(b"more")
            assert connection.recv(10) == b"more"
        with pytest.raises(BlockingIOError):
            listener.accept()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(name)


def test_who_has_begun_a_handshake_before_refuse_is_let_in() -> None:
    listener = open_socket(Address("tcp", host="127.0.0.1"), 8)
    # For the listener the handshake now lasts until the first data; the client believes to be connected.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
    with socket.create_connection(listener.getsockname()) as client:
        later = threading.Timer(0.1, client.sendall, (b"hello",))
        later.start()
        refuse([listener])
        later.join()
        connection, _ = listener.accept()
        with connection:
            connection.setblocking(True)
            assert connection.recv(10) == b"hello"
    listener.close()


def test_a_unix_socket_refuses_at_once_and_gives_out_its_backlog(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with open_socket(Address("unix", path=path), 8) as listener:
        early, late = (socket.socket(socket.AF_UNIX) for _ in range(2))
        with early, late:
            early.connect(path)
            early.sendall(b"early")
            refuse([listener])
            with pytest.raises(ConnectionRefusedError):
                late.connect(path)
            connection, _ = listener.accept()
            with connection:
                connection.setblocking(True)
                assert connection.recv(10) == b"early"
                early.sendall(b"more")
                assert connection.recv(10) == b"more"
            with pytest.raises(BlockingIOError):
                listener.accept()
