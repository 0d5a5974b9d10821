"""Asking all at once: who hears a group or a broadcast answers, once; broadcast needs its flag."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastnet import udp
from fastnet.errors import ConfigError
from tests.ports import free_port
from tests.servers.serving import PATIENCE_S, Server

HERE = Path(__file__).parents[2]
FACES = ["sync", "async"]
GROUP = "239.83.7.1"


def ask_all(face: str, *arguments: Any, **options: Any) -> Any:
    if face == "sync":
        return udp.ask_all(*arguments, **options)
    return asyncio.run(udp.ask_all_async(*arguments, **options))


@contextlib.contextmanager
def servers(n: int, bind: str, *options: str, target: str = "pid_answers") -> Iterator[list[int]]:
    """The pids of so many servers that are bound to the same group."""
    with contextlib.ExitStack() as stack:
        arguments = ("--workers", "1", *options)
        found = []
        for _ in range(n):
            server = Server(f"tests.servers.datagram_site:{target}", *arguments, cwd=HERE, bind=bind)
            found += stack.enter_context(server).workers()
        yield found


@pytest.mark.parametrize("face", FACES)
def test_everybody_in_a_group_answers_once(face: str) -> None:
    port = free_port()
    url = f"udp://{GROUP}:{port}"
    with servers(2, f"udp://{GROUP}%lo:{port}") as pids:
        # Until both have, for the machine may be busy; who answered three requests is heard once.
        for wait_s in (0.3, 1.0, 5.0, PATIENCE_S):
            found = ask_all(face, url, b"who", wait_s=wait_s, attempts=3, interface="lo")
            if len(found) == 2:
                break
        assert sorted(int(response) for _, response in found) == sorted(pids)
        assert len({peer for peer, _ in found}) == 1  # of one machine, at one port
        # Nobody hears a group in another network.
        with pytest.raises(OSError, match="there is no interface no_such_if"):
            ask_all(face, url, b"who", interface="no_such_if")


@pytest.mark.parametrize("face", FACES)
def test_a_broadcast_has_to_be_meant(face: str) -> None:
    port = free_port()
    url = f"udp://127.255.255.255:{port}"
    with servers(1, f"udp://0.0.0.0:{port}") as pids:
        with pytest.raises(PermissionError, match=r"127.255.255.255 is a broadcast address: say broadcast=True"):
            ask_all(face, url, b"who")
        for wait_s in (0.2, 5.0, PATIENCE_S):
            found = ask_all(face, url, b"who", wait_s=wait_s, broadcast=True)
            if found:
                break
        assert [int(response) for _, response in found] == pids
        for wait_s in (0.2, 5.0, PATIENCE_S):
            found = ask_all(face, f"udp://127.0.0.1:{port}", b"fail", wait_s=wait_s)
            if found:
                break
        ((peer, failed),) = found
        assert peer == ("127.0.0.1", port) and isinstance(failed, udp.RequestFailed) and str(failed) == "asked to"


def test_what_cannot_be_asked() -> None:
    for url in ("unixgram:/x", "tcp://a:1", ""):
        with pytest.raises(ConfigError, match="url"):
            udp.ask_all(url, b"")
    with pytest.raises(ConfigError, match="attempts"):
        udp.ask_all("udp://127.0.0.1:9", b"", attempts=0)
    with pytest.raises(ValueError, match="65494 bytes"):
        udp.ask_all("udp://127.0.0.1:9", bytes(udp.MOST_BYTES + 1))
