"""When a worker is to be replaced. What comes of it is in test_reload.py."""

import math
import os
import time

import pytest

from fastnet.errors import ConfigError
from fastnet.servers.board import Board
from fastnet.servers.config import Config
from fastnet.servers.recycling import Recycling, resident_bytes


def recycling(**options: object) -> Recycling:
    policy = Recycling(Config(target="site:app", **options))
    policy.begun(0)
    return policy


def test_without_limits_a_worker_lives_for_ever_and_nobody_looks() -> None:
    policy = recycling()
    assert policy.look_at(0, 0.0) == math.inf
    assert policy.reason(os.getpid(), 0, 0.0, Board(1, 1)) == ""


@pytest.mark.parametrize("answered, over", [(2, False), (3, True), (4, True)])
def test_the_number_of_answers_counts_over_all_threads(answered: int, over: bool) -> None:
    board, policy = Board(2, 2), recycling(max_requests=3)
    board.end(1, 0)  # another worker's
    for i in range(answered):
        board.end(0, i % 2)
    reason = policy.reason(os.getpid(), 0, time.monotonic(), board)
    assert reason == (f"it has answered {answered} requests (--max-requests)" if over else "")


def test_jitter_spreads_the_ends_within_its_bounds() -> None:
    found = set()
    for _ in range(200):
        board, policy = Board(1, 1), recycling(max_requests=5, max_requests_jitter=3)
        n = 0
        while not policy.reason(os.getpid(), 0, time.monotonic(), board):
            board.end(0, 0)
            n += 1
        found.add(n)
    assert found == {5, 6, 7, 8}


def test_between_two_looks_nothing_is_asked() -> None:
    board, policy = Board(1, 1), recycling(max_requests=1)
    policy.looked()
    board.end(0, 0)
    assert policy.reason(os.getpid(), 0, time.monotonic(), board) == ""
    assert time.monotonic() < policy.look_at(0, 0.0) < math.inf


def test_memory_is_that_of_the_process() -> None:
    size = resident_bytes(os.getpid())
    assert size > 1 << 20
    assert recycling(max_memory=1 << 60).reason(os.getpid(), 0, time.monotonic(), Board(1, 1)) == ""
    reason = recycling(max_memory=1 << 20).reason(os.getpid(), 0, time.monotonic(), Board(1, 1))
    assert reason.endswith("MiB of memory (--max-memory)")
    assert resident_bytes(0) == 0


def test_a_lifetime_ends_within_its_last_tenth() -> None:
    now = time.monotonic()
    policy = recycling(lifetime=100.0)
    assert now - 1 + 90 <= policy.look_at(0, now - 1) <= now - 1 + 100
    assert policy.reason(os.getpid(), 0, now - 89, Board(1, 1)) == ""
    assert policy.reason(os.getpid(), 0, now - 100, Board(1, 1)) == "it has lived for 100 s (--lifetime)"


@pytest.mark.parametrize("name", ["max_requests", "max_requests_jitter", "max_memory", "lifetime"])
def test_limits_are_not_negative(name: str) -> None:
    with pytest.raises(ConfigError, match=" from 0 to "):
        recycling(**{name: -1})
