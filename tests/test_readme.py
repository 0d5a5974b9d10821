"""Everything the README tells people to type works. What runs for minutes, or runs this test, is only looked up."""

import doctest
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line[2:] for kind, block in BLOCKS if kind == "console" for line in block.splitlines()]
SCRIPTS = [block for kind, block in BLOCKS if kind == "python" and not block.startswith(">>>")]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@contextmanager
def running(command: list[str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=cwd)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def get(port: int, process: subprocess.Popen[bytes]) -> bytes:
    """The answer to GET / as soon as there is a server."""
    give_up = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                client.sendall(GET)
                return b"".join(iter(lambda: client.recv(65536), b""))
        except ConnectionRefusedError:
            assert process.poll() is None, "the server ended before it listened"
            assert time.monotonic() < give_up
            time.sleep(0.05)


def test_the_readme_was_understood() -> None:
    assert {kind for kind, _ in BLOCKS} == {"console", "python"}
    assert all(line.startswith("$ ") for kind, block in BLOCKS if kind == "console" for line in block.splitlines())
    assert len(SCRIPTS) >= 1


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    if words[0] == "make":
        assert subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True).returncode == 0
    elif words[:4] == ["python", "-m", "pip", "install"]:
        # .ci/test-sdist installs for real; here it is enough that there is something to install.
        assert words[4:] == ["."]
        assert (ROOT / "pyproject.toml").exists()
    else:
        assert words[:2] == ["fastnet", "serve"]
        port = free_port()
        run = [sys.executable, "-m", *words, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        with running(run, ROOT / "examples") as server:
            answer = get(port, server)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert re.search(rb'\{"hello": ?"world"\}', answer)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script: str, tmp_path: Path) -> None:
    port = free_port()
    assert ":8000" in script
    (tmp_path / "script.py").write_text(script.replace(":8000", f":{port}"))
    with running([sys.executable, "script.py"], tmp_path) as server:
        answer = get(port, server)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nhello\n")


def test_interactive_examples() -> None:
    examples = "".join(block for kind, block in BLOCKS if kind == "python" and block.startswith(">>>"))
    assert examples
    test = doctest.DocTestParser().get_doctest(examples, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_links_lead_somewhere() -> None:
    for path in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert os.path.exists(ROOT / path), path
