"""uvicorn's httptools protocol, unchanged, over fastnet.compat.httptools: asked by curl."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fastnet

SERVER = """
import sys
from fastnet.compat import httptools
sys.modules["httptools"] = httptools
import uvicorn
from uvicorn.protocols.http import httptools_impl
assert httptools_impl.httptools is httptools

async def app(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    text = f'{scope["method"]} {scope["path"]} {scope["query_string"].decode()} {len(body)}'
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text.encode()})

uvicorn.run(app, port=0, http="httptools", lifespan="off", log_level="info", access_log=False)
"""


@contextmanager
def serving() -> Iterator[str]:
    path = os.pathsep.join([str(Path(fastnet.__file__).parents[1]), *filter(None, sys.path)])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        assert server.stderr is not None
        said = ""
        for line in server.stderr:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError(said)
        yield found[0]
    finally:
        server.terminate()
        server.communicate(timeout=30)


def curl(*arguments: str | Path) -> str:
    done = subprocess.run(["curl", "-sS", "--max-time", "30", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_uvicorn_serves_curl(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(300_000))
    with serving() as url:
        assert curl(f"{url}/a?b=c", f"{url}/second") == "GET /a b=c 0GET /second  0"
        assert curl("-d", "x=1", f"{url}/post") == "POST /post  3"
        assert curl("--data-binary", f"@{big}", "-H", "Transfer-Encoding: chunked", f"{url}/up") == "POST /up  300000"
        assert curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host:", f"{url}/") == "400"
