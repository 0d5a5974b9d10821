"""Servers for the tests of RPC clients: real ones for each protocol, and a peer that does as it is told."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.serving import PATIENCE_S, Server

APPS = Path(__file__).parents[1] / "apps"
# What the client is told to speak, the target of the server, and where it listens.
KINDS = {
    "msgpack": ("msgpack", "msgpack", "tcp://127.0.0.1:0"),
    "json": ("json", "json", "tcp://127.0.0.1:0"),
    "json-prefixed": ("json-prefixed", "json_prefixed", "tcp://127.0.0.1:0"),
    "json over HTTP": ("json", "http", "127.0.0.1:0"),
    "xml over HTTP": ("xml", "http", "127.0.0.1:0"),
}


@contextmanager
def served(kind: str) -> Iterator[tuple[str, str]]:
    """A server of rpc_apps.mixed; gives its URL and the protocol."""
    protocol, target, bind = KINDS[kind]
    with Server(f"rpc_apps:mixed.{target}", "--workers", "1", cwd=APPS, bind=bind) as server:
        yield server.urls[0], protocol


@contextmanager
def peer(*scripts: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accepts a connection for each script, which is run with it; gives the URL. The last one is for all further."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)

    def accept() -> None:
        left = list(scripts)
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE_S)
                script = left.pop(0) if len(left) > 1 else left[0]
                try:
                    script(connection)
                except OSError:
                    pass

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Closing does not wake who accepts; a last connection does, and finds the door shut next.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)


def slam(connection: socket.socket) -> None:
    """Read a call, and go."""
    connection.recv(65536)


def answer(connection: socket.socket) -> None:
    """Answer each call of MessagePack-RPC with how many there were."""
    from fastnet.protocols.rpc import Call
    from fastnet.protocols.rpc_msgpack import MessagePackRPC

    protocol, count = MessagePackRPC(), 0
    while data := connection.recv(65536):
        protocol.receive_data(data)
        while isinstance(call := protocol.next_event(), Call):
            count += 1
            call.result = count
            protocol.send(call)
        for piece in protocol.data_to_send():
            connection.sendall(piece)
