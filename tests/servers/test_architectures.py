"""Every named architecture serves zen, to several clients."""

import os
import socket
from pathlib import Path

import pytest

from fastnet.servers.architectures import ARCHITECTURES
from fastnet.servers.config import Config
from tests.servers.services import read_line
from tests.servers.serving import PATIENCE_S, Server

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(b"Explicit is better than?\n")
        return read_line(client)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_serves_zen(name: str) -> None:
    options = dict(ARCHITECTURES[name])
    bind = options.pop("bind", "tcp://127.0.0.1:0")
    Config(target="zen:zen", **options)
    flags = [text for key, value in options.items() for text in ("--" + key.replace("_", "-"), str(value))]
    if name != "socket activation":
        with Server("zen:zen", *flags, cwd=EXAMPLES, bind=bind) as server:
            assert [ask(server.port) for _ in range(4)] == [b"Implicit."] * 4
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def activate() -> None:
            os.dup2(listener.fileno(), 3)

        with Server("zen:zen", *flags, cwd=EXAMPLES, bind=bind, pass_fds=[3], preexec=activate):
            assert ask(listener.getsockname()[1]) == b"Implicit."
