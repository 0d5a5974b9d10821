"""The supervisor through `fastnet serve`: real processes, real signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.serving import PATIENCE_S, Server, get, run_to_end, until

APP = """
import os, signal, sys, threading, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        open("slow-begun", "w").close()
        time.sleep(1)
    elif path == "/for-ever":
        open("for-ever-begun", "w").close()
        while True:
            time.sleep(60)
    elif path == "/busy":
        spin_in_c()
    elif path == "/exit":
        os._exit(7)
    elif path == "/crash":
        signal.raise_signal(signal.SIGSEGV)  # in this thread, as a real one
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]

def spin_in_c():
    sum(range(10**15))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory that holds the module site_app."""
    (tmp_path / "site_app.py").write_text(APP)
    return tmp_path


def request(server: Server, path: str) -> socket.socket:
    client = server.connect()
    client.sendall(b"GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" % path.encode())
    return client


def read_all(client: socket.socket) -> bytes:
    with client:
        return b"".join(iter(lambda: client.recv(65536), b""))


# Beginning


def test_it_says_where_it_serves_and_each_worker_answers(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", cwd=site) as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.urls[0])
        until(lambda: len(server.workers()) == 2, "two workers")
        assert int(server.get()) in server.workers()


def test_many_addresses_at_once(site: Path) -> None:
    binds = ["--bind", "127.0.0.1:0", "--bind", "[::1]:0"]
    with Server("site_app:app", *binds, "--workers", "1", cwd=site, bind="unix:s.sock") as server:
        four, six, unix = server.urls
        for host, url in (("127.0.0.1", four), ("::1", six)):
            with socket.create_connection((host, int(url.rpartition(":")[2]))) as client:
                assert int(get(client)) in server.workers()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(site / "s.sock"))
            assert get(client)
        assert (four[:17], unix) == ("http://127.0.0.1:", "unix:s.sock")


def test_a_unix_socket_is_replaced_when_stale_and_removed_at_the_end(site: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(site / "s.sock"))
    with Server("site_app:app", cwd=site, bind="unix:s.sock") as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(site / "s.sock"))
            assert get(client)
        assert server.stop() == 0
    assert not (site / "s.sock").exists()


def test_an_inherited_socket(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        fd = inherited.fileno()
        with Server("site_app:app", cwd=site, bind=f"fd://{fd}", pass_fds=[fd]) as server:
            assert server.port == inherited.getsockname()[1]
            assert int(server.get()) in server.workers()


def test_sockets_of_their_own_for_each_worker(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", "--reuse-port", cwd=site) as server:
        until(lambda: len({server.get() for _ in range(20)}) == 2, "an answer from each worker")


def test_a_port_in_use_is_one_line_and_status_1(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = run_to_end("serve", "site_app:app", "--bind", f"127.0.0.1:{port}", cwd=site)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        f"fastnet: cannot listen at 127.0.0.1:{port}: the address is already in use; "
        "stop the other server or choose another one"
    ]


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("no_such_site:app", r"fastnet: cannot import 'no_such_site': no module named 'no_such_site' in .*"),
        ("site_app:nope", r"fastnet: cannot find 'nope' in 'site_app': site_app has no 'nope'"),
        ("site_app:os", r"fastnet: 'site_app:os' is of type module, which cannot be called as an application"),
    ],
)
def test_a_target_that_is_not_there_is_one_line_and_status_1(site: Path, target: str, line: str) -> None:
    run = run_to_end("serve", target, "--bind", "127.0.0.1:0", cwd=site)
    assert run.returncode == 1
    assert re.fullmatch(line + "\n", run.stderr)


def test_an_application_that_raises_on_import_shows_its_own_frames_and_status_1(site: Path) -> None:
    (site / "broken.py").write_text("import site_broken_inner\n")
    (site / "site_broken_inner.py").write_text("def f():\n    raise OSError('no database')\n\nf()\n")
    run = run_to_end("serve", "broken:app", "--bind", "127.0.0.1:0", cwd=site)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert lines[-1] == "fastnet: importing 'broken' failed: OSError: no database (site_broken_inner.py, line 2)"
    assert re.findall(r"\w+\.py", "\n".join(lines[:-1])) == ["broken.py"] + ["site_broken_inner.py"] * 2


def test_a_worker_that_dies_before_it_is_ready_ends_the_server(site: Path) -> None:
    (site / "dies.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    run = run_to_end("serve", "dies:app", "--bind", "127.0.0.1:0", "--workers", "1", cwd=site)
    assert run.returncode == 1
    assert run.stderr == "fastnet: worker 1 killed by SIGKILL (out of memory?) before it was ready\n"


def test_a_start_that_takes_too_long_shows_where_it_hangs(site: Path) -> None:
    (site / "hangs.py").write_text("import time\ndef wait_for_database():\n    time.sleep(1000)\nwait_for_database()\n")
    run = run_to_end(
        "serve", "hangs:app", "--bind", "127.0.0.1:0", "--workers", "1", "--startup-timeout", "0.5", cwd=site
    )
    assert run.returncode == 1
    assert "in wait_for_database" in run.stderr
    assert run.stderr.splitlines()[-1] == "fastnet: worker 1 is not ready after 0.5 s"


# Ending


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_after_the_request_in_progress(site: Path, signum: signal.Signals) -> None:
    with Server("site_app:app", "--workers", "2", cwd=site) as server:
        workers = server.workers()
        port = server.port
        client = request(server, "/slow")
        until((site / "slow-begun").exists, "the request")
        assert server.stop(signum) == 0
        assert read_all(client).startswith(b"HTTP/1.1 200 ")
        assert f"{signum.name}: finishing the requests in progress" in server.log
        assert not any(psutil.pid_exists(pid) for pid in workers)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_terminal_sends_its_interrupt_to_all_and_they_still_drain(site: Path) -> None:
    command = [sys.executable, "-m", "fastnet", "serve", "site_app:app", "--bind", "127.0.0.1:0"]
    with Server("", cwd=site, command=command, preexec=os.setpgrp) as server:
        client = request(server, "/slow")
        until((site / "slow-begun").exists, "the request")
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.wait() == 0
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


def test_what_is_not_done_by_the_deadline_is_ended_by_force(site: Path) -> None:
    with Server("site_app:app", "--drain-timeout", "0.3", cwd=site) as server:
        client = request(server, "/for-ever")
        until((site / "for-ever-begun").exists, "the request")
        assert server.stop() == 1
        assert "the drain timeout has passed: killing 1 worker" in server.log
        client.close()


@pytest.mark.parametrize(("second", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_it_at_once(site: Path, second: signal.Signals, status: int) -> None:
    with Server("site_app:app", "--drain-timeout", "1000", cwd=site) as server:
        client = request(server, "/for-ever")
        until((site / "for-ever-begun").exists, "the request")
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("finishing the requests in progress")
        assert server.stop(second) == status
        client.close()


def test_when_the_supervisor_is_killed_its_workers_go_too(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", cwd=site) as server:
        until(lambda: len(server.workers()) == 2, "two workers")
        workers = server.workers()
        server.process.kill()
        server.wait()
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers), "the end of the workers")


# Accidents


def test_a_killed_worker_is_replaced_at_once_and_the_reason_said(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", cwd=site) as server:
        until(lambda: len(server.workers()) == 2, "two workers")
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        server.wait_for_log(
            rf"worker \d \(pid {victim}\) died: killed by SIGKILL \(out of memory\?\); starting another"
        )
        until(lambda: len(server.workers()) == 2 and victim not in server.workers(), "a new worker")
        assert int(server.get()) in server.workers()


def test_a_worker_that_exits_by_itself_is_replaced(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", cwd=site) as server:
        assert read_all(request(server, "/exit")) == b""
        server.wait_for_log(r"died: exited with status 7; starting another")
        assert int(server.get()) in server.workers()


def test_a_crash_in_c_leaves_its_stack_in_the_log(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", cwd=site) as server:
        read_all(request(server, "/crash"))
        server.wait_for_log(r"died: killed by SIGSEGV; starting another")
        server.wait_for_log(r'site_app.py", line \d+ in app')
        assert int(server.get()) in server.workers()


def test_a_crash_loop_backs_off_and_says_so(site: Path) -> None:
    (site / "looping.py").write_text(
        "import os\nif os.path.exists('fail'):\n    raise OSError('no database')\nfrom site_app import app\n"
    )
    with Server("looping:app", "--workers", "1", cwd=site) as server:
        (site / "fail").touch()
        begun = time.monotonic()
        os.kill(server.workers()[0], signal.SIGKILL)
        server.wait_for_log(r"it failed 2 times in a row; starting another in 0.25 s")
        server.wait_for_log(
            r"worker 1 \(pid \d+\) died: importing 'looping' failed: OSError: no database \(looping.py, line 3\); "
            r"it failed 4 times in a row; starting another in 1 s"
        )
        assert time.monotonic() - begun >= 0.75  # the waits before the third and the fourth
        (site / "fail").unlink()
        assert int(server.get()) in server.workers()


def test_a_stuck_worker_is_killed_and_the_log_tells_where_it_was(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", "--request-timeout", "0.5", cwd=site) as server:
        until(lambda: len(server.workers()) == 2, "two workers")
        client = request(server, "/busy?secret")
        server.wait_for_log(r"worker \d \(pid \d+\) is stuck for \d\.\d s in 'GET /busy\?secret'; killing it")
        server.wait_for_log(r'site_app.py", line \d+ in spin_in_c')
        server.wait_for_log(r"worker \d \(pid \d+\) died: stuck for .* in 'GET /busy\?secret'; starting another")
        assert read_all(client) == b""
        until(lambda: len(server.workers()) == 2, "two workers again")
        assert int(server.get()) in server.workers()


def test_requests_shorter_than_the_deadline_are_left_alone(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", "--request-timeout", "1.6", cwd=site) as server:
        (worker,) = server.workers()
        assert {int(server.get("/slow")) for _ in range(3)} == {worker}
        assert "stuck" not in server.log


def test_with_request_timeout_0_nothing_is_stuck(site: Path) -> None:
    with Server("site_app:app", "--workers", "1", "--request-timeout", "0", cwd=site) as server:
        (worker,) = server.workers()
        assert int(server.get("/slow")) == worker
        assert "stuck" not in server.log


def test_an_idle_supervisor_and_its_workers_use_no_cpu(site: Path) -> None:
    with Server("site_app:app", "--workers", "2", cwd=site) as server:
        until(lambda: len(server.workers()) == 2, "two workers")
        server.get()
        family = [psutil.Process(pid) for pid in (server.process.pid, *server.workers())]
        switches = [process.num_ctx_switches().voluntary for process in family]
        time.sleep(2)
        woken = [
            process.num_ctx_switches().voluntary - before for process, before in zip(family, switches, strict=True)
        ]
        assert max(woken) <= 4, woken


# From Python


def test_serve_from_python_takes_a_function_and_puts_signals_back(site: Path) -> None:
    (site / "main.py").write_text(
        "import fastnet, signal, sys\n"
        "def local(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'from a function']\n"
        "before = signal.getsignal(signal.SIGTERM)\n"
        "status = fastnet.serve(local, bind='127.0.0.1:0', workers=1)\n"
        "print(status, signal.getsignal(signal.SIGTERM) is before, flush=True)\n"
    )
    with Server("", cwd=site, command=[sys.executable, "main.py"]) as server:
        assert server.get() == b"from a function"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        assert server.process.stdout.read() == "0 True\n"


def test_serve_outside_the_main_thread_is_refused(site: Path) -> None:
    code = (
        "import fastnet, threading\n"
        "def run():\n"
        "    try:\n        fastnet.serve(print, bind='127.0.0.1:0')\n"
        "    except fastnet.StartupError as error:\n        print(error)\n"
        "threading.Thread(target=run).start()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.stdout == "serving must be started in the main thread, which receives the signals\n"
