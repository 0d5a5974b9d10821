"""What the threads of a native worker share: the listeners, and how many connections may be open."""

import socket

import pytest

from tests.servers.serving import Server, ask

APP = """
def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{environ['SERVER_NAME']} {environ['SERVER_PORT']} {environ['REMOTE_ADDR']}".encode()]
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "hub_app.py").write_text(APP)
    return tmp_path


@pytest.mark.parametrize("options", [["--model", "prefork", "--workers", "1"], ["--model", "threaded"]])
def test_connections_over_the_limit_wait_for_a_place(site, options):
    with Server("hub_app:app", "--max-connections", "2", *options, cwd=site) as server:
        first, second, third = (server.connect() for _ in range(3))
        with first, second, third:
            assert ask(first, "/") and ask(second, "/")
            third.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            third.settimeout(0.5)
            with pytest.raises(TimeoutError):
                third.recv(1)
            first.close()
            third.settimeout(60)
            assert third.recv(12) == b"HTTP/1.1 200"
            assert ask(second, "/")


def test_each_listener_has_its_name(site, tmp_path):
    path = tmp_path / "hub.sock"
    with Server("hub_app:app", "--workers", "1", "--bind", "127.0.0.1:0", bind=f"unix:{path}", cwd=site) as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            assert ask(client, "/").split() == [b"localhost", b"80"]
        port = int(next(url for url in server.urls if url.startswith("http")).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert ask(client, "/").split() == [b"127.0.0.1", str(port).encode(), b"127.0.0.1"]
