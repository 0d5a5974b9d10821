"""UDP under every model: every datagram answered to its sender, failures that cost one datagram, time, sizes."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from fastnet import udp
from fastnet.protocols.udp_requests import REQUEST, RESPONSE, encode
from tests.servers.serving import PATIENCE_S, Server, run_to_end, until

HERE = Path(__file__).parents[2]
SITE = "tests.servers.datagram_site"
MODELS = ("prefork", "threaded", "async")
UDP = "udp://127.0.0.1:0"


def client_of(server: Server) -> socket.socket:
    family = socket.AF_INET6 if "[" in server.urls[0] else socket.AF_INET
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.settimeout(PATIENCE_S)
    client.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", server.port))
    return client


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", ["shout", "shout_later"])
def test_every_datagram_is_answered_to_its_sender(target: str, model: str) -> None:
    with Server(f"{SITE}:{target}", "--model", model, "--workers", "1", cwd=HERE, bind=UDP) as server:
        clients = [client_of(server) for _ in range(4)]
        for n in range(60):
            for i, client in enumerate(clients):
                client.send(b"slow %d of %d" % (n, i))
        for i, client in enumerate(clients):
            with client:
                got = {client.recv(100) for _ in range(60)}
                assert got == {b"SLOW %d OF %d" % (n, i) for n in range(60)}
        assert server.stop() == 0


@pytest.mark.parametrize("target", ["shout", "Loud"])
def test_more_senders_than_addresses_are_remembered(target: str) -> None:
    with Server(f"{SITE}:{target}", "--workers", "1", cwd=HERE, bind=UDP) as server:
        clients = [client_of(server) for _ in range(300)]
        for turn in range(2):
            for start in range(0, len(clients), 30):
                for i, client in enumerate(clients[start : start + 30], start):
                    client.send(b"from %d at %d" % (i, turn))
                for i, client in enumerate(clients[start : start + 30], start):
                    assert client.recv(100) == b"FROM %d AT %d" % (i, turn)
        for client in clients:
            client.close()


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 65507])
def test_datagrams_of_any_size(size: int) -> None:
    with Server(f"{SITE}:shout", "--workers", "2", cwd=HERE, bind=UDP) as server, client_of(server) as client:
        client.send(b"a" * size)
        assert client.recv(70000) == b"A" * size


@pytest.mark.parametrize("target", ["shout", "shout_later"])
def test_a_failure_costs_one_datagram(target: str) -> None:
    with Server(f"{SITE}:{target}", "--workers", "1", cwd=HERE, bind=UDP) as server, client_of(server) as client:
        for message in (b"fail", b"silence", b"good"):
            client.send(message)
        assert client.recv(100) == b"GOOD"
        server.wait_for_log("a datagram is lost, since this was raised(.|\n)*ValueError: asked to")


@pytest.mark.parametrize("model", MODELS)
def test_a_protocol_that_knows_time_and_errors(model: str) -> None:
    options = ("--model", model, "--workers", "1")
    with Server(f"{SITE}:ticking", *options, cwd=HERE, bind=UDP) as server, client_of(server) as client:
        client.send(b"hello")
        assert [client.recv(100) for _ in range(3)] == [b"tick 1", b"tick 2", b"tick 3"]
        client.send(b"bad")
        server.wait_for_log("a datagram broke the rules: asked to")
        client.send(b"nowhere")
        server.wait_for_log("is no address to send to")
        client.send(b"large")
        client.send(b"hello")
        # What cannot be sent is told to the protocol, which says so.
        assert client.recv(100) == b"Message too long"


def test_ipv6_and_tcp_beside() -> None:
    with (
        Server(f"{SITE}:shout", "--workers", "1", cwd=HERE, bind="udp://[::1]:0") as server,
        client_of(server) as client,
    ):
        client.send(b"six")
        assert client.recv(100) == b"SIX" and server.urls[0].startswith("udp://[::1]:")


def test_what_cannot_be_served() -> None:
    for target, bind, why in (
        ("stream", UDP, "the application knows no datagrams"),
        ("asgi", UDP, "the application knows no datagrams"),
        ("shout", "tcp://127.0.0.1:0", "the application knows datagrams only; bind udp://"),
    ):
        done = run_to_end("serve", f"{SITE}:{target}", "--bind", bind, cwd=HERE)
        assert done.returncode == 1 and why in done.stderr, done.stderr
    # Two workers that share a socket would each handle a request that comes twice.
    done = run_to_end("serve", f"{SITE}:answers", "--bind", UDP, "--workers", "2", cwd=HERE)
    assert done.returncode == 1 and "say --reuse-port or --workers 1" in done.stderr


def test_a_worker_that_dies_leaves_the_socket_to_the_others() -> None:
    with Server(f"{SITE}:shout", "--workers", "1", cwd=HERE, bind=UDP) as server, client_of(server) as client:
        client.send(b"before")
        assert client.recv(100) == b"BEFORE"
        (pid,) = server.workers()
        os.kill(pid, signal.SIGKILL)
        client.send(b"after")  # the socket keeps it until the next worker comes
        assert client.recv(100) == b"AFTER"
        server.wait_for_log("killed by SIGKILL")


def test_a_socket_of_its_own_for_each_worker() -> None:
    """A client stays with one, and whatever came to a worker that died waits for the next."""
    with Server(f"{SITE}:pid", "--workers", "3", "--reuse-port", cwd=HERE, bind=UDP) as server:

        def ask(client: socket.socket) -> int:
            client.send(b"who?")
            return int(client.recv(100))

        until(lambda: len(server.workers()) == 3, "workers")
        clients = [client_of(server) for _ in range(40)]
        whose = [ask(client) for client in clients]
        assert set(whose) == set(server.workers())
        assert [ask(client) for client in clients] == whose
        os.kill(whose[0], signal.SIGKILL)
        again = [ask(client) for client in clients]
        assert [was == now for was, now in zip(whose, again, strict=True)] == [was != whose[0] for was in whose]
        assert len({now for was, now in zip(whose, again, strict=True) if was == whose[0]}) == 1
        for client in clients:
            client.close()


@pytest.mark.parametrize("model", MODELS)
def test_unix_datagrams(model: str, tmp_path: Path) -> None:
    bind, options = f"unixgram:{tmp_path / 'socket'}", ("--model", model, "--workers", "1")
    with Server(f"{SITE}:answers", *options, cwd=HERE, bind=bind) as server:
        assert server.urls == [bind]
        with udp.Client(bind) as client:
            assert [client.request(b"a%d" % i) for i in range(40)] == [b"A%d!" % i for i in range(40)]
            assert client.packet_bytes is None
            with pytest.raises(udp.RequestFailed, match="asked to"):
                client.request(b"bad")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named:
            named.bind(str(tmp_path / "named"))
            named.connect(str(tmp_path / "socket"))
            named.settimeout(PATIENCE_S)
            named.send(encode(REQUEST, 7, b"by name"))
            assert named.recv(100) == encode(RESPONSE, 7, b"BY NAME!")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
                nameless.sendto(encode(REQUEST, 8, b"?"), str(tmp_path / "socket"))  # it cannot be answered
            # One who does not read keeps nobody waiting.
            for i in range(1000):
                named.send(encode(REQUEST, 1000 + i, b"?"))
            server.wait_for_log("a datagram is dropped: .*named. does not read")
        with udp.Client(bind) as client:
            assert client.request(b"a") == b"A!"
        assert server.stop() == 0 and not (tmp_path / "socket").exists()
    done = run_to_end("serve", f"{SITE}:answers", "--bind", bind, "--workers", "2", cwd=HERE)
    assert done.returncode == 1 and done.stderr.endswith("must come to one process; say --workers 1\n")


def test_a_server_sends_to_broadcast_addresses_only_if_told_to() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears:
        hears.settimeout(PATIENCE_S)
        hears.bind(("127.255.255.255", 0))
        order = b"broadcast %d" % hears.getsockname()[1]
        options = ("--workers", "1")
        with Server(f"{SITE}:ticking", *options, cwd=HERE, bind=UDP) as server, client_of(server) as client:
            client.send(order)
            assert client.recv(200) == b"Permission denied: to send to a broadcast address, say --broadcast"
        with Server(f"{SITE}:ticking", "--broadcast", *options, cwd=HERE, bind=UDP) as server:
            with client_of(server) as client:
                client.send(order)
                assert hears.recv(100) == b"everybody"
