"""Flask and Django as WSGI applications under every model, asked by httpx and curl."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.interop.asgi_site import write_sites
from tests.servers.serving import PATIENCE_S, Server, curl

FLASK = """
from flask import Flask, Response, request, send_file, session, stream_with_context

app = Flask(__name__)
app.secret_key = "for the tests only"

@app.get("/hello/<name>")
def hello(name):
    return f"hello {name}, {request.args.get('q', 'no q')}"

@app.get("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])

@app.post("/upload")
def upload():
    file = request.files["file"]
    return {"note": request.form["note"], "name": file.filename, "size": len(file.read())}

@app.post("/raw")
def raw():
    return str(len(request.get_data()))

@app.get("/stream")
def stream():
    return Response(stream_with_context(f"{request.path} {i}\\n" for i in range(1000)))

@app.get("/file")
def file():
    return send_file("big", mimetype="application/octet-stream", conditional=True)

@app.get("/broken")
def broken():
    return 1 / 0
"""
DJANGO = """
import django_site
from django.core.wsgi import get_wsgi_application

app = get_wsgi_application()
"""
MODELS = ("prefork", "threaded", "async")
BIG = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("sites")
    write_sites(site)
    subprocess.run([sys.executable, "django_site.py"], cwd=site, check=True)
    (site / "flask_site.py").write_text(FLASK)
    (site / "django_wsgi_site.py").write_text(DJANGO)
    (site / "big").write_bytes(BIG)
    return site


@pytest.fixture(params=MODELS)
def serve(request: pytest.FixtureRequest, site: Path) -> Callable[[str], Server]:
    return lambda target: Server(target, "--interface", "wsgi", "--model", request.param, "--workers", "1", cwd=site)


def client_of(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.urls[0], timeout=PATIENCE_S, follow_redirects=True)


def test_flask(serve: Callable[[str], Server]) -> None:
    with serve("flask_site:app") as server, client_of(server) as client:
        assert client.get("/hello/b%C3%A9b?q=%C3%A9").text == "hello béb, é"
        assert [client.get("/count").text for _ in range(3)] == ["1", "2", "3"]
        answer = client.post("/upload", data={"note": "é"}, files={"file": ("a.bin", BIG)})
        assert answer.json() == {"note": "é", "name": "a.bin", "size": len(BIG)}
        assert client.get("/stream").text == "".join(f"/stream {i}\n" for i in range(1000))
        assert client.get("/nowhere").status_code == 404
        assert client.get("/broken").status_code == 500
        server.wait_for_log("ZeroDivisionError")
        answer = client.get("/file")
        assert answer.content == BIG and answer.headers["content-length"] == str(len(BIG))
        assert client.get("/file", headers={"Range": "bytes=1000-1009"}).content == BIG[1000:1010]
        again = client.get("/file", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head("/file")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(BIG)))


def test_flask_by_curl(serve: Callable[[str], Server], site: Path) -> None:
    with serve("flask_site:app") as server:
        url = server.urls[0]

        assert curl(f"{url}/hello/a", f"{url}/hello/b") == b"hello a, no qhello b, no q"
        assert curl("--http1.0", f"{url}/stream").endswith(b"/stream 999\n")
        assert curl(f"{url}/file") == BIG
        assert curl("--data-binary", f"@{site}/big", f"{url}/raw") == str(len(BIG)).encode()
        chunked = ("-T", f"{site}/big", "-X", "POST", "-H", "Transfer-Encoding: chunked")
        assert curl(*chunked, f"{url}/raw") == str(len(BIG)).encode()


def test_django_admin_session_and_upload(serve: Callable[[str], Server]) -> None:
    with serve("django_wsgi_site:app") as server, client_of(server) as client:
        page = client.get("/admin/")
        assert "Log in" in page.text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token
        form = {"username": "admin", "password": "secret", "csrfmiddlewaretoken": token[1], "next": "/admin/"}
        page = client.post("/admin/login/?next=/admin/", data=form)
        assert page.status_code == 200 and "Site administration" in page.text
        assert "Site administration" in client.get("/admin/").text, "the session is kept"
        assert client.post("/upload", files={"file": ("a.bin", bytes(3_000_000))}).text == "3000000"
