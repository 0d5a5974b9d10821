"""The scope that ASGI applications see, on each kind of loop."""

import pytest

from tests.apps.asgi import CLOSE, answer, application
from tests.servers.loops import LOOPS, serving


@pytest.fixture(params=LOOPS)
def serve(request):
    return lambda app, **options: serving(app, request.param, **options)


def seen_scope(serve, request, **options):
    seen = []

    @application
    async def app(scope, receive, send):
        seen.append(scope)
        await answer(send)

    with serve(app, **options) as server:
        reply = server.talk(request)
        assert reply.startswith(b"HTTP/1.1 200 OK\r\n"), reply
        return seen[0], server


def test_scope(serve):
    request = b"GET /a%20b/%C3%A9%2F?x=1&y=%20 HTTP/1.1\r\nHost: test:80\r\nX-Thing: A\r\nx-thing: b \r\n" + CLOSE
    scope, server = seen_scope(serve, request)
    assert scope["client"][0] == "127.0.0.1" and isinstance(scope["client"][1], int)
    assert scope["server"] == ("127.0.0.1", server.address[1])
    assert scope["headers"] == [
        (b"host", b"test:80"), (b"x-thing", b"A"), (b"x-thing", b"b"), (b"connection", b"close"),
    ]  # fmt: skip
    expected = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/a b/é/", "raw_path": b"/a%20b/%C3%A9%2F", "query_string": b"x=1&y=%20",
        "root_path": "", "state": {}, "extensions": {"http.response.trailers": {}, "http.response.pathsend": {}},
    }  # fmt: skip
    assert {key: scope[key] for key in expected} == expected
    assert set(scope) == set(expected) | {"client", "server", "headers"}


@pytest.mark.parametrize(
    ("target", "path", "raw_path", "query"),
    [
        ("/", "/", b"/", b""),
        ("/?", "/", b"/", b""),
        ("/?a?b", "/", b"/", b"a?b"),
        ("/%FF%f0x", "/\ufffd\ufffdx", b"/%FF%f0x", b""),
        ("/%00", "/\0", b"/%00", b""),
        ("//a/../b", "//a/../b", b"//a/../b", b""),
        ("http://other:80/p%41th?q", "/pAth", b"/p%41th", b"q"),
        ("http://other", "/", b"/", b""),
        ("http://other?q=/x", "/", b"/", b"q=/x"),
    ],
)
def test_target(serve, target, path, raw_path, query):
    host = "other:80" if ":80" in target else "other"
    scope, _ = seen_scope(serve, f"GET {target} HTTP/1.1\r\nHost: {host}\r\n".encode() + CLOSE)
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw_path, query)


def test_asterisk_and_methods(serve):
    scope, _ = seen_scope(serve, b"OPTIONS * HTTP/1.1\r\nHost: test\r\n" + CLOSE)
    assert (scope["method"], scope["path"]) == ("OPTIONS", "*")
    scope, _ = seen_scope(serve, b"PROPFIND /x HTTP/1.1\r\nHost: test\r\n" + CLOSE)
    assert scope["method"] == "PROPFIND"


@pytest.mark.parametrize(
    ("target", "path", "raw_path"),
    [
        ("/users", "/api/users", b"/api/users"),
        ("/api/users", "/api/users", b"/api/users"),
        ("/api", "/api", b"/api"),
        ("/apis", "/api/apis", b"/api/apis"),
    ],
)
def test_root_path(serve, target, path, raw_path):
    """Whether the proxy took the prefix off or left it, the path has it once."""
    scope, _ = seen_scope(serve, f"GET {target} HTTP/1.1\r\nHost: t\r\n".encode() + CLOSE, root_path="/api")
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/api", path, raw_path)


def test_http_1_0_and_unix_socket(serve, tmp_path):
    seen = []

    @application
    async def app(scope, receive, send):
        seen.append(scope)
        await answer(send)

    path = tmp_path / "socket"
    with serve(app, unix=path) as server:
        reply = server.talk(b"GET / HTTP/1.0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"connection: close" in reply
    assert path.exists(), "the file is the supervisor's"
    assert seen[0]["http_version"] == "1.0"
    assert seen[0]["client"] is None
    assert seen[0]["server"] == (str(path), None)


def test_scopes_are_not_shared(serve):
    seen = []

    @application
    async def app(scope, receive, send):
        assert "mine" not in scope
        scope["mine"] = scope["state"]["mine"] = 1
        seen.append(scope)
        await answer(send)

    with serve(app) as server:
        server.get()
        server.get()
    assert seen[0] is not seen[1]
