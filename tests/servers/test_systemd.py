"""The protocol of a service manager, with real sockets, and with systemd's own tools where they are."""

from __future__ import annotations

import math
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnet.servers.systemd import Notifier, inherited_sockets
from tests.servers.serving import PATIENCE_S, Server, get

APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


class Manager:
    """The end of NOTIFY_SOCKET that a service manager has."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def hear(self, wanted: str) -> str:
        """The next message but for watchdogs, unless those are wanted."""
        while True:
            message = self.socket.recv(4096).decode()
            if message != "WATCHDOG=1" or message == wanted:
                return message


@pytest.fixture(params=["file", "abstract"])
def notified(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Manager]]:
    address = str(tmp_path / "notify") if request.param == "file" else f"@fastnet-test-{os.getpid()}"
    manager = Manager(address)
    yield address, manager
    manager.socket.close()


def test_a_server_tells_of_its_life(notified: tuple[str, Manager], tmp_path: Path) -> None:
    address, manager = notified
    (tmp_path / "site_app.py").write_text(APP)
    env = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"}
    with Server("site_app:app", "--workers", "1", cwd=tmp_path, env=env) as server:
        assert manager.hear("READY=1") == "READY=1"
        assert manager.hear("WATCHDOG=1") == "WATCHDOG=1"
        server.process.send_signal(signal.SIGHUP)
        assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", manager.hear("RELOADING=1"))
        assert manager.hear("READY=1") == "READY=1"
        (tmp_path / "site_app.py").write_text("1 / 0\n")
        server.process.send_signal(signal.SIGHUP)
        assert manager.hear("RELOADING=1").startswith("RELOADING=1")
        assert manager.hear("READY=1") == "READY=1"  # with what was there before
        server.process.send_signal(signal.SIGTERM)
        assert manager.hear("STOPPING=1") == "STOPPING=1"
        assert server.wait() == 0


def test_without_a_manager_nothing_happens() -> None:
    for environment in ({}, {"WATCHDOG_USEC": "1000000"}):
        notifier = Notifier(environment)
        notifier.ready()
        notifier.beat()
        assert notifier.due() == math.inf


def test_a_manager_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "none")}).ready()


@pytest.mark.parametrize(
    "variables, beats",
    [
        ({"WATCHDOG_USEC": "1000000"}, True),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, True),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, False),
        ({"WATCHDOG_USEC": "0"}, False),
        ({"WATCHDOG_USEC": "soon"}, False),
        ({}, False),
    ],
)
def test_the_watchdog_is_fed_when_it_is_for_us(variables: dict[str, str], beats: bool, tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), **variables})
    assert (notifier.due() < math.inf) is beats
    notifier.beat()
    notifier.beat()  # not due yet
    manager.socket.setblocking(False)
    if beats:
        assert manager.socket.recv(100) == b"WATCHDOG=1"
    with pytest.raises(BlockingIOError):
        manager.socket.recv(100)
    manager.socket.close()


def test_sockets_are_those_that_were_handed_to_this_process() -> None:
    mine = str(os.getpid())
    assert inherited_sockets({"LISTEN_PID": mine, "LISTEN_FDS": "2"}) == ["fd://3", "fd://4"]
    for pid, count in (("1", "2"), (mine, ""), (mine, "x"), ("", "1")):
        assert inherited_sockets({"LISTEN_PID": pid, "LISTEN_FDS": count}) == []
    assert inherited_sockets({}) == []


def test_a_socket_that_was_handed_over_is_served(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    path = str(tmp_path / "s.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        # As systemd does: the descriptor is 3, and the process that is told of it is the one that is started.
        activate = (
            "import os, sys\n"
            f"os.dup2({listener.fileno()}, 3)\n"
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
            "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
        )
        serve = ["-m", "fastnet", "serve", "site_app:app", "--workers", "1"]
        command = [sys.executable, "-c", activate, *serve]
        with Server("", cwd=tmp_path, command=command, pass_fds=[listener.fileno()]) as server:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                assert get(client) == b"hello"
            assert server.urls == [f"unix:{path}"]


def test_a_bind_comes_before_what_was_handed_over(tmp_path: Path) -> None:
    (tmp_path / "site_app.py").write_text(APP)
    serve = [sys.executable, "-m", "fastnet", "serve", "site_app:app", "--workers", "1", "--bind", "127.0.0.1:0"]
    command = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh", *serve]
    with Server("", cwd=tmp_path, command=command) as server:
        assert server.urls[0].startswith("http://127.0.0.1:")
