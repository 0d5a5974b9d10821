"""Each contender that is installed starts, gives the answer that is checked, and stops; so do the tools around them."""

import shutil

import pytest

from benchmarks import report
from benchmarks.servers import dns, echo, https
from benchmarks.servers.__main__ import run_row
from benchmarks.servers.contenders import C
from benchmarks.servers.idle import measure_idle
from benchmarks.servers.load import Load, check_answer, receive_answer
from benchmarks.servers.process import Server, ServerFailed
from benchmarks.servers.rows import PREFORK, ROWS, Row, loaded

ONCE = {(c.name, row.workload): (c, row.workload) for row in ROWS for c in row.contenders if c.available()}
ECHOES = ("tcp", "udp", "tls")
LOADS = {"echo": Load("echo", method="POST", body_bytes=1024)}


@pytest.mark.parametrize("contender, workload", ONCE.values(), ids=["-".join(key) for key in ONCE])
def test_contender_answers(contender, workload):
    with Server(contender, workload, None) as server:
        if workload in ECHOES:
            assert echo.EchoLoad(connections=2).drive(server, 0.1, None).requests.answered_whole > 0
        elif contender.name.endswith(" TLS"):
            assert https.drive(server, 0.1, None).requests.answered > 0
        elif workload == "dns":
            assert dns.check_answer(server) > 0
        else:
            assert check_answer(server, LOADS.get(workload, Load(workload))) > len(b"Hello, world!")


@pytest.mark.parametrize("contender", [C, PREFORK], ids=lambda c: c.name)
def test_connection_close_is_honoured(contender):
    with Server(contender, "hello", None) as server:
        check_answer(server, Load("hello", close=True))


def test_the_responder_answers_pipelined_requests_however_they_are_cut():
    import socket

    with Server(C, "hello", None) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        answers = b""
        stream = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3
        for cut in range(0, len(stream), 7):
            sock.sendall(stream[cut : cut + 7])
        while answers.count(b"Hello, world!") < 3:
            answers += receive_answer(sock)
        assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3


def test_a_wrong_answer_fails_the_run():
    with Server(C, "hello", None) as server, pytest.raises(ServerFailed, match="answered"):
        check_answer(server, Load("big"))


def test_idle_connections_are_measured():
    with Server(C, "hello", None) as server:
        figures = measure_idle(server, 50, 1)
    assert abs(figures["kib_per_connection"]) < 64  # near nothing in the C responder; memory is counted in pages
    assert figures["idle_cpu_percent"] < 50


LOADED = [row for row in ROWS if row.name in ("pipelined-wsgi", *(["wsgi-prefork"] if shutil.which("wrk") else []))]


@pytest.mark.parametrize("row", LOADED, ids=lambda row: row.name)
def test_a_row_gives_a_table_with_its_bars(row):
    row = Row(row.name, row.title, row.workload, [C, PREFORK], row.measure, row.metrics, row.bars)
    result, failures = run_row(row, 1, 1, None, "")
    assert failures == []
    text = report.table(result)
    assert f"python -m benchmarks.servers {row.name}" in text
    assert all(bar.text() in text for bar in row.bars if bar.against in (None, C.name))


def test_a_contender_that_fails_is_reported_and_left_out():
    wrong = Row("wrong", "wrong", "hello", [C], loaded(Load("big")), [], [])
    result, failures = run_row(wrong, 2, 1, None, "")
    assert len(failures) == 1 and "answered" in failures[0]
    assert result["contenders"] == {}
