"""Handlers of services, whichever model serves them: what is called when, answers, pushes, time, concurrency."""

import socket
from collections.abc import Iterator

import pytest

from fastnet.apps.service import service
from fastnet.apps.session import ServiceApp
from fastnet.framing import Lines
from tests.servers.services import MODELS, order, read_all, read_exactly, read_line, serve_service
from tests.servers.serving import Server, until


@pytest.fixture(scope="module", params=MODELS)
def commands(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serve_service("Commands", request.param) as server:
        yield server


def test_an_app_has_a_loop_only_where_it_is_given_one() -> None:
    app = ServiceApp(service(print, framing=Lines()), max_output=7, idle_timeout=3)
    assert app.stepper is None and (app.max_output, app.idle_timeout) == (7, 3)
    app.close()


def test_answers_come_in_order_and_a_generators_items_too(commands: Server) -> None:
    with commands.connect() as client:
        client.sendall(b"pid\nmany 1000\npid\n")
        pid = read_line(client)
        assert read_exactly(client, 1000 * 1000) == (b"x" * 999 + b"\n") * 1000
        assert read_line(client) == pid


def test_other_threads_push(commands: Server) -> None:
    with commands.connect() as client:
        client.sendall(b"push 500\n")
        assert [read_line(client) for _ in range(500)] == [b"%d" % i for i in range(500)]


def test_time_is_up_when_the_handler_says(commands: Server) -> None:
    with commands.connect() as client:
        assert order(client, b"wait 0.01") == b"time is up"
        assert order(client, b"pid").isdigit()


def test_on_close_tells_a_proper_end_from_a_failure(commands: Server) -> None:
    with commands.connect() as client:
        client.sendall(b"fail\n")
        assert read_all(client) == b""
    with commands.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
    with commands.connect() as other:
        until(lambda: b"NoneType None" in order(other, b"tell"), "a proper end")
        until(lambda: b"ValueError our fault" in order(other, b"tell"), "a failure")


@pytest.mark.parametrize("model", MODELS)
def test_a_protocol_may_speak_first_and_have_a_last_word(model: str) -> None:
    with serve_service("Greeting", model) as server, server.connect() as client:
        assert read_line(client) == b"welcome"
        client.sendall(b"hello?")
        assert read_all(client) == b"sorry: nobody asked"


@pytest.mark.parametrize("model", MODELS)
def test_who_is_silent_towards_a_protocol_without_a_clock_is_dropped(model: str) -> None:
    with serve_service("Echo", model, "--keepalive-timeout", "0.3") as server, server.connect() as client:
        client.sendall(b"x")
        assert read_all(client) == b"x"


@pytest.mark.parametrize("model", MODELS)
def test_coroutines_may_be_several_and_answer_before_the_end(model: str) -> None:
    with serve_service("concurrent", model) as server, server.connect() as client:
        client.sendall(b"a\nb\nc\n")
        assert sorted(read_line(client) for _ in range(3)) == [b"a", b"b", b"c"]
    with serve_service("framed_later", model) as server, server.connect() as client:
        frames = [b"now", b"later 1", b"now 2", b"later 3"]
        client.sendall(b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames))
        client.shutdown(socket.SHUT_WR)  # the answers are not lost
        assert read_all(client) == b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


@pytest.mark.parametrize("model", MODELS)
def test_a_coroutine_waits_for_who_reads(model: str) -> None:
    with serve_service("streaming", model, "--max-output", "50000") as server, server.connect() as client:
        client.sendall(b"300\n")
        assert read_exactly(client, 3000000) == (b"d" * 9999 + b"\n") * 300
        assert read_line(client) == b"done"
