import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.errors import StartupError
from fastnet.servers.accesslog import AccessLog, Entry, format_combined, format_json
from fastnet.servers.config import Config


def entry(**values: Any) -> Entry:
    plain = {
        "client": "192.0.2.7",
        "time": 1700000000.25,
        "request": b"GET /a?b=c HTTP/1.1",
        "status": 200,
        "body_bytes": 1234,
        "duration_s": 0.0015,
        "referer": b"https://example.org/",
        "user_agent": b"curl/8.5",
    }
    return Entry(**{**plain, **values})


def config(path: Path | str, kind: str = "combined") -> Config:
    return Config(target="site:app", access_log=kind, access_log_file=str(path))


def test_combined_is_apaches_format_and_the_duration_in_microseconds() -> None:
    assert format_combined(entry()) == (
        b'192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] "GET /a?b=c HTTP/1.1" 200 1234 '
        b'"https://example.org/" "curl/8.5" 1500'
    )


def test_what_is_missing_is_a_dash_in_combined() -> None:
    line = format_combined(entry(client=None, request=b"", body_bytes=0, referer=None, user_agent=None, status=408))
    assert line == b'- - - [14/Nov/2023:22:13:20 +0000] "-" 408 - "-" "-" 1500'


def test_json_has_the_same_facts() -> None:
    assert json.loads(format_json(entry())) == {
        "time": 1700000000.25,
        "client": "192.0.2.7",
        "method": "GET",
        "target": "/a?b=c",
        "version": "HTTP/1.1",
        "status": 200,
        "bytes": 1234,
        "duration": 0.0015,
        "referer": "https://example.org/",
        "user_agent": "curl/8.5",
    }


def test_what_is_missing_is_null_in_json() -> None:
    facts = json.loads(format_json(entry(client=None, referer=None, user_agent=None)))
    assert [facts["client"], facts["referer"], facts["user_agent"]] == [None, None, None]


@given(st.binary(), st.binary(), st.binary())
def test_nothing_a_client_sends_can_forge_a_line_or_a_field(request: bytes, referer: bytes, agent: bytes) -> None:
    given_entry = entry(request=request, referer=referer, user_agent=agent)
    line = format_combined(given_entry)
    assert all(0x20 <= byte < 0x7F for byte in line)
    assert line.count(b'"') == 6
    text = format_json(given_entry)
    assert all(0x20 <= byte < 0x7F for byte in text)
    assert json.loads(text)["user_agent"] == agent.decode("latin-1")


def test_escapes_show_what_was_sent() -> None:
    line = format_combined(entry(request=b'GET /"\\\x1b[31m\r\n\xff HTTP/1.1'))
    assert rb'"GET /\x22\x5c\x1b[31m\x0d\x0a\xff HTTP/1.1"' in line


def test_lines_are_in_the_file_after_a_flush_and_in_order(tmp_path: Path) -> None:
    log = AccessLog(config(tmp_path / "log"))
    for status in range(200, 500):
        log.write(entry(status=status))
    log.flush()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert [int(line.split()[8]) for line in lines] == list(range(200, 500))
    log.close()


def test_lines_do_not_pile_up_without_a_flush(tmp_path: Path) -> None:
    log = AccessLog(config(tmp_path / "log"))
    for _ in range(1000):
        log.write(entry(user_agent=b"x" * 200))
    assert len((tmp_path / "log").read_bytes().splitlines()) > 700
    log.close()
    assert len((tmp_path / "log").read_bytes().splitlines()) == 1000


def test_it_appends(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    log = AccessLog(config(tmp_path / "log"))
    log.write(entry())
    log.close()
    assert (tmp_path / "log").read_text().splitlines()[0] == "before"
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"cannot write the access log .*: Is a directory"):
        AccessLog(config(tmp_path))


def test_dash_is_standard_output() -> None:
    code = """
from fastnet.servers.accesslog import *
log = AccessLog(Config(target="a:b", access_log="json"))
log.write(Entry("::1", 1.5, b"GET / HTTP/1.1", 204, 0, .5))
log.close()
print("still open", flush=True)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = run.stdout.splitlines()
    assert json.loads(first)["status"] == 204
    assert second == "still open"


@pytest.mark.parametrize("how", ["rename", "remove"])
def test_a_rotated_file_is_opened_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "log"
    log = AccessLog(config(path))
    log.write(entry(status=201))
    log.flush()
    if how == "rename":
        path.rename(tmp_path / "log.1")
    else:
        path.unlink()
    while not path.exists():  # it looks once a second
        log.write(entry(status=202))
        log.flush()
    log.write(entry(status=203))
    log.close()
    assert path.read_bytes().splitlines()[-1].split()[8] == b"203"
    if how == "rename":
        assert (tmp_path / "log.1").read_bytes().splitlines()[0].split()[8] == b"201"


def test_rotation_leaks_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AccessLog(config(path))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        path.unlink()
        while not path.exists():
            log.write(entry())
            log.flush()
    assert len(os.listdir("/proc/self/fd")) == before
    log.close()


def test_a_full_disk_is_said_once_costs_lines_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The size limit of files stands for the disk: writes are cut short, then refused, until it is lifted."""
    path = tmp_path / "log"
    log = AccessLog(config(path))
    line = format_combined(entry()) + b"\n"
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(line) * 5 // 2, old_limit[1]))
        for _ in range(10):
            log.write(entry())
            log.flush()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        log.write(entry(status=299))
        log.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[:2] == [line, line]  # whole; then one cut short; then the first after the disk had room again
    assert lines[2] == line[: len(line) // 2] + b"\n"
    assert lines[3].split()[8] == b"299" and len(lines) == 4
    assert "8 lost lines" in caplog.records[-1].getMessage()


def test_processes_that_share_a_pipe_do_not_mix_their_lines() -> None:
    code = """
import os
from fastnet.servers.accesslog import *
me = b"a" if os.fork() else b"b"
log = AccessLog(Config(target="a:b", access_log="json"))
for i in range(2000):
    log.write(Entry("::1", 1.5, b"GET / HTTP/1.1", 200, 0, .5, me * 300))
log.close()
if me == b"a":
    os.wait()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    referers = [json.loads(line)["referer"] for line in run.stdout.splitlines()]
    assert sorted(referers) == ["a" * 300] * 2000 + ["b" * 300] * 2000
