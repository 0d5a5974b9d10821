"""The native driver: one thread over a readiness loop, and many over the same one."""

import os
import signal
import threading
import time

import pytest

from tests.servers.serving import Server, ask

APP = """
import threading, time
running, most, lock = 0, 0, threading.Lock()

def app(environ, start_response):
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    time.sleep(float(environ["QUERY_STRING"] or 0))
    with lock:
        running -= 1
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{most} {threading.current_thread().name}".encode()]
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "native_app.py").write_text(APP)
    return tmp_path


def all_at_once(server, paths):
    answers, threads = [], []
    for path in paths:
        thread = threading.Thread(target=lambda path=path: answers.append(server.get(path)))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(paths)
    return answers


def test_threads_run_requests_side_by_side(site):
    with Server("native_app:app", "--model", "threaded", "--threads", "4", cwd=site) as server:
        answers = all_at_once(server, ["/?0.5"] * 12)
        assert max(int(answer.split()[0]) for answer in answers) == 4
        assert len({answer.split()[1] for answer in answers}) == 4


def test_one_thread_runs_them_one_by_one(site):
    with Server("native_app:app", "--workers", "1", cwd=site) as server:
        assert {answer.split()[0] for answer in all_at_once(server, ["/?0.1"] * 5)} == {b"1"}


def test_a_free_thread_answers_while_others_are_held_up(site):
    with Server("native_app:app", "--model", "threaded", "--threads", "3", cwd=site) as server:
        held = [server.connect(), server.connect()]
        for client in held:
            client.sendall(b"GET /?3 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        with server.connect() as client:
            client.settimeout(2)
            for _ in range(50):
                assert ask(client, "/")
        for client in held:
            client.close()


@pytest.mark.parametrize("options", [["--workers", "1"], ["--model", "threaded"]])
def test_a_drain_finishes_what_runs_and_lets_idle_connections_go(site, options):
    with Server("native_app:app", *options, cwd=site) as server:
        idle, busy = server.connect(), server.connect()
        with idle, busy:
            assert ask(idle, "/")
            busy.sendall(b"GET /?1 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            assert server.stop() == 0
            assert busy.recv(65536).startswith(b"HTTP/1.1 200")
            assert busy.recv(1) == b"" and idle.recv(1) == b""


@pytest.mark.parametrize("model", ["prefork", "threaded"])
def test_signal_handlers_of_the_application_run_in_an_idle_worker(model, tmp_path):
    (tmp_path / "handles.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGUSR2, lambda *_: print('handled', file=sys.stderr, flush=True))\n" + APP
    )
    with Server("handles:app", "--model", model, "--workers", "1", cwd=tmp_path) as server:
        server.get()
        for n in range(1, 4):
            os.kill(server.workers()[0], signal.SIGUSR2)
            server.wait_for_log("(?s)" + "handled.*" * n)
            server.get()
