"""`fastnet bench` as people run it: what it shows, what it writes, and one clear line for whatever is wrong."""

import json
import os
import pty
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import trustme

from tests.bench.servers import HELLO, pause, serving
from tests.ports import free_port, nobody
from tests.servers.serving import until

NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx"
COMMAND = [sys.executable, "-m", "fastnet", "bench"]


def bench(*arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, cwd=cwd)


def refused(*arguments: str) -> str:
    done = bench(*arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("fastnet: ")
    return done.stderr[9:].rstrip("\n")


def test_closed_loop_with_reports(tmp_path: Path) -> None:
    with serving() as server:
        arguments = (server.url, "-n", "300", "-c", "3", "--json", "a.json", "--csv", "a.csv")
        done = bench(*arguments, cwd=tmp_path)
        assert server.requests == 300
        assert bench(*arguments, "--compare", "a.json", cwd=tmp_path).returncode == 0
    assert done.returncode == 0 and done.stderr == "" and "300 answered" in done.stdout
    assert "closed loop, 3 connections, 1 thread" in done.stdout and "200: 300" in done.stdout
    values = json.loads((tmp_path / "a.json").read_text())
    assert values["requests"]["answered"] == 300 and values["spec"]["connections"] == 3
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert (
        len(rows) == 3 and rows[0].startswith("started_at,url,mode,") and ",300,0," in rows[1] and ",300,0," in rows[2]
    )


def test_open_loop_shows_both_curves_and_the_change(tmp_path: Path) -> None:
    with serving() as server:
        first = bench(server.url, "--rate", "200", "-d", "0.5", "--json", "a.json", cwd=tmp_path)
        second = bench(
            server.url, "--rate", "100", "--arrivals", "poisson", "-d", "0.5", "--compare", "a.json", cwd=tmp_path
        )
    assert "open loop, 200/s, constant" in first.stdout and re.search(r"\n    raw +p50 ", first.stdout)
    assert re.search(r"requests/s +\d+ -> \d+  -\d\d\.\d% \(95%: .* to .*\)", second.stdout), second.stdout
    assert re.search(r"p99 .* -> .*%", second.stdout)


def test_options_reach_the_request(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\0\1\2")
    with serving() as server:
        bench(server.url + "a", "-n", "1", "-c", "1", "--body-file", "body", "-H", "X-A: b: c", "-q", cwd=tmp_path)
        bench(server.url, "-n", "1", "-c", "1", "-X", "DELETE", "--body", "é", "--random", "2")
    assert server.seen[0].startswith(b"POST /a HTTP/1.1\r\n") and b"\r\nX-A: b: c\r\n" in server.seen[0]
    assert server.seen[0].endswith(b"\r\n\r\n\0\1\2")
    assert server.seen[1].startswith(b"DELETE / ") and b"\r\n\r\n\xc3\xa9" in server.seen[1][:-2]


def test_errors_mark_the_run_unless_they_are_allowed() -> None:
    with serving(lambda n: [HELLO if n % 2 else HELLO.replace(b"200", b"503")]) as server:
        done = bench(server.url, "-n", "20", "-c", "1")
        assert done.returncode == 1 and done.stderr == "fastnet: 10 requests failed\n"
        assert "ERROR      status: 10 (status 503)" in done.stdout and "10 answered" in done.stdout
        assert bench(server.url, "-n", "20", "--allow-errors").returncode == 0
        silent = bench(server.url, "-n", "20", "-q")
        assert (silent.stdout, silent.stderr) == ("", "fastnet: 10 requests failed\n")


def test_a_server_that_dies_leaves_its_results(tmp_path: Path) -> None:
    with serving(lambda n: pause(0.001)) as server:

        def stop() -> None:
            until(lambda: server.requests > 100, "the load")
            server.stop()

        threading.Thread(target=stop).start()
        done = bench(server.url, "-d", "30", "-c", "4", "--json", "a.json", "--allow-errors", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("fastnet: no connection for 2 s: Connection refused")
    values = json.loads((tmp_path / "a.json").read_text())
    assert values["failed"] and values["requests"]["answered"] > 0 and "answered" in done.stdout


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    with serving(lambda n: pause(0.001)) as server:
        command = [*COMMAND, server.url, "-d", "60", "--json", "a.json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
        ) as process:
            while server.requests < 100:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 130 and err == "" and "interrupted" in out
        values = json.loads((tmp_path / "a.json").read_text())
        assert values["requests"]["sent_whole"] == server.requests and values["ended_early"] == "interrupted"


def test_nobody_there() -> None:
    with nobody() as port:
        done = bench(f"http://127.0.0.1:{port}/")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"fastnet: cannot connect to 127.0.0.1:{port}: Connection refused\n"


def test_the_wrong_scheme() -> None:
    with serving() as server:
        done = bench(server.url.replace("http:", "https:"), "-k", "-d", "30", "--timeout", "0.5", "-c", "2")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "TLS handshake" in done.stderr
    assert done.stderr.endswith("(the server speaks plain HTTP there: say http://)\n") and "HINT" in done.stdout


def test_plain_requests_to_a_tls_port(tmp_path: Path) -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    with serving(context=context) as server:
        done = bench(server.url.replace("https:", "http:"), "-n", "4", "-c", "2", "--json", "a.json", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.endswith("requests failed (the server speaks TLS there: say https://)\n")
    assert json.loads((tmp_path / "a.json").read_text())["hint"] == "the server speaks TLS there: say https://"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["http://x", "-d", "0"], "--duration: 0.0 given, expected 0.01 to 86400 s"),
        (["http://x", "-d", "soon"], "--duration: 'soon' given, expected a number"),
        (["http://x", "-c", "1.5"], "--connections: '1.5' given, expected a whole number"),
        (["http://x", "-c", "0"], "--connections: 0 given, expected 1 to 1e+06"),
        (["gopher://x"], "URL: 'gopher://x' given, expected scheme://host[:port][/path]; schemes: http, https, tcp"),
        (["http://x", "-H", "novalue"], "--header: 'novalue' given, expected Name: value"),
        (["http://x", "--expect-digest", "xyz"], "--expect-digest: 'xyz' given, expected a CRC-32C in hex, or echo"),
        (["http://x", "--body-file", "/no/such"], "--body-file: '/no/such' given, expected a file that can be read"),
        (["http://x", "--body", "a", "--body-file", "b"], "--body: 'a' given, expected only one of"),
        (["http://x", "--json", "/no/such/dir/a"], "--json: '/no/such/dir/a' given, expected a file that can be w"),
        (["http://x", "--html", "/no/such/dir/a"], "--html: '/no/such/dir/a' given, expected a file that can be w"),
        (["http://x", "--csv", "/proc/a"], "--csv: '/proc/a' given, expected a file that can be written"),
        (["http://x", "--compare", "/dev/null"], "--compare: '/dev/null' given, expected a file written by --json"),
        (["http://x", "--weight", "1", "--weight", "2"], "--weight: "),
        (["http://x", "--rate", "nan"], "--rate: nan given, expected 0 to 1e+08 requests/s"),
        (["http://x", "--core", "9999"], "--core: 9999 given, expected cores of ["),
    ],
)  # fmt: skip
def test_wrong_options(arguments: list[str], says: str) -> None:
    assert refused(*arguments).startswith(says)


def test_a_csv_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("name,price\n")
    assert refused("http://x", "--csv", str(other)).endswith("expected a new file, or one that --csv wrote")
    assert other.read_text() == "name,price\n"


@pytest.mark.parametrize("answer", [[b"SSH-2.0-x\r\n"], [HELLO[:-2], None]])
def test_garbage_and_truncated_answers(answer: list[bytes]) -> None:
    with serving(lambda n: list(answer)) as server:
        done = bench(server.url, "-n", "10", "-c", "2")
    assert done.returncode == 1 and done.stderr == "fastnet: 10 requests failed\n"
    assert re.search(r"ERROR      (garbage|truncated): 10 \(\w+", done.stdout)


def test_the_live_line_is_for_terminals_only() -> None:
    with serving() as server:
        main, side = pty.openpty()
        try:
            done = subprocess.run(
                [*COMMAND, server.url, "-d", "0.6"], stdout=subprocess.PIPE, stderr=side, timeout=60,
                env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
            )  # fmt: skip
            shown = os.read(main, 65536).decode()
        finally:
            os.close(main), os.close(side)
    assert re.search(r"\d s  [\d,]+ answered  [\d,]+/s  64 open", shown)
    assert b"answered, " in done.stdout and done.returncode == 0


def test_nginx(tmp_path: Path) -> None:
    """A real server that closes each connection after a hundred requests, and counts what it answered itself."""
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        f"""daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; worker_processes 1;
        events {{ worker_connections 512; }}
        http {{
            access_log {tmp_path}/access.log;
            keepalive_requests 100;
            client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path}; fastcgi_temp_path {tmp_path};
            uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
            server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello"; }} }}
        }}"""
    )
    with subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], stderr=subprocess.PIPE
    ) as nginx:
        try:
            for _ in range(100):
                done = bench(f"http://127.0.0.1:{port}/", "-n", "1", "-c", "1")
                if done.returncode == 0:
                    break
                time.sleep(0.05)
            for pipeline in ("1", "8"):
                done = bench(f"http://127.0.0.1:{port}/", "-n", "5000", "--pipeline", pipeline, "--expect-length", "5")
                assert done.returncode == 0 and "5,000 answered" in done.stdout and "200: 5,000" in done.stdout
        finally:
            nginx.terminate()
            nginx.communicate(timeout=10)
    assert (tmp_path / "access.log").read_text().count("\n") == 10_001
