"""Reaching a server: URLs, all addresses in a race, waits that grow."""

import random
import socket
import ssl
import threading

import pytest

from fastnet.clients.dialing import Destination, Retry, dial, in_turn, parse_destination, race, secured
from fastnet.errors import ConfigError
from tests.ports import free_port, nobody

V4, V6 = socket.AF_INET, socket.AF_INET6


def test_urls() -> None:
    assert parse_destination("tcp://a.example:80") == Destination("tcp", "a.example", 80)
    assert parse_destination("tls://[::1]:443") == Destination("tls", "::1", 443)
    assert parse_destination("unix:/run/x") == Destination("unix", path="/run/x")
    for wrong in ("", "a:80", "tcp://a", "tcp://a:0", "tcp://a:65536", "http://a:80", "unix:", "tcp://a:80/x"):
        with pytest.raises(ConfigError, match="url"):
            parse_destination(wrong)


def test_families_are_tried_in_turn() -> None:
    assert in_turn([(V6, 1), (V6, 2), (V6, 3), (V4, 4)]) == [(V6, 1), (V4, 4), (V6, 2), (V6, 3)]
    assert in_turn([(V4, 1), (V6, 2), (V6, 3)]) == [(V4, 1), (V6, 2), (V6, 3)]


def test_the_first_that_answers_wins() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, nobody() as port:
        refused = (V4, ("127.0.0.1", port))
        with race([refused, refused, (V4, listener.getsockname())], 30) as sock:
            assert sock.getpeername() == listener.getsockname() and sock.getblocking()
        # An address that never answers: its backlog is full.
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(0)
            fill = [socket.socket() for _ in range(3)]
            for sock in fill:
                sock.setblocking(False)
                sock.connect_ex(silent.getsockname())
            with race([(V4, silent.getsockname()), (V4, listener.getsockname())], 30) as sock:
                assert sock.getpeername() == listener.getsockname()
            with pytest.raises(TimeoutError, match=r"no address answered in 0\.05 s"):
                race([(V4, silent.getsockname())], 0.05)
            for sock in fill:
                sock.close()
        with pytest.raises(ConnectionRefusedError):
            race([refused], 30)


def test_waits_grow_to_a_ceiling() -> None:
    assert list(Retry(attempts=5, first_s=1, factor=3, ceiling_s=10, jitter=0).waits()) == [1, 3, 9, 10]
    assert list(Retry().waits()) == []
    waits = list(Retry(attempts=100, first_s=1, ceiling_s=1, jitter=0.5).waits(random.Random(1)))
    assert all(0.5 <= wait <= 1 for wait in waits) and len(set(waits)) == 99
    for wrong in ({"attempts": 0}, {"first_s": -1}, {"factor": 0.5}, {"jitter": 2}, {"ceiling_s": float("nan")}):
        with pytest.raises(ConfigError):
            Retry(**wrong)


def test_a_server_that_comes_late_is_reached() -> None:
    port = free_port()
    listeners: list[socket.socket] = []
    timer = threading.Timer(0.1, lambda: listeners.append(socket.create_server(("127.0.0.1", port))))
    timer.start()
    with dial(Destination("tcp", "127.0.0.1", port), 30, Retry(attempts=1000, first_s=0.02, ceiling_s=0.1)) as sock:
        assert sock.getpeername()[1] == port
    timer.join()
    listeners[0].close()


def test_without_a_limit_of_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with dial(Destination("tcp", "127.0.0.1", port), None) as sock:
            assert sock.getpeername()[1] == port and sock.gettimeout() is None
    with nobody() as port, pytest.raises(ConnectionRefusedError):
        dial(Destination("tcp", "127.0.0.1", port), None)


def test_a_socket_that_does_not_get_its_tls_is_closed() -> None:
    ours, other = socket.socketpair()
    other.close()
    with pytest.raises(OSError):
        secured(ours, 30, ssl.create_default_context(), "localhost")
    assert ours.fileno() == -1
