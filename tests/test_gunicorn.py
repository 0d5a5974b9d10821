"""fastnet's workers under a real gunicorn: served, replaced, stopped, refused."""

import signal
import sys
import threading

import pytest

from tests.servers.serving import PATIENCE_S, Server, ask, until

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


class Gunicorn(Server):
    def __init__(self, site, *options):
        (site / "site_app.py").write_text(APP)
        super().__init__("", command=[sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", *options], cwd=site)

    @property
    def urls(self):
        return [self.wait_for_log(r"https?://127\.0\.0\.1:[0-9]+")[0]]

    def pid(self):
        return self.get().split()[1]


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
        pid = server.pid()
        with server.connect() as client:
            client.sendall(b"GET /sleep HTTP/1.1\r\nHost: t\r\n\r\n")
            until((tmp_path / "sleeping").exists, "the request to begin")
            answered = threading.Thread(target=server.stop)
            answered.start()
            assert pid in client.recv(1000)
            answered.join(timeout=PATIENCE_S)
        assert server.process.returncode == 0


def test_a_worker_is_replaced_after_its_requests(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "--max-requests", "5", "site_app:wsgi") as server:
        first = server.pid()
        until(lambda: server.pid() != first, "another worker")


def test_gunicorn_reloads(tmp_path):
    with Gunicorn(tmp_path, "-k", "fastnet.gunicorn.Worker", "site_app:wsgi") as server:
        first = server.pid()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.pid() != first, "another worker")


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
