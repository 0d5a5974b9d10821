"""The engine against real servers: every answer counted, under any cuts of it, and every fault under its own name."""

import itertools
import socket
import ssl
import zlib
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from fastnet.bench import Result, Spec, run
from fastnet.bench.engine import ERROR_KINDS, Run
from fastnet.checksum import crc32c
from tests.bench.servers import HELLO, Pieces, Server, byte_by_byte, echoing, serving, udp_echoing

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"


def measure(server: Server, **options: Any) -> Result:
    options = {"connections": 4, "requests": 200, "timeout_s": 5.0} | options
    return run(Spec(urls=options.pop("urls", (server.url,)), **options))


@pytest.mark.parametrize("pipeline", [1, 5])
@pytest.mark.parametrize("threads", [1, 3])
def test_requests_are_as_many_as_asked_and_as_the_server_counts(threads: int, pipeline: int) -> None:
    with serving() as server:
        result = measure(server, requests=1003, threads=threads, pipeline=pipeline)
        assert server.requests == 1003 and server.accepted == 4 + 1  # and the probe
    assert result.requests.sent == result.requests.answered == result.requests.in_window == 1003
    assert result.raw.total == 1003 and result.statuses == {200: 1003} and not result.failed
    assert sum(result.answers_by_connection) == 1003 and len(result.answers_by_connection) == 4
    assert result.bytes_in == 1003 * len(HELLO)


def test_for_a_time_with_a_warm_up_the_counts_agree() -> None:
    with serving() as server:
        result = measure(server, requests=0, duration_s=0.3, warmup_s=0.2)
        assert server.requests == result.requests.sent_whole == result.requests.answered_whole
    assert 0 < result.requests.sent == result.requests.answered < result.requests.sent_whole
    assert result.raw.total == result.requests.answered
    assert result.window_s == pytest.approx(0.3, abs=0.001)


ANSWERS = {
    "length": HELLO,
    "chunked": CHUNKED,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HELLO,
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "1.0 kept": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_form_of_answer_byte_by_byte(name: str) -> None:
    with serving(lambda n: byte_by_byte(ANSWERS[name])) as server:
        result = measure(server, requests=40)
        assert server.requests == 40 and server.accepted == 5
    assert result.requests.answered == 40 and not result.errors


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=12), st.sampled_from(sorted(ANSWERS)), st.integers(1, 4))
def test_any_cuts_of_answers_that_run_together(cuts: list[int], name: str, pipeline: int) -> None:
    """The server holds answers back until four are due, and sends them cut anywhere."""
    whole = ANSWERS[name] * 4

    def answer(n: int) -> Pieces:
        if n % 4 != 3:
            return []
        at = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
        return [whole[a:b] for a, b in itertools.pairwise(at)]

    with serving(answer) as server:
        result = measure(server, connections=1, pipeline=4 * pipeline, requests=16 * pipeline)
    assert result.requests.answered == 16 * pipeline and not result.errors


CLOSING = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    "1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nhello",
}


@pytest.mark.parametrize("name", CLOSING)
def test_a_server_that_closes_after_each_answer(name: str) -> None:
    with serving(lambda n: [CLOSING[name], None]) as server:
        result = measure(server, requests=50, expect_length=5)
        assert server.requests == 50 and 50 <= server.accepted <= 50 + 5
    assert result.requests.answered == 50 and not result.errors


def test_requests_behind_an_announced_close_are_sent_again() -> None:
    with serving(lambda n: [CLOSING["close"], None] if n % 3 == 2 else [HELLO]) as server:
        result = measure(server, connections=1, requests=60, pipeline=4)
        assert server.requests == 60
    assert result.requests.sent == result.requests.answered == 60 and not result.errors


def test_a_connection_for_each_request() -> None:
    with serving() as server:
        result = measure(server, requests=50, connect_per_request=True)
        assert (server.requests, server.accepted) == (50, 51)
        assert all(b"\r\nConnection: close\r\n" in request for request in server.seen)
    assert result.connected == 50 and not result.errors


@pytest.mark.parametrize(
    ("kind", "answer", "options", "detail"),
    [
        ("status", [HELLO.replace(b"200 OK", b"404 No")], {}, "status 404"),
        ("status", [HELLO], {"expect_status": 201}, "status 200"),
        ("length", [HELLO], {"expect_length": 6}, ""),
        ("digest", [HELLO], {"expect_digest": crc32c(b"hullo")}, ""),
        ("garbage", [b"SSH-2.0-OpenSSH_9.2\r\n"], {}, "version"),
        ("garbage", [HELLO + b"more"], {"connections": 1}, ""),
        ("truncated", [HELLO[:-1], None], {}, "within an answer"),
        ("truncated", [CHUNKED[:-8], None], {}, "within an answer"),
        ("truncated", [HELLO[:20], None], {}, "within an answer"),
        ("reset", [None], {}, "without an answer"),
        ("reset", [-1], {}, "reset"),
        ("timeout", [], {"timeout_s": 0.2, "requests": 4}, "in time"),
        ("timeout", [HELLO[:-1]], {"timeout_s": 0.2, "requests": 4}, "in time"),
    ],
)
def test_each_fault_has_its_name(kind: str, answer: Any, options: dict[str, Any], detail: str) -> None:
    with serving(lambda n: answer) as server:
        result = measure(server, **{"requests": 20, **options})
    if HELLO + b"more" not in answer:
        assert result.errors == {kind: options.get("requests", 20)} and result.requests.answered == 0
    assert result.failed and result.errors[kind] and detail in result.error_details.get(kind, "")


def test_wrong_answers_among_right_ones_are_counted_one_by_one() -> None:
    with serving(lambda n: [HELLO if n % 4 else HELLO.replace(b"200", b"500")]) as server:
        result = measure(server, requests=400, connections=1)
    assert result.errors == {"status": 100} and result.requests.answered == 300
    assert result.statuses == {200: 300, 500: 100} and result.raw.total == 300


def test_bodies_methods_headers_and_digests() -> None:
    with serving() as server:
        measure(server, method="POST", body=b"abc", headers=(("X-Test", "1"), ("host", "there")), requests=4)
        assert server.seen[0].startswith(b"POST / HTTP/1.1\r\n") and server.seen[0].endswith(b"\r\n\r\nabc")
        assert b"\r\nContent-Length: 3\r\n" in server.seen[0] and b"\r\nX-Test: 1\r\n" in server.seen[0]
        assert server.seen[0].lower().count(b"\r\nhost:") == 1
        good = measure(server, expect_digest=crc32c(b"hello"), expect_length=5, expect_status=200)
        assert good.requests.answered == 200 and not good.errors
        head = measure(server, method="HEAD", connections=1, requests=1, timeout_s=0.3)
        assert head.statuses == {200: 1}


def test_random_bodies_come_from_the_seed_and_are_checked_in_the_echo() -> None:
    def bodies_of(seed: int) -> list[bytes]:
        def answer(n: int) -> Pieces:
            body = server.seen[n].partition(b"\r\n\r\n")[2]
            return [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body]

        with serving(answer) as server:
            result = measure(
                server, method="POST", random_bytes=100, body=b"<", seed=seed, connections=1, requests=30,
                expect_digest="echo", expect_length=101,
            )  # fmt: skip
            assert not result.errors and result.requests.answered == 30
            return [request.partition(b"\r\n\r\n")[2] for request in server.seen]

    bodies = [bodies_of(seed) for seed in (1, 1, 2)]
    assert bodies[0] == bodies[1] != bodies[2]
    assert len(set(bodies[0])) == 30 and all(len(body) == 101 for body in bodies[0])
    assert len(zlib.compress(b"".join(bodies[0]))) > 2900, "not random"


def test_urls_by_weight_from_the_seed() -> None:
    counts = []
    for _ in range(2):
        with serving() as server:
            urls = tuple(server.url + path for path in ("a", "b?x=1"))
            measure(server, urls=urls, weights=(3, 1), requests=2000, connections=1, seed=7)
            counts.append(sum(request.startswith(b"GET /b?x=1 ") for request in server.seen))
    assert counts[0] == counts[1] and 400 < counts[0] < 600


def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with serving(unix=path) as server:
        result = measure(server, urls=("http://anything/x",), unix_socket=path)
        assert server.requests == 200 and b"\r\nHost: anything\r\n" in server.seen[0]
    assert not result.errors


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("pipeline", [1, 8])
def test_https_verified(authority: trustme.CA, tmp_path: Path, pipeline: int) -> None:
    ca_file, context = str(tmp_path / "ca.pem"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("localhost").configure_cert(context)
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    with serving(lambda n: [HELLO if n % 2 else big], context=context) as server:
        result = measure(server, ca_file=ca_file, pipeline=pipeline)
        assert server.requests == 200 and result.requests.answered == 200 and not result.errors
        posted = measure(server, ca_file=ca_file, pipeline=pipeline, method="POST", random_bytes=1000, requests=50)
        assert not posted.errors and posted.requests.answered == 50
        unknown = measure(server, requests=4)
        assert set(unknown.errors) == {"connect"} and "certificate verify failed" in unknown.error_details["connect"]
        assert measure(server, insecure=True).requests.answered == 200
        other = server.url.replace("localhost", "127.0.0.1")
        assert "mismatch" in measure(server, urls=(other,), ca_file=ca_file, requests=4).error_details["connect"]


def test_https_to_a_server_without_tls() -> None:
    with serving(lambda n: [HELLO]) as server:
        result = measure(
            server, urls=(server.url.replace("http:", "https:"),), insecure=True, timeout_s=0.5, requests=4
        )
    assert set(result.errors) == {"connect"} and "TLS handshake" in result.error_details["connect"]
    assert result.ended_early


@pytest.mark.parametrize("scheme", ["tcp", "framed"])
@pytest.mark.parametrize("pipeline", [1, 7])
def test_echo(scheme: str, pipeline: int) -> None:
    with echoing() as port:
        options: dict[str, Any] = {"random_bytes": 1500, "body": b"<>", "pipeline": pipeline, "connections": 3}
        result = run(Spec(urls=(f"{scheme}://127.0.0.1:{port}",), requests=500, **options))
    assert result.requests.answered == 500 and not result.errors
    assert result.bytes_in == result.bytes_out == 500 * (1502 + 4 * (scheme == "framed"))


def test_echo_over_tls(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file, context = str(tmp_path / "ca.pem"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("localhost").configure_cert(context)
    with echoing(context=context) as port:
        spec = Spec(urls=(f"tls://localhost:{port}",), requests=100, random_bytes=1500, connections=3, ca_file=ca_file)
        result = run(spec)
    assert result.requests.answered == 100 and not result.errors
    assert result.bytes_in == result.bytes_out == 100 * 1500


def test_echo_that_changes_a_byte() -> None:
    with echoing(spoil=lambda data: data[:-1] + bytes([data[-1] ^ 1])) as port:
        result = run(Spec(urls=(f"tcp://127.0.0.1:{port}",), requests=20, body=b"hello", connections=2))
    assert result.errors == {"garbage": 20} and "not what was sent" in result.error_details["garbage"]


def test_udp_echo_in_any_order_with_strays() -> None:
    held: list[bytes] = []

    def reverse(data: bytes) -> list[bytes]:
        held.append(data)
        if len(held) < 4:
            return []
        answers = [b"?", *reversed(held), held[0]]
        held.clear()
        return answers

    with udp_echoing(reverse) as port:
        result = run(Spec(urls=(f"udp://127.0.0.1:{port}",), requests=400, random_bytes=64, connections=1, pipeline=4))
    assert result.requests.answered == 400 and not result.errors
    assert result.requests.stray >= 190


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda data: [], "timeout"),
        (lambda data: [data[:-1]], "length"),
        (lambda data: [data + b"x"], "length"),
        (lambda data: [data[:-1] + bytes([data[-1] ^ 1])], "garbage"),
    ],
)
def test_udp_faults(spoil: Any, kind: str) -> None:
    with udp_echoing(spoil) as port:
        url = f"udp://127.0.0.1:{port}"
        result = run(Spec(urls=(url,), requests=6, random_bytes=64, connections=2, timeout_s=0.2))
    assert result.errors == {kind: 6}


def test_a_run_that_is_dropped_ends_its_threads() -> None:
    with serving() as server:
        spec = Spec(urls=(server.url,), duration_s=60)
        engine = Run(**spec.plan(socket.AF_INET, server.listener.getsockname()))
        engine.start()
        assert not engine.finished() and engine.counts().sent >= 0
        del engine
    assert len(ERROR_KINDS) == 8
