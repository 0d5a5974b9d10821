"""A loop for one connection: it serves it, and ends with it, or when the pipe ends that it watches."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fastnet.servers.config import Config
from fastnet.servers.one_connection import serve_connection
from tests.servers import service_site
from tests.servers.services import order, read_all
from tests.servers.serving import PATIENCE_S


@contextmanager
def served(config: Config) -> Iterator[tuple[socket.socket, int, threading.Thread]]:
    """A client, the pipe's other end, and the thread that serves it."""
    ending, not_ending = os.pipe()
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    theirs.setblocking(False)
    given = (config, service_site.Commands, "service", theirs.detach(), None, ("/path", None), None, ending)
    thread = threading.Thread(target=serve_connection, args=given)
    thread.start()
    with ours:
        yield ours, not_ending, thread
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    os.close(ending)


def test_it_ends_with_its_connection_or_when_it_is_told_to() -> None:
    config = Config(target="service_site:Commands", workers=1)
    before = len(os.listdir("/proc/self/fd"))
    with served(config) as (client, not_ending, thread):
        assert order(client, b"facts") == repr((None, ("/path", None), None, False)).encode()
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        os.close(not_ending)
    with served(config) as (client, not_ending, _):
        assert order(client, b"pid") == b"%d" % os.getpid()
        os.close(not_ending)
        assert read_all(client) == b""
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_question_before_the_end_is_answered() -> None:
    with served(Config(target="service_site:Commands", workers=1)) as (client, not_ending, _):
        client.sendall(b"many 200\n")
        os.close(not_ending)
        assert read_all(client) == (b"x" * 999 + b"\n") * 200


@pytest.mark.parametrize("what", ["bad", "fail"])
def test_what_goes_wrong_ends_it(what: str) -> None:
    with served(Config(target="service_site:Commands", workers=1)) as (client, not_ending, _):
        client.sendall(what.encode() + b"\n")
        assert read_all(client) == b""
        os.close(not_ending)
