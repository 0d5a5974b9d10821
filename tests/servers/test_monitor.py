"""The monitor as a process; what it shows is in test_metrics.py."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.servers.serving import Server, get, listens, run_to_end, until

APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site_app.py").write_text(APP)
    return tmp_path


def monitored(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return get(client, "/metrics")


def test_it_may_listen_at_a_unix_socket_and_its_requests_are_not_counted(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", "--metrics", "unix:m.sock", cwd=site) as server:
        server.wait_for_log("metrics at unix:m.sock")
        server.get()
        for _ in range(3):
            assert b"\nfastnet_requests_total 1\n" in monitored(site / "m.sock")
        assert server.stop() == 0
    assert not (site / "m.sock").exists()


def test_it_is_started_again_when_it_dies_and_no_worker_notices(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", "--metrics", "unix:m.sock", cwd=site) as server:
        server.wait_for_log("metrics at")
        until(lambda: len(server.workers()) == 2, "the worker and the monitor")
        assert monitored(site / "m.sock")
        monitor = next(pid for pid in server.workers() if not listens(pid, server.port))
        os.kill(monitor, signal.SIGKILL)
        server.wait_for_log(rf"the monitor \(pid {monitor}\) died: killed by SIGKILL .*; starting another")
        assert monitored(site / "m.sock")
        assert server.get() == b"hello"
        assert "worker 1" not in server.log


def test_a_place_that_is_taken_is_one_line_and_status_1(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = run_to_end("serve", "site_app:app", "--bind", "127.0.0.1:0", "--metrics", address, cwd=site)
    assert run.returncode == 1
    assert run.stderr.startswith(f"fastnet: cannot listen at {address}: the address is already in use")


@pytest.mark.parametrize("value", ["here", "fd://3", "udp://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_a_wrong_place_is_one_line_and_status_2(site: Path, value: str) -> None:
    run = run_to_end("serve", "site_app:app", "--metrics", value, cwd=site)
    assert run.returncode == 2
    assert run.stderr == f"fastnet: --metrics: '{value}' given, expected HOST:PORT or unix:PATH\n"
