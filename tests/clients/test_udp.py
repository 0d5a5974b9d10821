"""Both faces of the client that asks by datagrams, against servers of ours under every model, and none."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastnet import udp
from fastnet.errors import ConfigError
from fastnet.protocols.udp_requests import RESPONSE, decode, encode
from tests.ports import nobody
from tests.servers.serving import PATIENCE_S, Server

HERE = Path(__file__).parents[2]
FACES = ["sync", "async"]
PATIENT = udp.Retry(attempts=20, first_s=0.2, ceiling_s=6.0)
QUICK = udp.Retry(attempts=3, first_s=0.02, jitter=0)


@pytest.fixture(scope="module", params=["prefork", "threaded", "async"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    options = ("--model", request.param, "--workers", "2", "--reuse-port")
    target = "tests.servers.datagram_site:answers"
    with Server(target, *options, cwd=HERE, bind="udp://127.0.0.1:0") as server:
        yield server.urls[0]


def ask(face: str, url: str, *requests: bytes, retry: udp.Retry = PATIENT) -> list[bytes]:
    if face == "sync":
        with udp.Client(url, retry=retry) as client:
            return [client.request(request) for request in requests]

    async def main() -> list[bytes]:
        async with udp.AsyncClient(url, retry=retry) as client:
            return list(await asyncio.gather(*map(client.request, requests)))

    return asyncio.run(main())


@pytest.mark.parametrize("face", FACES)
def test_requests_are_answered(face: str, url: str) -> None:
    large = b"x" * (udp.MOST_BYTES - 1)
    assert ask(face, url, b"a", b"", b"b" * 1200, large) == [b"A!", b"!", b"B" * 1200 + b"!", b"X" * len(large) + b"!"]
    assert ask(face, url.replace("127.0.0.1", "localhost"), b"a") == [b"A!"]  # whatever else localhost is


@pytest.mark.parametrize("face", FACES)
def test_failures_are_told(face: str, url: str) -> None:
    for request, text in (
        (b"bad", "asked to"),
        (b"fail", "the server could not answer this request"),
        (b"x" * udp.MOST_BYTES, "the server could not answer this request"),  # and one byte more
    ):
        with pytest.raises(udp.RequestFailed, match=f"^{text}$"):
            ask(face, url, request)
    assert ask(face, url, b"a") == [b"A!"]


@pytest.mark.parametrize("face", FACES)
def test_nobody_there_is_known_at_once(face: str) -> None:
    forever = udp.Retry(attempts=100, first_s=PATIENCE_S, ceiling_s=PATIENCE_S)
    with nobody() as port, pytest.raises(ConnectionRefusedError, match=f"udp://127.0.0.1:{port}"):
        ask(face, f"udp://127.0.0.1:{port}", b"a", retry=forever)


@contextlib.contextmanager
def server(answer: Callable[[socket.socket, bytes, object], None]) -> Iterator[str]:
    """A socket; each datagram is given to `answer`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    answer(sock, *sock.recvfrom(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"udp://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("face", FACES)
def test_silence(face: str) -> None:
    came: list[bytes] = []
    with server(lambda sock, data, peer: came.append(data)) as url:
        with pytest.raises(udp.RequestTimeout, match=r"to 3 attempts in 0\.1[4-9]|in [0-9.]+ s") as caught:
            ask(face, url, b"a", retry=QUICK)
        assert caught.value.attempts == 3 and caught.value.waited_s >= 0.14 and url in str(caught.value)
    assert len(came) <= 3 and len(set(came)) == 1


@pytest.mark.parametrize("face", FACES)
def test_strangers_and_strays_are_not_believed(face: str) -> None:
    """Wrong ids, damage, and the right response from another socket; the server's own comes last, at the second try."""
    came: list[bytes] = []

    def answer(sock: socket.socket, data: bytes, peer: object) -> None:
        came.append(data)
        found = decode(data)
        assert found
        if len(came) == 1:
            sock.sendto(encode(RESPONSE, found[1] ^ 1, b"wrong"), peer)
            sock.sendto(encode(RESPONSE, found[1], b"wrong")[:-1], peer)
            sock.sendto(b"", peer)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(encode(RESPONSE, found[1], b"a stranger's"), peer)
        else:
            sock.sendto(encode(RESPONSE, found[1], b"right"), peer)

    with server(answer) as url:
        assert ask(face, url, b"a", retry=PATIENT) == [b"right"]
    assert came[0] == came[1]


def test_a_late_response_is_not_the_next_ones() -> None:
    late: list[tuple[bytes, object]] = []

    def answer(sock: socket.socket, data: bytes, peer: object) -> None:
        found = decode(data)
        assert found
        if found[2] == b"first":
            late.append((encode(RESPONSE, found[1], b"late"), peer))
            return
        for response, whose in late:
            sock.sendto(response, whose)
        sock.sendto(encode(RESPONSE, found[1], b"second's"), peer)

    with server(answer) as url, udp.Client(url, retry=QUICK) as client:
        with pytest.raises(udp.RequestTimeout):
            client.request(b"first")
        client._retry = PATIENT
        assert client.request(b"second") == b"second's" and client.protocol.dropped == 3


def test_cancelled_and_closed() -> None:
    async def main(url: str) -> None:
        client = udp.AsyncClient(url, retry=PATIENT)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.request(b"a")
        assert client.protocol.next_timeout() is None
        waiting = asyncio.ensure_future(client.request(b"b"))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(ConnectionError, match="closed"):
            await waiting

    with server(lambda sock, data, peer: None) as url:
        asyncio.run(main(url))


@pytest.mark.parametrize("wrong", ["", "tcp://a:1", "udp://a", "udp://a:0", "udp://a:65536", "unixgram:", "udp:a:1"])
def test_what_is_no_url(wrong: str) -> None:
    with pytest.raises(ConfigError, match="udp://HOST:PORT or unixgram:PATH"):
        udp.Client(wrong)


@pytest.mark.parametrize("face", FACES)
def test_what_cannot_be_sent(face: str) -> None:
    with server(lambda sock, data, peer: None) as url:
        with pytest.raises(ValueError, match="65494 bytes"):
            ask(face, url, bytes(udp.MOST_BYTES + 1))
    with pytest.raises(OSError) as caught:
        ask(face, "udp://255.255.255.255:9", b"a")  # a broadcast, which needs a flag
    assert caught.value.errno == errno.EACCES
