"""The blocking client against real servers of every protocol, and against peers that misbehave."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet.clients.rpc import Client
from fastnet.errors import ConfigError, ProtocolError
from fastnet.protocols.rpc_errors import (
    CallCancelled,
    ConnectionLost,
    DeadlineExceeded,
    InternalError,
    InvalidParams,
    MethodNotFound,
    RPCError,
)
from tests.clients.rpc_servers import APPS, KINDS, answer, peer, served, slam
from tests.ports import free_port, nobody
from tests.servers.serving import Server, until


@pytest.fixture(scope="module", params=KINDS)
def at(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    with served(request.param) as where:
        yield where


def test_calls(at: tuple[str, str]) -> None:
    with Client(*at) as client:
        assert client.call("add", [1, 2]) == 3
        assert client.call("echo", ["x" * 70_000]) == "x" * 70_000
        assert client.call("count", (3,)) == [0, 1, 2]
        if at[1] != "xml":
            assert client.call("add", {"b": 5, "a": 1}) == 6
        client.notify("add", [1])
        assert client.call_many([("add", [i]) for i in range(20)]) == list(range(1, 21))
        assert client.call_many([]) == []


def test_faults(at: tuple[str, str]) -> None:
    with Client(*at) as client:
        for method, kind in (("nope", MethodNotFound), ("add", InvalidParams), ("fail", InternalError)):
            with pytest.raises(kind):
                client.call(method)
        with pytest.raises(RPCError) as caught:
            client.call("refuse", [7])
        assert caught.value.code == 7 and (at[1] == "xml" or caught.value.data == {"code": 7})
        good, bad, fine = client.call_many([("add", [1]), ("nope", []), ("wait", [0])])
        assert (good, type(bad), fine) == (2, MethodNotFound, "waited")
        for wrong in ([object()], "text", [["x" * 20_000_000]]):
            with pytest.raises((TypeError, ValueError)):
                client.call("echo", wrong)
        assert client.call("add", [1]) == 2


def test_deadlines(at: tuple[str, str]) -> None:
    with Client(*at, timeout_s=30) as client:
        with pytest.raises(DeadlineExceeded):
            client.call("wait", [3600], timeout_s=0.05)
        with pytest.raises(DeadlineExceeded):
            client.call("impatient")
        assert client.call("add", [1]) == 2
        found = client.call_many([("wait", [3600]), ("add", [1])], timeout_s=0.2)
        assert type(found[0]) is DeadlineExceeded
        assert client.call("add", [1]) == 2, "a late answer is not taken for another"


def test_threads_share_a_client(at: tuple[str, str]) -> None:
    found: list[Any] = []
    with Client(*at) as client:

        def run(n: int) -> None:
            found.extend(client.call("add", [n, i]) - n - i for i in range(10))

        threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [0] * 40


@pytest.fixture(scope="module")
def msgpack() -> Iterator[str]:
    with served("msgpack") as (url, _):
        yield url


def test_streams(msgpack: str) -> None:
    with Client(msgpack) as client:
        assert list(client.stream("ticks", [5])) == [0, 1, 2, 3, 4]
        endless = client.stream("ticks", [2**60])
        assert [next(endless) for _ in range(3)] == [0, 1, 2]
        endless.close()
        assert client.call("add", [1]) == 2
        until(lambda: client.call("held").count("ticks") >= 2, "the stream to be cancelled")
        with pytest.raises(RPCError):
            list(client.stream("refuse", [1]))
    with Client("http://127.0.0.1:1", "json") as client, pytest.raises(TypeError, match="streams"):
        next(client.stream("ticks"))


def test_deadlines_are_told_to_a_server_that_knows_them(msgpack: str) -> None:
    with Client(msgpack, send_deadlines=True) as client:
        assert client.call("add", [1]) == 2
        with pytest.raises(DeadlineExceeded):
            client.call("wait", [3600], timeout_s=0.05)


def test_a_large_pipeline_blocks_nobody(msgpack: str) -> None:
    """More than both directions' buffers hold: the server stops reading while its answers are not taken."""
    with Client(msgpack) as client:
        text = "x" * 50_000
        assert client.call_many([("echo", [text])] * 300) == [text] * 300


def test_unix_sockets(tmp_path: Path) -> None:
    with Server("rpc_apps:plain.msgpack", cwd=APPS, bind=f"unix:{tmp_path / 'rpc'}"):
        with Client(f"unix:{tmp_path / 'rpc'}") as client:
            assert client.call("add", [1]) == 2


def test_a_call_whose_connection_breaks_is_not_sent_again() -> None:
    with peer(slam, answer) as url, Client(url) as client:
        with pytest.raises(ConnectionLost):
            client.call("pay", [100])
        assert client.call("ask") == 1, "the next call has a new connection, on which it is the first"


def test_an_idempotent_call_is_sent_again() -> None:
    with peer(slam, answer) as url, Client(url) as client:
        assert client.call("read", idempotent=True) == 1
    with peer(slam) as url, Client(url) as client, pytest.raises(ConnectionLost):
        client.call("read", idempotent=True)


def test_a_connection_that_was_closed_while_idle_is_made_again() -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(b"\x94\x01\x01\xc0\x07" if connection.recv(100) else b"")

    with peer(once) as url, Client(url) as client:
        assert client.call("a") == 7
        # The end may be on its way still; then the call may be lost, but it is never answered wrongly.
        for _ in range(3):
            assert client.call("a", idempotent=True) == 7


def test_nobody_there() -> None:
    with nobody() as port:
        for retries in (0, 1):
            with Client(f"tcp://127.0.0.1:{port}", retries=retries) as client, pytest.raises(ConnectionRefusedError):
                client.call("a")


def test_connecting_is_tried_again() -> None:
    port = free_port()
    found: list[Any] = []
    with Client(f"tcp://127.0.0.1:{port}", retries=30) as client:
        thread = threading.Thread(target=lambda: found.append(client.call("a")))
        thread.start()
        with socket.create_server(("127.0.0.1", port)) as again:
            connection, _ = again.accept()
            with connection:
                answer_once = b"\x94\x01\x01\xc0\x07"
                connection.recv(100)
                connection.sendall(answer_once)
                thread.join()
    assert found == [7]


@pytest.mark.parametrize("data", [b"\xc1", b"\x01", b"\x94\x01\x01\xc0"], ids=["garbage", "no message", "half"])
def test_a_peer_that_breaks_the_rules(data: bytes) -> None:
    def misbehave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(data)

    with peer(misbehave) as url, Client(url) as client, pytest.raises((ProtocolError, ConnectionLost)):
        client.call("a")


def test_answers_to_other_calls_are_passed_over() -> None:
    def stray(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x94\x01\x63\xc0\x01" + b"\x93\x02\xa1n\x90" + b"\x94\x01\x01\xc0\x07")
        connection.recv(100)

    with peer(stray) as url, Client(url) as client:
        assert client.call("a") == 7


def test_options_that_cannot_be() -> None:
    for options in ({"timeout_s": 0}, {"connect_timeout_s": -1}, {"retries": -1}, {"protocol": "x"}):
        with pytest.raises(ConfigError, match=next(iter(options))):
            Client("tcp://127.0.0.1:1", **options)  # type: ignore[arg-type]
    with Client("tcp://127.0.0.1:1", retries=0) as client, pytest.raises(ConfigError):
        client.call("a", timeout_s=-1)
    assert issubclass(CallCancelled, RPCError)
