import os

import pytest

from fastnet.servers.board import Board, SlotFacts


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


@pytest.mark.parametrize("size", [158, 159, 160, 5000])
def test_a_long_line_is_cut_and_stays_in_its_slot(size: int) -> None:
    board = Board(1, 2)
    board.begin(0, 1, 1.0, b"next")
    board.begin(0, 0, 1.0, b"x" * size)
    assert board.read(0, 0).line == "x" * min(size, 159)
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
    assert board.requests() == 2
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
    assert board.connections() == 1
    with pytest.raises(IndexError):
        board.connected(2, 0)
