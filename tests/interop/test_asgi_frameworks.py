"""Starlette, FastAPI and Django under every model and loop, asked by httpx and curl."""

import re
import subprocess
import sys

import httpx
import pytest

from tests.interop.asgi_site import write_sites
from tests.servers.serving import Server, curl, until

CELLS = {
    "async uvloop": ("--model", "async", "--loop", "uvloop"),
    "async asyncio": ("--model", "async", "--loop", "asyncio"),
    "prefork": ("--model", "prefork", "--workers", "1"),
    "threaded": ("--model", "threaded", "--threads", "2"),
}
BIG_BYTES = 200_000_000


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sites")
    write_sites(directory)
    subprocess.run([sys.executable, "django_site.py"], cwd=directory, check=True)
    return directory


@pytest.fixture(params=CELLS)
def serve(request, directory):
    def serve(target):
        return Server(target, "--interface", "asgi", *CELLS[request.param], cwd=directory)

    return serve


def client_of(server):
    return httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60, follow_redirects=True)


def test_starlette(serve):
    with serve("star_site:app") as server, client_of(server) as client:
        assert client.get("/hello/b%C3%A9b").text == "hello béb"
        assert client.get("/nowhere").status_code == 404
        assert client.get("/file").text.startswith("\nimport asyncio")
        assert client.get("/background").text == "begun"
        until(lambda: client.get("/count").text == "1", "the background task")

        def blocks():
            for _ in range(BIG_BYTES // 100_000):
                yield bytes(100_000)

        before = int(client.get("/memory").text)
        assert client.post("/upload", content=blocks()).text == str(BIG_BYTES)
        size = 0
        with client.stream("GET", "/download", params={"size": BIG_BYTES}) as answer:
            for part in answer.iter_raw():
                size += len(part)
        assert size == BIG_BYTES
        assert int(client.get("/memory").text) - before < 30_000, "KB: bodies are not gathered"


def test_events_end_when_the_client_leaves(serve):
    with serve("star_site:app") as server, client_of(server) as client:
        with client.stream("GET", "/events") as answer:
            lines = answer.iter_lines()
            assert [next(lines) for _ in range(4)] == ["data: tick", ""] * 2
        until(lambda: client.get("/count").text == "1", "the end of the stream")


def test_starlette_middleware(serve):
    with serve("star_site:wrapped") as server, client_of(server) as client:
        for n in range(5):
            answer = client.get(f"/hello/{n}")
            assert (answer.text, answer.headers["x-passed"]) == (f"hello {n}", "yes")


def test_fastapi(serve):
    with serve("fast_site:app") as server, client_of(server) as client:
        answer = client.post("/items", json={"name": "nut", "price": 1.5})
        assert answer.json() == {"name": "nut", "price": 3.0, "pool": "open"}
        assert client.post("/items", json={"name": "nut"}).status_code == 422
        assert client.get("/blocking/7").json() == {"n": 7}
        until(lambda: client.get("/done").json() == [7], "the background task")
        answer = client.post("/file", data={"note": "hi"}, files={"file": ("a.bin", bytes(1_000_000))})
        assert answer.json() == {"note": "hi", "name": "a.bin", "size": 1_000_000}


def test_django_admin(serve):
    with serve("django_site:app") as server, client_of(server) as client:
        page = client.get("/admin/")
        assert "Log in" in page.text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        form = {"username": "admin", "password": "secret", "csrfmiddlewaretoken": token, "next": "/admin/"}
        page = client.post("/admin/login/?next=/admin/", data=form)
        assert page.status_code == 200 and "Site administration" in page.text
        assert "Site administration" in client.get("/admin/").text, "the session is kept"
        assert client.post("/upload", files={"file": ("a.bin", bytes(3_000_000))}).text == "3000000"
        assert client.get("/later").text == "later"


def test_curl(serve, tmp_path):
    with serve("star_site:app") as server:
        url = f"http://127.0.0.1:{server.port}"
        big = tmp_path / "big"
        big.write_bytes(bytes(5_000_000))

        assert curl(f"{url}/hello/curl", f"{url}/hello/again") == b"hello curlhello again"
        assert curl("--http1.0", f"{url}/download?size=100000") == bytes(100_000)
        # curl asks with Expect: 100-continue for a body of this size
        assert curl("--data-binary", f"@{big}", f"{url}/upload") == b"5000000"
        assert curl("-T", str(big), "-X", "POST", "-H", "Transfer-Encoding: chunked", f"{url}/upload") == b"5000000"
