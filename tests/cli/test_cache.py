"""`fastnet cache`: it serves, under every model; wrong options are told in a line."""

import socket
from pathlib import Path

import pytest

from tests.clients.caches import fastnet
from tests.servers.services import MODELS, read_exactly
from tests.servers.serving import PATIENCE_S, run_to_end


@pytest.mark.parametrize("model", MODELS)
def test_it_serves(model: str) -> None:
    with fastnet("--memory", "2m", "--max-item", "100k", model=model) as port:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as one:
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as two:
                # More is asked for than is read: what waits is bounded, and all of it comes.
                one.sendall(b"set a 0 0 100000\r\n" + bytes(100_000) + b"\r\n" + b"get a\r\n" * 50)
                two.sendall(b"get a\r\n" * 2)
                answer = b"VALUE a 0 100000\r\n" + bytes(100_000) + b"\r\nEND\r\n"
                assert read_exactly(one, 8 + 50 * len(answer)) == b"STORED\r\n" + answer * 50
                found = read_exactly(two, 5)
                assert found in (b"END\r\n", b"VALUE")
                two.sendall(b"set a 0 0 1\r\nxyz\r\n")
                rest = b"".join(iter(lambda: two.recv(1 << 16), b""))
                assert rest.endswith(b"CLIENT_ERROR bad data chunk\r\n")
                one.sendall(b"quit\r\n")
                assert one.recv(1) == b""


@pytest.mark.parametrize("options, said", [
    (["--workers", "2"], "--workers: 2 given, expected 1: each process would have a cache of its own"),
    (["--memory", "much"], "--memory: 'much' given, expected bytes, or a number with k, m or g: 64m"),
    (["--memory", "1k"], "--memory: '1k' given, expected a number of bytes, at least 1048576"),
    (["--idle-timeout", "x"], "--idle-timeout: 'x' given, expected a number of seconds"),
    (["--workers", "x"], "--workers: 'x' given, expected 1"),
])  # fmt: skip
def test_wrong_options(options: list[str], said: str, tmp_path: Path) -> None:
    ended = run_to_end("cache", *options, cwd=tmp_path)
    assert (ended.returncode, ended.stderr.strip()) == (2, f"fastnet: {said}")


def test_help_has_the_defaults_of_this_command(tmp_path: Path) -> None:
    text = " ".join(run_to_end("cache", "--help", cwd=tmp_path).stdout.split())
    assert "[64m]" in text and "[127.0.0.1:11211]" in text and "[threaded]" in text and "--access-log" not in text
