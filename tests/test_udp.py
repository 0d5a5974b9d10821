"""The public face of requests over UDP, and its command."""

import subprocess
import sys

import pytest

from fastnet import udp
from fastnet.protocols import udp_requests
from tests.clients.test_udp import server
from tests.ports import nobody


def test_everything_is_there() -> None:
    assert len(udp.__all__) == len(set(udp.__all__))
    assert all(getattr(udp, name) for name in udp.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        udp.nothing  # noqa: B018


def test_a_service_imports_no_client() -> None:
    text = "import sys, fastnet.udp; sys.exit(str(found) if (found := set(sys.argv) & sys.modules.keys()) else 0)"
    done = subprocess.run([sys.executable, "-c", text, "argparse", "asyncio", "ssl"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    def twice(sock, data, peer):
        _, id, body = udp_requests.decode(data)
        sock.sendto(udp_requests.encode(2, id, body * 2), peer)

    with server(twice) as url:
        assert udp.main([url, "one", "two"]) == 0
    assert capsys.readouterr().out == "oneone\ntwotwo\n"
    with nobody() as port:
        assert udp.main([f"udp://127.0.0.1:{port}", "one"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("fastnet: ") and "refused" in said.err
    with pytest.raises(SystemExit) as caught:
        udp.main(["udp://127.0.0.1:1"])
    assert caught.value.code == 2 and capsys.readouterr().err.count("\n") == 1
