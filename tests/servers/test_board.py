import os
import signal
import time

import pytest

from fastnet.servers.board import BOUNDS, ERRORS, REASONS, STATES, Board, SlotFacts


def test_a_new_board_has_nothing_to_tell() -> None:
    board = Board(2, 3)
    assert (board.workers, board.threads, board.requests()) == (2, 3, 0)
    assert {board.read(worker, thread) for worker in range(2) for thread in range(3)} == {SlotFacts(0.0, 0.0, 0, "")}


def test_a_request_shows_while_it_runs_and_counts_when_it_ends() -> None:
    board = Board(1, 2)
    board.begin(0, 1, 12.5, b"GET /slow")
    assert board.read(0, 1) == SlotFacts(12.5, 0.0, 0, "GET /slow")
    assert board.read(0, 0) == SlotFacts(0.0, 0.0, 0, "")
    board.end(0, 1)
    assert board.read(0, 1) == SlotFacts(0.0, 0.0, 1, "GET /slow")
    assert board.requests() == 1


def test_a_shorter_line_leaves_nothing_of_a_longer_one() -> None:
    board = Board(1, 1)
    board.begin(0, 0, 1.0, b"GET /a/long/path")
    board.begin(0, 0, 2.0, b"GET /")
    assert board.read(0, 0).line == "GET /"


@pytest.mark.parametrize("size", [166, 167, 168, 5000])
def test_a_long_line_is_cut_and_stays_in_its_slot(size: int) -> None:
    board = Board(1, 2)
    board.begin(0, 1, 1.0, b"next")
    board.begin(0, 0, 1.0, b"x" * size)
    assert board.read(0, 0).line == "x" * min(size, 167)
    assert board.read(0, 1) == SlotFacts(1.0, 0.0, 0, "next")


def test_a_line_may_hold_any_byte() -> None:
    board = Board(1, 1)
    board.begin(0, 0, 1.0, b"GET /\xff\xc3")
    assert board.read(0, 0).line == "GET /\xff\xc3"


def test_the_beat_is_kept_apart_from_the_request() -> None:
    board = Board(1, 1)
    board.beat(0, 0, 7.0)
    assert board.read(0, 0) == SlotFacts(0.0, 7.0, 0, "")
    board.beat(0, 0, 0)
    assert board.read(0, 0).beat == 0


def test_clear_forgets_one_worker_only() -> None:
    board = Board(2, 2)
    for worker in range(2):
        for thread in range(2):
            board.begin(worker, thread, 1.0, b"GET /")
            board.end(worker, thread)
    board.clear(0)
    assert board.requests() == 4  # totals never go back
    assert board.read(0, 1) == SlotFacts(0.0, 0.0, 0, "")
    assert board.read(1, 0).requests == 1


@pytest.mark.parametrize(("worker", "thread"), [(-1, 0), (0, -1), (2, 0), (0, 3)])
def test_there_is_no_slot_off_the_board(worker: int, thread: int) -> None:
    board = Board(2, 3)
    for call in (
        lambda: board.read(worker, thread),
        lambda: board.begin(worker, thread, 1.0, b""),
        lambda: board.end(worker, thread),
        lambda: board.beat(worker, thread, 1.0),
    ):
        with pytest.raises(IndexError):
            call()


@pytest.mark.parametrize(("workers", "threads"), [(0, 1), (1, 0), (-1, 1)])
def test_a_board_has_at_least_one_slot(workers: int, threads: int) -> None:
    with pytest.raises(ValueError):
        Board(workers, threads)


def test_what_a_child_writes_its_parent_reads() -> None:
    board = Board(2, 1)
    pid = os.fork()
    if pid == 0:
        board.begin(1, 0, 3.0, b"GET /child")
        os._exit(0)
    os.waitpid(pid, 0)
    assert board.read(1, 0) == SlotFacts(3.0, 0.0, 0, "GET /child")


def test_connections_are_counted_beside_requests() -> None:
    board = Board(2, 1)
    board.connected(0, 0)
    board.connected(1, 0)
    board.connected(1, 0)
    assert (board.connections(), board.requests()) == (3, 0)
    board.clear(1)
    assert board.connections() == 3
    with pytest.raises(IndexError):
        board.connected(2, 0)


# What metrics are made of


def test_totals_count_those_that_have_ended() -> None:
    board = Board(2, 2)
    for worker in (0, 1, 1):
        board.begin(worker, 1, 1.0, b"GET /")
        board.end(worker, 1)
    board.clear(1)
    board.begin(0, 0, time.monotonic() - 3, b"GET /slow")
    totals = board.totals()
    assert (totals.requests, totals.busy, totals.connections) == (3, 1, 0)
    assert 3 <= totals.oldest_s < 60
    board.clear(0)
    assert (board.totals().requests, board.totals().busy, board.totals().oldest_s) == (3, 0, 0.0)


def test_rest_ends_what_is_counted_elsewhere() -> None:
    board = Board(1, 1)
    board.begin(0, 0, 5.0, b"GET /")
    board.rest(0, 0)
    assert board.read(0, 0) == SlotFacts(0.0, 0.0, 0, "GET /")


def test_totals_name_every_kind() -> None:
    totals = Board(1, 1).totals()
    assert totals.errors == dict.fromkeys(ERRORS, 0) and totals.replaced == dict.fromkeys(REASONS, 0)
    assert len(totals.latency) == len(BOUNDS) + 1 and list(BOUNDS) == sorted(BOUNDS)


def test_the_supervisor_writes_what_it_alone_knows() -> None:
    board = Board(2, 1)
    assert board.state(1) == ("down", 0) and not board.draining()
    for number, state in enumerate(STATES):
        board.set_state(1, state, number)
        assert board.state(1) == (state, number)
    assert board.state(0) == ("down", 0)
    board.count_replaced("died")
    board.count_replaced("died")
    assert board.totals().replaced == dict.fromkeys(REASONS, 0) | {"died": 2}
    board.set_draining()
    assert board.draining()
    with pytest.raises(ValueError):
        board.set_state(0, "asleep", 0)
    with pytest.raises(IndexError):
        board.state(2)


def test_no_total_goes_back_while_workers_end() -> None:
    board, go_on = Board(1, 1), True

    def end_workers() -> None:
        while go_on:
            for _ in range(3):
                board.end(0, 0)
            board.clear(0)

    pid = os.fork()
    if pid == 0:
        end_workers()
    seen = [board.totals().requests for _ in range(5000)]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert seen == sorted(seen)
