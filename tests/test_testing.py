"""What fastnet.testing gives to other people's tests, and to ours."""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import fastnet
from fastnet.errors import ConfigError, StartupError
from fastnet.framing import Lines
from fastnet.protocols import Framed
from fastnet.testing import ChaosDatagrams, ChaosProxy, ChaosUDP, Running, exchange, running, target_name
from fastnet.testing import start_service as start_service
from tests.servers.services import read_all


@fastnet.service(framing=Lines("lf"))
def shout(message: bytes) -> bytes:
    return message.upper()


class Echo(fastnet.Protocol):
    def receive_data(self, data: bytes) -> None:
        self.write(data)


def talk(client: socket.socket, said: bytes) -> bytes:
    with client:
        client.settimeout(60)
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def test_a_service_of_this_module_runs_on_a_free_port(start_service: Callable[..., Running]) -> None:
    first, second = start_service(shout), start_service(Echo, model="async")
    assert first.urls[0].startswith("tcp://127.0.0.1:") and first.address != second.address
    assert talk(first.connect(), b"a\nb\n") == b"A\nB\n"
    assert talk(second.connect(), b"a\nb\n") == b"a\nb\n"
    assert first.stop() == 0 and "stopped after 2 requests" in first.log


def test_what_cannot_be_found_elsewhere_is_refused() -> None:
    assert target_name("a:b") == "a:b"
    assert target_name(shout) == f"{__name__}:shout" and target_name(Echo) == f"{__name__}:Echo"
    with pytest.raises(ConfigError, match="top of a module"):
        target_name(fastnet.service(lambda message: message, framing=Lines()))
    with pytest.raises(StartupError) as caught, running("no_such_module:x"):
        pass
    assert "no_such_module" in caught.value.details


def test_a_proxy_cuts_and_delays_but_changes_nothing_until_it_resets() -> None:
    data = bytes(range(256)) * 8
    with running(Echo) as server:
        for seed in (1, 2):
            with ChaosProxy(server.address, seed) as proxy:
                assert talk(socket.create_connection(proxy.address), data) == data
        with ChaosProxy(server.address, 3, most_bytes=1, reset_after=100) as proxy:
            with pytest.raises(ConnectionError):
                talk(socket.create_connection(proxy.address), data)


def test_protocols_meet_without_a_network() -> None:
    messages = [b"one", b"", b"three" * 9]
    for cut in ({}, {"size": 1}, {"seed": 5}):
        sender, receiver = Framed(Lines("lf")), Framed(Lines("lf"))
        for message in messages:
            sender.send(message)
        assert exchange(sender, receiver, **cut) == messages


def test_datagrams_are_lost_doubled_and_reordered_by_the_seed() -> None:
    sent = list(range(1000))

    def arrivals(seed: int) -> list[int]:
        network, arrived = ChaosDatagrams(seed), []
        for i in range(0, 1000, 10):
            arrived += network.carry(sent[i : i + 10])
        return arrived + network.carry([])

    once = arrivals(1)
    assert once == arrivals(1) != arrivals(2)
    assert set(once) < set(sent) and len(once) > len(set(once)) > 800 and once != sorted(once)
    calm = ChaosDatagrams(1, loss=0, double=0, reorder=0)
    assert calm.carry(sent) == sent


def test_a_udp_relay_loses_doubles_and_reorders_as_the_seed_says(
    start_service: Callable[..., Running], tmp_path: Path
) -> None:
    server = start_service("tests.servers.datagram_site:shout", bind="udp://127.0.0.1:0")
    with server.connect() as direct:
        direct.send(b"direct")
        assert direct.recv(100) == b"DIRECT"
    sent = [b"a%d" % i for i in range(60)]

    def answers(seed: int, times: int, **chances: float) -> list[bytes]:
        """Each is sent when what became of the one before is known, so that they have one order."""
        came = []
        with (
            ChaosUDP(server.address, seed, delay_s=0, **chances) as relay,
            socket.socket(type=socket.SOCK_DGRAM) as client,
        ):
            client.settimeout(60)
            client.connect(relay.address)
            for data in sent:
                client.send(data)
                if not chances:
                    continue
                came.append(client.recv(100))
            while len(came) < times * len(sent):
                came.append(client.recv(100))
            client.settimeout(0.3)
            with suppress(TimeoutError):
                while True:
                    came.append(client.recv(100))
        return came

    assert answers(1, 1, loss=0.0, double=0.0, reorder=0.0) == [data.upper() for data in sent]
    doubled = answers(1, 4, loss=0.0, double=1.0, reorder=0.0)
    assert sorted(doubled) == sorted(data.upper() for data in sent for _ in range(4))  # twice there, twice back
    came = answers(2, 0)
    assert set(came) < {data.upper() for data in sent} and len(came) > len(set(came)) > 20
    with start_service("tests.servers.datagram_site:shout", bind=f"unixgram:{tmp_path / 'socket'}").connect() as local:
        local.send(b"local")
        assert local.recv(100) == b"LOCAL"
