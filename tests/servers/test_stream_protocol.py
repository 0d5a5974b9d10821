"""Services on other people's loops: asyncio's and uvloop's own servers and clients, over TCP, Unix sockets and TLS."""

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

import fastnet
from fastnet import framing
from fastnet.errors import ConfigError
from fastnet.protocols import NEED_DATA, Protocol
from fastnet.protocols.base import Datagrams
from tests.servers import service_site
from tests.servers.certificates import Certificates
from tests.servers.services import order, read_all, read_exactly, read_line
from tests.servers.serving import PATIENCE_S, until

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Served:
    """A target on a loop of its own thread, at every kind of address; connect() gives clients of one kind."""

    def __init__(self, kind: str, address: Any, certificates: Certificates) -> None:
        self.kind, self.address, self.certificates = kind, address, certificates

    def connect(self, *, small: bool = False) -> socket.socket:
        client = socket.socket(socket.AF_UNIX if self.kind == "unix" else socket.AF_INET)
        client.settimeout(PATIENCE_S)
        if small:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(self.address)
        if self.kind == "tls":
            return self.certificates.client().wrap_socket(client, server_hostname="localhost")
        return client


@pytest.fixture(params=[("asyncio", "tcp"), ("asyncio", "tls"), ("uvloop", "unix"), ("uvloop", "tls")], ids="-".join)
def serve(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path: Path
) -> Iterator[Callable[..., Served]]:
    loop_name, kind = request.param
    loop = LOOPS[loop_name]()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda loop, context: errors.append(context))

    def begin(target: Any, **options: Any) -> Served:
        factory = fastnet.asyncio_protocol(target, **options)
        if kind == "unix":
            path = str(tmp_path / "s")
            asyncio.run_coroutine_threadsafe(loop.create_unix_server(factory, path), loop).result(PATIENCE_S)
            return Served(kind, path, certificates)
        context = certificates.server() if kind == "tls" else None
        serving = loop.create_server(factory, "127.0.0.1", 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(serving, loop).result(PATIENCE_S)
        return Served(kind, server.sockets[0].getsockname(), certificates)

    async def end() -> None:
        """Of the loop's own tasks: a handshake may have just been done."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    yield begin
    asyncio.run_coroutine_threadsafe(end(), loop).result(PATIENCE_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE_S)
    loop.close()
    assert not errors, errors


@pytest.mark.parametrize("target", [service_site.framed, service_site.framed_later], ids=["def", "async def"])
def test_messages_are_answered_however_they_are_cut(serve: Callable[..., Served], target: Any) -> None:
    served = serve(target)
    messages = b"".join(len(m).to_bytes(4, "big") + m for m in (b"", b"a", b"later b", b"c" * 5000))
    for cut in (len(messages), 1000, 3):
        with served.connect() as client:
            for start in range(0, len(messages), cut):
                client.sendall(messages[start : start + cut])
            assert read_exactly(client, len(messages)) == messages


def test_a_half_closed_connection_is_answered_to_the_end(serve: Callable[..., Served]) -> None:
    served = serve(service_site.framed_later)
    with served.connect() as client:
        client.sendall(b"\0\0\0\7later b" * 20)
        if served.kind != "tls":  # of which asyncio has no half
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == b"\0\0\0\7later b" * 20


def test_our_half_may_be_closed_first(serve: Callable[..., Served]) -> None:
    served = serve(service_site.Commands)
    with served.connect() as client:
        client.sendall(b"eof\n")
        assert read_line(client) == b"no more"
        if served.kind != "tls":
            assert client.recv(1) == b""
            client.sendall(b"pid\n")
    with served.connect() as client:
        client.sendall(b"close\npid\n" * 100)
        assert read_all(client) == b"bye\nlast\n"


def test_what_the_kernel_takes_in_parts_loses_nothing(serve: Callable[..., Served]) -> None:
    served = serve(service_site.Echo, max_output=100_000)
    data = random.Random(1).randbytes(3 << 20)
    with served.connect(small=True) as client:
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        with served.connect() as other:  # meanwhile
            other.sendall(b"quick")
            assert read_exactly(other, 5) == b"quick"
        got = read_exactly(client, len(data))
        sender.join()
        assert got == data


def test_who_does_not_read_stops_what_makes_answers_and_is_dropped(serve: Callable[..., Served]) -> None:
    made: list[int] = []
    ends: list[Any] = []

    @fastnet.service(framing=framing.Lines("lf"))
    class Endless:
        def on_message(self, message: bytes) -> Any:
            return self.answer() if message == b"endless" else message

        def answer(self) -> Iterator[bytes]:
            while True:
                made.append(1)
                yield b"y" * 9999

        def on_close(self, error: Any) -> None:
            ends.append(error)

    served = serve(Endless, max_output=100_000, write_timeout=0.5)
    with served.connect(small=True) as client, served.connect() as other:
        client.sendall(b"endless\n" + b"more\n" * 1000)
        until(lambda: made, "an answer")
        until(lambda: order(other, b"quick") == b"quick" and ends, "the end of who does not read")
    # What max_output and the kernel hold: not what could have been made.
    assert len(made) * 10_000 < 20 << 20


def test_pushes_come_from_any_thread_and_are_refused_when_nobody_reads(serve: Callable[..., Served]) -> None:
    service_site.SEEN.clear()
    served = serve(service_site.Commands, max_output=100_000)
    with served.connect() as client:
        client.sendall(b"push 50\n")
        assert [read_line(client) for _ in range(50)] == [b"%d" % i for i in range(50)]
    with served.connect(small=True) as client:
        client.sendall(b"flood\n")
        until(lambda: any(word.startswith("flood") for word in service_site.SEEN), "a full buffer")
        rest = bytearray()
        while not rest.endswith(b"full\n"):
            rest += client.recv(1 << 16)
        assert len(rest) % 100_000 == 5


def test_timeouts_of_the_protocol_of_the_handler_and_of_neither(serve: Callable[..., Served]) -> None:
    served = serve(service_site.hurried)
    with served.connect() as client:
        assert order(client, b"quick") == b"quick"
        assert client.recv(1) == b""  # after idle_timeout
    with served.connect() as client:
        client.sendall(b"never comple")
        assert client.recv(1) == b""
    Path(served.address).unlink() if served.kind == "unix" else None
    served = serve(service_site.Commands)
    with served.connect() as client:
        assert order(client, b"wait 0.05") == b"time is up"
    Path(served.address).unlink() if served.kind == "unix" else None
    served = serve(service_site.Echo, idle_timeout=0.2)
    with served.connect() as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x" and client.recv(1) == b""


def test_what_goes_wrong_ends_its_connection_and_no_other(serve: Callable[..., Served]) -> None:
    service_site.SEEN.clear()
    served = serve(service_site.Commands)
    with served.connect() as steady:
        pid = order(steady, b"pid")
        for question in (b"bad", b"fail", b"leave", b"\xff"):
            with served.connect() as client:
                client.sendall(question + b"\n")
                assert read_all(client) == b""
        with served.connect() as client:
            client.sendall(b"abort\n")
            with contextlib.suppress(ConnectionError):
                assert client.recv(1) == b""
        if served.kind != "tls":
            with served.connect() as client:
                client.sendall(b"unfinis")
                client.shutdown(socket.SHUT_WR)
                assert read_all(client) == b""
            until(lambda: any("after 7 bytes" in seen for seen in service_site.SEEN), "on_close with the error")
        assert order(steady, b"pid") == pid


def test_handlers_know_their_peer_and_what_tls_agreed_on(serve: Callable[..., Served]) -> None:
    served = serve(service_site.Commands)
    with served.connect() as client:
        facts = order(client, b"facts").decode()
        if served.kind == "unix":
            assert facts == repr((None, (served.address, None), None, False))
        elif served.kind == "tcp":
            assert facts == repr((client.getsockname(), client.getpeername(), None, False))
        else:
            assert "TLSFacts(version='TLSv1.3'" in facts


class Asker:
    """A client: asks when it is connected, and keeps what it is told."""

    def on_connect(self, connection: Any) -> None:
        self.connection = connection
        connection.state = []
        connection.send(b"Beautiful is better than?")

    def on_message(self, message: bytes) -> None:
        self.connection.state.append(message)
        self.connection.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_the_clients_side_and_one_factory_on_many_loops(loop: str) -> None:
    @fastnet.service(framing=framing.Lines("lf"))
    async def shout(message: bytes) -> bytes:
        return message.upper()

    served = fastnet.asyncio_protocol(shout)
    asked = fastnet.asyncio_protocol(fastnet.service(Asker, framing=framing.Lines("lf")))

    async def talk() -> list[bytes]:
        running = asyncio.get_running_loop()
        server = await running.create_server(served, "127.0.0.1", 0)
        transport, protocol = await running.create_connection(asked, *server.sockets[0].getsockname())
        connection = protocol.connection
        while not transport.is_closing():
            await asyncio.sleep(0.001)
        server.close()
        said: list[bytes] = connection.state
        return said

    for _ in range(2):
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            assert runner.run(talk()) == [b"BEAUTIFUL IS BETTER THAN?"]


def test_what_is_no_stream_service_is_refused() -> None:
    for target in (print, 5, fastnet.service(print, datagram=Datagrams)):
        with pytest.raises(ConfigError, match="target"):
            fastnet.asyncio_protocol(target)
    for name in ("max_output", "idle_timeout"):
        with pytest.raises(ConfigError, match=name):
            fastnet.asyncio_protocol(service_site.Echo, **{name: 0})


def test_a_protocol_that_fails_in_its_output_is_dropped() -> None:
    class Broken(Protocol):
        def receive_data(self, data: bytes) -> None:
            self.write(data)

        def next_event(self) -> Any:
            return NEED_DATA

        def data_to_send(self) -> list[Any]:
            if self.queued_bytes:
                raise RuntimeError("broken")
            return []

    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(fastnet.asyncio_protocol(Broken), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        server.close()
        return b""

    asyncio.run(talk())
