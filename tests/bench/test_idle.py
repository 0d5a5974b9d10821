"""Idle connections: opened, kept, and those counted that the server closed."""

import pytest

from fastnet.bench.idle import dropped, open_idle
from fastnet.bench.processes import ServerFailed
from tests.bench.servers import HELLO, serving
from tests.servers.serving import until


def test_they_ask_once_and_stay() -> None:
    with serving() as server:
        socks = open_idle(server.listener.getsockname()[1], 300)
        assert server.requests == 300 and server.accepted == 300
        assert dropped(socks) == 0
        for peer in server.live[:7]:
            peer.shutdown(2)
        until(lambda: dropped(socks) == 7, "seven closed connections")
        for sock in socks:
            sock.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"], "it closed connection 1 once it had"),
        ([b"garbage"], "connection 1 was not answered"),
        ([None], "connection 1 was not answered"),
        ([], "connection 3 of 3: timed out"),
    ],
)
def test_servers_that_do_not_keep_them(answer: list[bytes | int | None], said: str) -> None:
    with serving(lambda n: answer) as server, pytest.raises(ServerFailed, match=said):
        open_idle(server.listener.getsockname()[1], 3, timeout_s=0.5)


def test_a_server_that_closes_later_is_seen() -> None:
    with serving(lambda n: [HELLO, None] if n == 1 else [HELLO]) as server:
        socks = open_idle(server.listener.getsockname()[1], 3)
        until(lambda: dropped(socks) == 1, "the closed connection")
