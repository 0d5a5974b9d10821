"""fastnet's workers under a real gunicorn: served, replaced, stopped, refused."""

import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.servers.serving import PATIENCE_S, ask, get, until

APP = """
import os, time

def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        open("sleeping", "w").close()
        time.sleep(3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"wsgi {os.getpid()} {environ['wsgi.multithread']}".encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": f"asgi {os.getpid()}".encode()})
"""


class Gunicorn:
    def __init__(self, site, *options):
        (site / "site_app.py").write_text(APP)
        command = [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(command, cwd=site, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self._reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")))
        self._reader.start()

    @property
    def log(self):
        return "".join(self.lines)

    def connect(self):
        until(lambda: re.search(r"http://127.0.0.1:[0-9]+", self.log), "gunicorn to listen")
        port = int(re.search(r"http://127.0.0.1:([0-9]+)", self.log)[1])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)

    def get(self, path="/"):
        with self.connect() as client:
            return get(client, path).decode().split()

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        return self.process.wait(timeout=PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self._reader.join(timeout=PATIENCE_S)
        self.process.stderr.close()


@pytest.mark.parametrize(
    ("worker", "options", "app", "words"),
    [
        ("Worker", [], "wsgi", "False"),
        ("Worker", ["--threads", "3"], "wsgi", "True"),
        ("AsyncWorker", ["--threads", "3"], "wsgi", "True"),
        ("Worker", [], "asgi", None),
        ("AsyncWorker", [], "asgi", None),
    ],
)
def test_an_application_in_place(tmp_path, worker, options, app, words):
    with Gunicorn(tmp_path, "-k", f"fastnet.gunicorn.{worker}", *options, f"site_app:{app}") as server:
        with server.connect() as client:
            first, second = ask(client), ask(client)       # kept alive
        assert first == second
        assert first.decode().split()[0] == app
        assert words is None or first.decode().split()[2] == words
        assert server.stop() == 0
    assert "Traceback" not in server.log


def test_sigterm_lets_a_request_end(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "site_app:wsgi") as server:
        pid = server.get()[1]
        with server.connect() as client:
            client.sendall(b"GET /sleep HTTP/1.1\r\nHost: t\r\n\r\n")
            until((tmp_path / "sleeping").exists, "the request to begin")
            answered = threading.Thread(target=server.stop)
            answered.start()
            assert pid.encode() in client.recv(1000)
            answered.join(timeout=PATIENCE_S)
        assert server.process.returncode == 0


def test_a_worker_is_replaced_after_its_requests(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "--max-requests", "5", "site_app:wsgi") as server:
        first = server.get()[1]
        until(lambda: server.get()[1] != first, "another worker")


def test_gunicorn_reloads(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "site_app:wsgi") as server:
        first = server.get()[1]
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.get()[1] != first, "another worker")


def test_a_stuck_request_ends_its_worker(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "--timeout", "1", "site_app:wsgi") as server:
        server.get()
        with server.connect() as client:
            client.sendall(b"GET /sleep HTTP/1.1\r\nHost: t\r\n\r\n")
            until(lambda: "WORKER TIMEOUT" in server.log, "the timeout")
        assert server.get()


def test_tls_is_refused(tmp_path):
    options = ["--certfile", "site_app.py", "--keyfile", "site_app.py"]
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", *options, "site_app:wsgi") as server:
        assert server.process.wait(timeout=PATIENCE_S) == 3
    assert "speaks no TLS under gunicorn: use fastnet serve --tls-cert" in server.log
