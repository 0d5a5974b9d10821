"""Services with the tools of a shell: socat over every transport, gnutls-cli."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers.certificates import Certificates
from tests.servers.serving import PATIENCE_S, Server

EXAMPLES = Path(__file__).parents[2] / "examples"
QUESTION, ANSWER = b"Simple is better than?\n", b"Complex."


def run(*command: str, said: bytes = QUESTION) -> bytes:
    done = subprocess.run(command, input=said, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_socat(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    path, local = tmp_path / "stream", tmp_path / "datagrams"
    binds = ("tcp://127.0.0.1:0", f"unix:{path}", "tls://localhost:0", "udp://127.0.0.1:0", f"unixgram:{local}")
    options = [word for bind in binds for word in ("--bind", bind)]
    with Server("zen:zen", "--workers", "1", *certificates.options, *options, cwd=EXAMPLES, bind=None) as server:
        tcp, _, tls, udp, _ = (url.rpartition(":")[2] for url in server.urls)
        for address in (
            f"TCP4:127.0.0.1:{tcp}",
            f"UNIX-CONNECT:{path}",
            f"OPENSSL:localhost:{tls},cafile={certificates.ca}",
        ):
            assert run("socat", "-t60", "-", address) == ANSWER + b"\n"
        # Over datagrams there is no end of the conversation: socat waits a second for more.
        for address in (f"UDP4:127.0.0.1:{udp}", f"UNIX-SENDTO:{local},bind={tmp_path / 'mine'}"):
            assert run("socat", "-t1", "-T5", "-", address, said=QUESTION.rstrip()) == ANSWER


@pytest.mark.parametrize("model", ["prefork", "async"])
def test_gnutls(model: str, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    options = ("--model", model, "--workers", "1", *certificates.options)
    with Server("zen:zen", *options, cwd=EXAMPLES, bind="tls://127.0.0.1:0") as server:
        trust = ("--x509cafile", certificates.ca)
        said = run("gnutls-cli", "--logfile", "/dev/null", *trust, "-p", str(server.port), "localhost")
        assert said == ANSWER + b"\n"
        stranger = ["gnutls-cli", "-p", str(server.port), "localhost"]
        done = subprocess.run(stranger, input=QUESTION, capture_output=True, timeout=PATIENCE_S)
        assert done.returncode and ANSWER not in done.stdout
