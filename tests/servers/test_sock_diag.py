import socket
from collections.abc import Iterator

import pytest

from fastnet.servers.sock_diag import LISTEN, tcp_sockets, waiting
from tests.servers.serving import until


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family, host = request.param
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        sock.listen(16)
        yield sock


def test_a_listener_shows_with_its_queue(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert (port, 0) in tcp_sockets(listener.family, LISTEN)
    clients = [socket.create_connection(listener.getsockname()[:2]) for _ in range(3)]
    until(lambda: waiting({port}) == {port: 3}, "three in the queue")
    accepted = listener.accept()[0]
    until(lambda: waiting({port}) == {port: 2}, "two in the queue")
    for sock in (*clients, accepted):
        sock.close()


def test_only_the_ports_that_were_asked_for(listener: socket.socket) -> None:
    assert waiting(set()) == {}
    assert set(waiting({listener.getsockname()[1]})) == {listener.getsockname()[1]}


def test_a_closed_listener_shows_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert waiting({port}) == {}
