"""Difficult clients beside the load: they do what they are named after, and the load is measured all the same."""

from pathlib import Path

import pytest

from fastnet.bench import Result, Spec, run
from fastnet.errors import ConfigError
from tests.bench.servers import HELLO, serving
from tests.servers.serving import Server

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def test_idle_slow_and_deaf_clients_beside_the_load() -> None:
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(200_000)
    with serving(lambda n: [big]) as server:
        spec = Spec(
            urls=(server.url,), connections=2, requests=100, warmup_s=1.0, slow_interval_s=0.02,
            idle=5, slow_send=4, slow_read=3, never_read=2,
        )  # fmt: skip
        result = run(spec)
        assert server.accepted == 1 + 14 + 1 + 2       # one looks at first, one asks behind the difficult
    assert result.requests.answered == 100 and not result.errors
    clients = result.clients
    assert [(kind, n.opened, n.closed) for kind, n in clients.items()] == [
        ("idle", 5, 0), ("slow_send", 4, 0), ("slow_read", 3, 0), ("never_read", 2, 0)
    ]  # fmt: skip
    assert (clients["idle"].bytes_in, clients["idle"].bytes_out) == (0, 0)
    assert 4 < clients["slow_send"].bytes_out < 4 * 100 and clients["slow_send"].bytes_in == 0
    assert 0 < clients["slow_read"].bytes_in <= 3 * 64 * 100
    assert clients["never_read"].bytes_in == 0 < clients["never_read"].bytes_out
    assert Result.from_json(result.to_json()).clients == clients


def test_the_load_begins_when_the_difficult_clients_are_in() -> None:
    came: list[int] = []
    with serving(lambda n: came.append(server.accepted) or [HELLO]) as server:  # type: ignore[func-returns-value]
        run(Spec(urls=(server.url,), connections=1, requests=1, idle=400))
    assert came[1:] == [1 + 400 + 1 + 1]


def test_clients_that_the_server_closes_come_again() -> None:
    with serving(lambda n: [HELLO, None]) as server:
        result = run(Spec(urls=(server.url,), connections=1, duration_s=1, never_read=1))
    n = result.clients["never_read"]
    assert n.closed >= 2 and n.opened in (n.closed, n.closed + 1) and 0 < n.shortest_s <= n.longest_s < 1


def test_our_server_closes_slow_heads_and_says_when(tmp_path: Path) -> None:
    """A server with a deadline for heads, beside a load that does not notice."""
    (tmp_path / "site_slow.py").write_text(APP)
    with Server("site_slow:app", "--head-timeout", "1", "--workers", "1", cwd=tmp_path) as server:
        url = f"http://127.0.0.1:{server.port}/"
        result = run(Spec(urls=(url,), connections=2, duration_s=2.5, slow_send=3, idle=1, slow_interval_s=0.02))
    assert not result.errors and result.requests.answered > 0
    assert result.clients["slow_send"].closed >= 3 and result.clients["slow_send"].shortest_s >= 0.9
    assert result.clients["idle"].closed == 0


@pytest.mark.parametrize("scheme", ["https", "udp"])
def test_where_there_are_none(scheme: str) -> None:
    with pytest.raises(ConfigError, match=rf"^idle: 1 given, expected 0 with {scheme}"):
        Spec(urls=(f"{scheme}://localhost:1",), idle=1, body=b"x")
