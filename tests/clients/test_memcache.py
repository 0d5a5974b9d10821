"""The sync client against Debian's memcached and against ours: every command, several nodes, threads, failures."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.clients.hashing import Ketama
from fastnet.clients.memcache import Client, ServerRefused
from fastnet.errors import ProtocolError
from tests.clients.caches import KINDS, cache, cache_command, memcached
from tests.ports import nobody
from tests.servers.serving import Server


@pytest.fixture(scope="module", params=KINDS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with cache(request.param) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with Client([f"127.0.0.1:{port}"]) as client:
        client.flush_all()
        yield client


def test_every_command(client: Client) -> None:
    assert client.get("a") is None and client.get("a", 5) == 5
    assert client.set("a", "text") and client.set(b"b", b"bytes", 60) and client.set("c", 17)
    assert (client.get("a"), client.get("b"), client.get(b"c")) == ("text", b"bytes", 17)
    assert client.get_many(["a", b"b", "c", "d"]) == {"a": "text", b"b": b"bytes", "c": 17}
    assert not client.add("a", "x") and client.add("d", "x")
    assert not client.replace("e", "x") and client.replace("d", "y") and client.get("d") == "y"
    assert client.append("b", b">") and client.prepend("b", b"<") and client.get("b") == b"<bytes>"
    assert not client.append("nothing", b"x")
    assert (client.incr("c"), client.incr("c", 10), client.decr("c", 100), client.incr("nothing")) == (18, 28, 0, None)
    assert client.touch("a", 100) and not client.touch("nothing", 100)
    assert client.delete("a") and not client.delete("a")
    assert client.set_many({"x": 1, "y": "2", b"z": b"3"}, 60) == [] and client.set_many({}) == []
    assert client.get_many(["x", "y", "z"]) == {"x": 1, "y": "2", "z": b"3"}
    stats = client.stats()
    assert all(int(facts["curr_items"]) >= 3 for facts in stats.values()) and len(stats) == 1
    client.flush_all()
    assert client.get_many(["x", "y"]) == {}
    client.set("x", 1)
    client.flush_all(60)
    assert client.get("x") == 1


def test_compare_and_swap(client: Client) -> None:
    assert client.gets("a") is None
    client.set("a", "old")
    found = client.gets("a")
    assert found is not None
    value, unique = found
    assert value == "old" and client.cas("a", "new", unique) is True
    assert client.cas("a", "newer", unique) is False
    assert client.cas("nothing", "x", unique) is None
    assert client.get("a") == "new"


def test_large_values(client: Client) -> None:
    value = "long " * 100_000
    assert client.set("a", value) and client.get("a") == value
    noise = b"".join(hash((n, "x")).to_bytes(8, "big", signed=True) for n in range(100_000))
    assert client.set("b", noise[:900_000]) and client.get("b") == noise[:900_000]
    with pytest.raises(ServerRefused, match="SERVER_ERROR object too large for cache"):
        client.set("c", noise * 2)
    assert client.get("b") == noise[:900_000]


def test_many_keys(client: Client) -> None:
    values = {f"key-{number:0240}": f"value {number}" * 20 for number in range(2000)}
    assert client.set_many(values) == []
    assert client.get_many(values) == values


def test_what_cannot_be_sent_is_refused_before_it_is(client: Client) -> None:
    for key in ("a b", "a\r\nflush_all", "", "k" * 251):
        with pytest.raises(ValueError):
            client.get(key)
        with pytest.raises(ValueError):
            client.set(key, "x")
    with pytest.raises(ValueError, match="ttl_s"):
        client.set("a", "x", 0)
    with pytest.raises(TypeError):
        client.append("a", "text")  # type: ignore[arg-type]
    with pytest.raises(ServerRefused, match="non-numeric"):
        client.set("a", "x")
        client.incr("a")
    assert client.get("a") == "x"


def test_threads_share_a_client(port: int) -> None:
    failures: list[BaseException] = []
    with Client([f"127.0.0.1:{port}"], max_connections=2) as client:

        def work(seed: int) -> None:
            try:
                for turn in range(50):
                    key = f"thread-{seed}-{turn % 5}"
                    client.set(key, f"{seed} {turn}")
                    assert client.get(key) == f"{seed} {turn}"
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_one_of_many_computes(client: Client) -> None:
    calls, results = [], []

    def compute() -> str:
        calls.append(1)
        time.sleep(0.2)
        return "computed"

    threads = [threading.Thread(target=lambda: results.append(client.get_or_compute("a", compute, 60)))
               for _ in range(8)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and results == ["computed"] * 8
    assert client.get_or_compute("a", compute, 60) == "computed" and len(calls) == 1


def test_who_cannot_compute_lets_another_try(client: Client) -> None:
    def fail() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.get_or_compute("a", fail, 60)
    assert client.get_or_compute("a", lambda: "x", 60) == "x"


def test_a_value_is_computed_again_before_it_ends(client: Client) -> None:
    assert client.get_or_compute("a", lambda: 1, 20, early_s=10) == 1
    assert client.get_or_compute("a", lambda: 2, 20, early_s=10) == 1

    def compute() -> object:  # meanwhile others get the old one
        return client.get_or_compute("a", lambda: 4, 20, early_s=30)

    assert client.get_or_compute("a", compute, 20, early_s=30) == 1  # type: ignore[arg-type]
    assert client.get_or_compute("b", lambda: 1, 5, early_s=0) == 1
    assert client.get_or_compute("b", lambda: 2, 5, early_s=6) == 2
    assert client.get("b") == 2


def test_what_was_deleted_while_it_was_computed_is_not_stored(client: Client) -> None:
    def compute() -> str:
        client.delete("a")
        return "old"

    assert client.get_or_compute("a", compute, 60) == "old"
    assert client.get("a") is None


@pytest.mark.parametrize("spread", [list, Ketama])
def test_nodes(port: int, spread: type) -> None:
    with memcached() as other, memcached() as third:
        nodes = [f"127.0.0.1:{each}" for each in (port, other, third)]
        with Client(spread(nodes)) as client:
            before = {node: int(facts["cmd_set"]) for node, facts in client.stats().items()}
            values = {f"key-{number}": number for number in range(300)}
            assert client.set_many(values) == [] and client.get_many(values) == values
            stored = {node: int(facts["cmd_set"]) - before[node] for node, facts in client.stats().items()}
            assert set(stored) == set(nodes) and sum(stored.values()) == 300 and min(stored.values()) > 40


def test_a_server_that_was_started_anew_is_found_again() -> None:
    with memcached() as port:
        client = Client([f"127.0.0.1:{port}"])
        assert client.set("a", 1)
    with pytest.raises(OSError):
        client.get("a")
    with memcached(port=port):
        assert client.get("a") is None
        assert client.incr("a") is None
    with memcached(port=port):  # the pooled connection is closed: what may be sent again is
        assert client.set("a", 2) and client.get("a") == 2
    client.close()


def test_a_node_that_is_gone_can_be_a_miss() -> None:
    with nobody() as port:
        _is_gone(f"127.0.0.1:{port}")


def _is_gone(node: str) -> None:
    with Client([node], unreachable="miss") as client:
        assert client.get("a", "default") == "default" and client.get_many(["a"]) == {}
        assert client.set("a", 1) is False and client.delete("a") is False and client.incr("a") is None
        assert client.set_many({"a": 1}) == ["a"] and client.stats() == {}
        assert client.get_or_compute("a", lambda: 7, 60) == 7
    with Client([node]) as client:
        for call in (lambda: client.get("a"), lambda: client.set_many({"a": 1}), client.stats):
            with pytest.raises(ConnectionRefusedError):
                call()


def test_a_server_that_says_nothing_or_nonsense() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client([f"127.0.0.1:{silent.getsockname()[1]}"], timeout_s=0.2)
        with pytest.raises(TimeoutError):
            client.get("a")
        accepted, _ = silent.accept()
        accepted.close()

        def answer() -> None:
            peer, _ = silent.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with Client([f"127.0.0.1:{silent.getsockname()[1]}"]) as client, pytest.raises(ProtocolError):
            client.get("a")
        thread.join()


def test_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "cache.sock"
    command = cache_command("prefork", bind=f"unix:{path}")
    with Server("", cwd=tmp_path, command=command), Client([f"unix:{path}"]) as client:
        assert client.set("a", "x") and client.get("a") == "x"


