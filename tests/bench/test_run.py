"""Truth: what is reported is what the server did; and what becomes of servers that are not there, or go away."""

import _thread
import random
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from fastnet.bench import Histogram, Spec, run
from fastnet.bench.engine import Counts
from fastnet.errors import FastnetError
from tests.bench.servers import HELLO, Pieces, pause, serving
from tests.ports import nobody

DELAYS_S = [0.002, 0.004, 0.008, 0.016, 0.032]


def seeded_delays(n: int) -> list[float]:
    return random.Random(11).choices(DELAYS_S, [50, 30, 14, 5, 1], k=n)


@pytest.mark.parametrize("options", [{}, {"rate": 150.0}, {"rate": 150.0, "arrivals": "poisson"}])
def test_percentiles_are_those_of_the_servers_own_clock(options: dict[str, Any]) -> None:
    """The server times each answer, by the same clock, from when it had the request to when it answered."""
    delays, took, lock = seeded_delays(300), Histogram(), threading.Lock()

    def answer(n: int) -> Pieces:
        since = time.monotonic_ns()
        time.sleep(delays[n])
        with lock:
            took.record(time.monotonic_ns() - since)
        return [HELLO]

    with serving(answer) as server:
        result = run(Spec(urls=(server.url,), connections=8, requests=300, **options))
        assert server.requests == result.requests.sent_whole == result.requests.answered == 300
    for percentile in (50, 90, 99):
        mine, theirs = result.raw.percentile(percentile), took.percentile(percentile)
        assert theirs <= mine * 1.02, "an answer cannot come before the server gave it"
        assert result.latency.percentile(percentile) >= mine * 0.999


def test_a_stall_shows_up_whole_at_a_constant_rate() -> None:
    """One second without an answer at 500/s: some 500 requests that were due then waited, evenly from 0 to 1 s."""

    stalled = threading.Event()
    gate = threading.Lock()

    def answer(n: int) -> Pieces:
        with gate:
            if n == 500 and not stalled.is_set():
                stalled.set()
                time.sleep(1.0)
        return [HELLO]

    with serving(answer) as server:
        result = run(Spec(urls=(server.url,), connections=16, rate=500, duration_s=3))
        assert server.requests == result.requests.sent_whole == 1500
    corrected, raw = result.corrected, result.raw
    for wait_ms in (100, 300, 500, 700, 900):
        slower = corrected.total - corrected.count_to(wait_ms * 1_000_000)
        assert slower >= (1000 - wait_ms) / 1000 * 500 * 0.98, f"{slower} waited over {wait_ms} ms"
    assert raw.total - raw.count_to(100_000_000) <= 2 * 16, "the raw curve has the few that were on their way"
    assert corrected.max >= 999_000_000
    assert result.generator.queued > 400


def test_an_open_loop_offers_its_rate_and_says_what_it_could_not_send() -> None:
    with serving(lambda n: pause(0.05)) as server:
        result = run(Spec(urls=(server.url,), connections=2, rate=200, duration_s=1, timeout_s=2))
        assert server.requests == result.requests.sent_whole
    assert 20 <= result.requests.sent <= 42
    assert result.requests.sent + result.requests.unsent == pytest.approx(200, abs=2)


def test_poisson_arrivals_have_the_rate_and_the_spread() -> None:
    at: list[float] = []

    def answer(n: int) -> Pieces:
        at.append(time.monotonic())
        return [HELLO]

    with serving(answer) as server:
        run(Spec(urls=(server.url,), connections=32, rate=1000, duration_s=2, arrivals="poisson", seed=4))
    assert len(at) == pytest.approx(2000, abs=4 * 2000**0.5)
    windows = [sum(at[0] + k * 0.1 <= t < at[0] + (k + 1) * 0.1 for t in at) for k in range(19)]
    mean = sum(windows) / len(windows)
    spread = sum((n - mean) ** 2 for n in windows) / (len(windows) - 1)
    assert spread > mean * 0.2, "a constant rate would have none"


def test_nobody_there() -> None:
    refused = "^cannot connect to 127.0.0.1:{}: Connection refused$"
    with nobody() as port, pytest.raises(FastnetError, match=refused.format(port)):
        run(Spec(urls=(f"http://127.0.0.1:{port}/",)))
    with pytest.raises(FastnetError, match=r"^cannot find the host no\.such\.host\.invalid: "):
        run(Spec(urls=("http://no.such.host.invalid/",)))
    with pytest.raises(FastnetError, match=r"^cannot connect to /no/such/socket: No such file"):
        run(Spec(urls=("http://x/",), unix_socket="/no/such/socket"))


@pytest.mark.parametrize("rate", [0.0, 300.0])
def test_a_server_that_dies_leaves_what_was_measured(rate: float) -> None:
    with serving(lambda n: pause(0.001)) as server:
        threading.Timer(0.5, server.stop).start()
        result = run(Spec(urls=(server.url,), connections=4, duration_s=30, rate=rate))
    assert result.requests.answered > 20 and result.raw.total == result.requests.answered
    assert result.errors["connect"] and "refused" in result.ended_early and result.failed


def test_an_interrupt_keeps_what_was_measured() -> None:
    with serving(lambda n: pause(0.001)) as server:
        threading.Timer(0.5, _thread.interrupt_main).start()
        result = run(Spec(urls=(server.url,), connections=4, duration_s=60))
        assert server.requests == result.requests.sent_whole
    assert result.ended_early == "interrupted" and not result.failed
    assert 0.2 < result.window_s < 30 and result.requests.answered > 20


def test_watching() -> None:
    seen: list[tuple[int, float]] = []

    def watch(counts: Counts, seconds: float) -> None:
        seen.append((counts.answered, seconds))

    with serving(lambda n: pause(0.001)) as server:
        result = run(Spec(urls=(server.url,), duration_s=0.5), watch)
    assert seen == sorted(seen) and len(seen) > 3 and seen[-1][0] <= result.requests.answered
    assert sum(m.duration_s for m in result.moments) <= result.window_s + 0.001


def test_the_generator_says_that_it_was_the_limit() -> None:
    """Two connections cannot carry the rate: an answer takes 5 ms."""
    with serving(lambda _: pause(0.005)) as server:
        result = run(Spec(urls=(server.url,), connections=2, duration_s=0.5, threads=2, rate=20_000))
    assert 0 < result.generator.cpu_s < 1.1 and 0 < result.generator.cpu_share < 1.1
    assert result.requests.unsent + result.generator.queued + result.generator.late > 100


def test_ten_thousand_connections() -> None:
    command = [sys.executable, "-m", "tests.bench.many"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
        result = run(Spec(urls=(url,), connections=10_000, requests=20_000, threads=2, timeout_s=30))
        server.stdin.close()
        assert server.stdout.read() == "20000 10001\n"  # and the probe
    assert not result.errors and result.requests.answered == 20_000 and result.connected == 10_000
    assert 0 < len([n for n in result.answers_by_connection if n]) <= 10_000
