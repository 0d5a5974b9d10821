"""The environ that a WSGI application sees, request after request on one connection."""

import ast

import pytest

from tests.servers.serving import Server

APP = """
def app(environ, start_response):
    seen = {k: v for k, v in environ.items() if k.startswith("HTTP_X") or k in (
        "HTTP_HOST", "HTTP_COOKIE", "HTTP_ACCEPT", "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REQUEST_URI",
        "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_PROTOCOL", "REMOTE_PORT")}
    body = ascii(seen).encode()
    environ["HTTP_X_MADE_UP"] = environ["PATH_INFO"] = "by the app"
    start_response("200 OK", [("content-type", "text/plain")])
    return [body]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    site = tmp_path_factory.mktemp("environ")
    (site / "site_app.py").write_text(APP)
    with Server("site_app:app", "--workers", "1", cwd=site) as server:
        yield server


def ask(reader, client, request):
    client.sendall(request)
    length = 0
    while (line := reader.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return ast.literal_eval(reader.read(length).decode())


def request(*lines, target="/", method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode("latin-1")


def test_values_are_those_of_this_request(server):
    """Objects are used again for values that repeat; none may leak into a request that sent another, or nothing."""
    with server.connect() as client, client.makefile("rb") as reader:
        for accept in ("text/html", "text/html", "*/*", "text/htmm", "text/html"):
            assert ask(reader, client, request(f"Accept: {accept}"))["HTTP_ACCEPT"] == accept
        assert "HTTP_ACCEPT" not in ask(reader, client, request())
        first = ask(reader, client, request("X-Thing: 1", method="PUT", target="/p?q"))
        assert (first["REQUEST_METHOD"], first["PATH_INFO"], first["QUERY_STRING"]) == ("PUT", "/p", "q")
        second = ask(reader, client, request())
        assert (second["REQUEST_METHOD"], second["PATH_INFO"], second["QUERY_STRING"]) == ("GET", "/", "")
        assert "HTTP_X_THING" not in second


def test_what_an_app_changes_is_gone_in_the_next_request(server):
    """Whole heads that repeat are answered from one template, which is never handed out."""
    with server.connect() as client, client.makefile("rb") as reader:
        for _ in range(4):
            assert "HTTP_X_MADE_UP" not in ask(reader, client, request("X-Forwarded-For: 1.2.3.4"))
        once = [ask(reader, client, request("Accept: a", target=target)) for target in ("/a?b", "/", "/a?b", "/c")]
        assert [(seen["PATH_INFO"], seen["QUERY_STRING"]) for seen in once] == [
            ("/a", "b"), ("/", ""), ("/a", "b"), ("/c", "")]  # fmt: skip


def test_repeated_fields_are_one_list(server):
    with server.connect() as client, client.makefile("rb") as reader:
        for _ in range(2):  # the second time with values that are known already
            seen = ask(reader, client, request("Accept: a", "Accept: a", "accept: b", "X-Other: 1", "x-other: 1"))
            assert (seen["HTTP_ACCEPT"], seen["HTTP_X_OTHER"]) == ("a,a,b", "1,1")
            assert ask(reader, client, request("Cookie: a=1", "Cookie: b=2"))["HTTP_COOKIE"] == "a=1; b=2"


def test_underscores_and_latin_1(server):
    with server.connect() as client, client.makefile("rb") as reader:
        seen = ask(reader, client, request("X_Real: no", "X-Real: yes", "X-Name: J\xf6rg", "X-Empty:"))
        assert (seen["HTTP_X_REAL"], seen["HTTP_X_NAME"], seen["HTTP_X_EMPTY"]) == ("yes", "J\xf6rg", "")
        long = "v" * 5000  # more than is kept for the next request
        assert ask(reader, client, request(f"X-Real: {long}"))["HTTP_X_REAL"] == long


def test_each_connection_has_its_own_peer(server):
    with server.connect() as one, server.connect() as two:
        readers = [one.makefile("rb"), two.makefile("rb")]
        for _ in range(3):
            for client, reader in zip((one, two), readers, strict=True):
                for extra in ((), (), ("Accept: a",), ("Cookie: a",), ("Cookie: a",), ()):
                    seen = ask(reader, client, request(*extra))
                    assert seen["REMOTE_PORT"] == str(client.getsockname()[1])
                    assert (seen.get("HTTP_ACCEPT"), seen.get("HTTP_COOKIE")) == (
                        "a" if "Accept: a" in extra else None,
                        "a" if "Cookie: a" in extra else None,
                    )
        for reader in readers:
            reader.close()
