"""A process, or a thread, for each connection: bounded, waited for, drained, and gone when its connection is."""

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from tests.servers.certificates import Certificates
from tests.servers.services import order, read_all, read_exactly, serve_service
from tests.servers.serving import PATIENCE_S, Server, run_to_end, until

HERE = Path(__file__).parent
KINDS = ("prefork", "threaded")


def others(server: Server) -> list[psutil.Process]:
    """Processes of the worker."""
    (worker,) = server.workers()
    return psutil.Process(worker).children()


@pytest.mark.parametrize("model", KINDS)
def test_each_client_has_its_own_and_one_too_many_waits(model: str) -> None:
    with serve_service("Commands", model, "--per-connection", "2") as server:
        (worker,) = server.workers()
        with server.connect() as first, server.connect() as second:
            pids = {int(order(client, b"pid")) for client in (first, second)}
            if model == "prefork":
                assert len(pids) == 2 and worker not in pids
            else:
                assert pids == {worker}
                assert psutil.Process(worker).num_threads() >= 3
            with server.connect() as third:
                third.sendall(b"pid\n")
                third.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    third.recv(1)
                first.close()
                third.settimeout(PATIENCE_S)
                assert third.recv(100).strip().isdigit()
        # All were waited for: none is left, not even as a zombie.
        until(lambda: not others(server), "the end of all processes")
        until(lambda: psutil.Process(worker).num_threads() < 3, "the end of all threads")
        assert server.stop() == 0
        assert "stopped after 3 connections" in server.log


@pytest.mark.parametrize("model", KINDS)
def test_many_clients_one_after_the_other_leave_nothing_behind(model: str) -> None:
    with serve_service("framed", model, "--per-connection", "4") as server:
        (worker,) = server.workers()
        files = psutil.Process(worker).num_fds()
        failed: list[BaseException] = []

        def talk() -> None:
            try:
                for _ in range(4):
                    with server.connect() as client:
                        client.sendall(b"\0\0\0\1x")
                        assert read_exactly(client, 5) == b"\0\0\0\1x"
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=talk) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        until(lambda: not others(server) and psutil.Process(worker).num_fds() <= files, "all to be closed")


@pytest.mark.parametrize("model", KINDS)
def test_a_drain_answers_what_began_and_closes_what_is_idle(model: str) -> None:
    with serve_service("sleeping", model, "--per-connection", "9") as server:
        with server.connect() as busy, server.connect() as idle:
            assert order(idle, b"0") == b"awake"
            busy.sendall(b"0.5\n")
            until(lambda: server.log.count("sleeping") >= 2, "the question to be read")
            server.process.send_signal(signal.SIGTERM)
            assert read_all(busy) == b"awake\n" and read_all(idle) == b""
            assert server.wait() == 0


def test_processes_go_with_their_worker(tmp_path: Path) -> None:
    with serve_service("Commands", "prefork", "--per-connection", "9") as server, server.connect() as client:
        pid = int(order(client, b"pid"))
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert read_all(client) == b""
        until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "its end")
        until(lambda: server.workers() not in ([], [worker]), "another worker")
        with server.connect() as later:
            assert order(later, b"pid").isdigit()


@pytest.mark.parametrize("model", KINDS)
def test_http_and_tls_too(model: str, tmp_path: Path) -> None:
    (tmp_path / "site_pc.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Length', '2')])\n"
        "    return [b'%d%d' % (environ['wsgi.multiprocess'], environ['wsgi.multithread'])]\n"
    )
    certificates = Certificates(tmp_path)
    options = ("--model", model, "--workers", "1", "--per-connection", "9", *certificates.options)
    with Server("site_pc:app", *options, cwd=tmp_path, bind="tls://127.0.0.1:0") as server:
        with certificates.client().wrap_socket(server.connect(), server_hostname="localhost") as client:
            for _ in range(2):
                client.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                answer = b""
                while not answer.endswith((b"10", b"01")):
                    answer += client.recv(4096)
                assert answer.endswith(b"10" if model == "prefork" else b"01")


def test_directories_of_files_are_opened_once_for_all_threads(tmp_path: Path) -> None:
    (tmp_path / "site_pf.py").write_text("def app(environ, start_response):\n    raise AssertionError\n")
    (tmp_path / "file.txt").write_text("text")
    options = ("--model", "threaded", "--workers", "1", "--per-connection", "9", "--static", f"/files={tmp_path}")
    with Server("site_pf:app", *options, cwd=tmp_path) as server:
        (worker,) = server.workers()
        files = psutil.Process(worker).num_fds()
        for _ in range(9):
            with server.connect() as client:
                client.sendall(b"GET /files/file.txt HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                assert read_all(client).endswith(b"\r\n\r\ntext")
        until(lambda: psutil.Process(worker).num_fds() <= files, "all to be closed")


@pytest.mark.parametrize(
    ("name", "options", "status", "said"),
    [
        ("framed_later", (), 1, "--per-connection is for WSGI and services of plain functions"),
        ("framed", ("--model", "async"), 2, "--per-connection: 5 given, expected 0 under the async model"),
        ("framed", ("--bind", "udp://127.0.0.1:0"), 2, "expected 0 with a --bind for datagrams"),
        ("framed", ("--trace", "/dev/null"), 1, "--trace follows"),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(
    name: str, options: tuple[str, ...], status: int, said: str
) -> None:
    options = (*options, "--per-connection", "5", "--workers", "1", "--bind", "127.0.0.1:0")
    run = run_to_end("serve", f"service_site:{name}", *options, cwd=HERE)
    assert run.returncode == status and said in run.stderr.splitlines()[-1]
