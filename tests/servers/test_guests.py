"""Classes of asyncio protocols as they are, served under every model: addresses, limits, drain, refusals."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.errors import StartupError
from fastnet.servers.guests import check_protocol
from tests.servers import asyncio_site
from tests.servers.certificates import Certificates
from tests.servers.services import MODELS, read_all, read_exactly
from tests.servers.serving import PATIENCE_S, Server, run_to_end, until

HERE = Path(__file__).parent


def serve(name: str, *options: str, bind: str | None = "tcp://127.0.0.1:0") -> Server:
    return Server(f"asyncio_site:{name}", "--workers", "1", *options, cwd=HERE, bind=bind)


def clients(server: Server, certificates: Certificates) -> Iterator[socket.socket]:
    """One at each of the server's addresses."""
    for url in server.urls:
        kind, _, rest = url.partition(":")
        with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as plain:
            plain.settimeout(PATIENCE_S)
            plain.connect(rest if kind == "unix" else ("127.0.0.1", int(rest.rpartition(":")[2])))
            if kind == "tls":
                with certificates.client().wrap_socket(plain, server_hostname="localhost") as client:
                    yield client
            else:
                yield plain


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["Echo", "Buffered"])
def test_a_class_is_served_at_every_address(name: str, model: str, certificates: Certificates, tmp_path: Path) -> None:
    binds = ("--bind", "tcp://127.0.0.1:0", "--bind", f"unix:{tmp_path / 's'}", "--bind", "tls://127.0.0.1:0")
    with serve(name, "--model", model, *certificates.options, *binds, bind=None) as server:
        for client in clients(server, certificates):
            for data in (b"x", b"y" * 100_000):
                client.sendall(data)
                assert read_exactly(client, len(data)) == data
        assert server.stop() == 0
        assert "stopped after 3 connections" in server.log


def test_connections_beyond_the_limit_wait() -> None:
    with serve("Buffered", "--model", "async", "--max-connections", "2") as server:
        first, second = server.connect(), server.connect()
        for client in (first, second):
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        with server.connect() as third:
            third.sendall(b"x")
            third.settimeout(0.2)
            with pytest.raises(TimeoutError):
                third.recv(1)
            first.close()
            third.settimeout(PATIENCE_S)
            assert third.recv(1) == b"x"
        second.close()


def test_who_gives_a_connection_away_does_not_use_up_the_limit() -> None:
    with serve("Slotted", "--model", "async", "--max-connections", "2") as server:
        for _ in range(5):
            with server.connect() as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
                client.shutdown(socket.SHUT_WR)
                assert read_all(client) == b""
        assert server.stop() == 0


def test_a_drain_lets_those_finish_that_know_shutdown_and_waits_for_the_rest() -> None:
    with serve("Slow", "--model", "async") as server, server.connect() as busy, server.connect() as idle:
        idle.sendall(b"0")
        assert read_exactly(idle, 4) == b"done"
        busy.sendall(b"0.5")
        with server.connect() as later:  # when this is answered, the other has been read
            later.sendall(b"0")
            assert read_exactly(later, 4) == b"done"
        server.process.send_signal(signal.SIGTERM)
        assert read_all(busy) == b"done" and read_all(idle) == b""
        assert server.wait() == 0
    with serve("Echo", "--model", "async", "--drain-timeout", "0.5") as server, server.connect() as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        server.stop()
        with contextlib.suppress(ConnectionError):
            assert client.recv(1) == b""


def test_a_loop_that_is_held_up_is_noticed() -> None:
    with serve("Spinning", "--model", "async", "--request-timeout", "1") as server, server.connect() as client:
        pid = server.workers()
        client.sendall(b"x")
        server.wait_for_log("stuck for .* in its event loop")
        until(lambda: server.workers() not in ([], pid), "another worker")


def test_a_factory_may_make_the_class() -> None:
    with serve("bound", "--factory", "--model", "threaded", "--threads", "2") as server, server.connect() as client:
        assert read_all(client) == b"database"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Datagrams", "is for datagrams"),
        ("Mute", "has neither data_received() nor get_buffer()"),
        ("Demanding", "cannot be made without arguments (missing a required argument: 'database')"),
    ],
)
def test_what_cannot_be_served_is_one_clear_line(name: str, said: str) -> None:
    run = run_to_end("serve", f"asyncio_site:{name}", "--bind", "127.0.0.1:0", cwd=HERE)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"fastnet: 'asyncio_site:{name}' ") and said in line


def test_where_it_cannot_be_served_is_one_clear_line(tmp_path: Path) -> None:
    for options, said in (
        (("--bind", "udp://127.0.0.1:0"), "the application knows no datagrams"),
        (("--bind", "127.0.0.1:0", "--trace", str(tmp_path / "t")), "--trace follows HTTP requests"),
    ):
        run = run_to_end("serve", "asyncio_site:Echo", *options, "--workers", "1", cwd=HERE)
        assert run.returncode == 1 and said in run.stderr.splitlines()[-1]
    run = run_to_end("serve", "asyncio_site:Echo", "--interface", "twisted", cwd=HERE)
    assert run.returncode == 2
    assert run.stderr == "fastnet: --interface: 'twisted' given, expected one of auto, wsgi, asgi, service, asyncio\n"


def test_only_classes_are_taken() -> None:
    assert check_protocol(asyncio_site.Echo, "Echo") is asyncio_site.Echo
    for wrong in (asyncio_site.echo, print):
        with pytest.raises(StartupError, match="is no class of asyncio protocols"):
            check_protocol(wrong, "it")
    assert check_protocol(asyncio.Protocol, "it") is asyncio.Protocol
