"""A cache by memcached's classic commands: what each answers, limits, time, backpressure, any cuts."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnet.apps.memcache import CacheConnection
from fastnet.apps.memcache_store import Store
from fastnet.errors import LimitExceeded, ProtocolError
from fastnet.protocols.base import NEED_DATA, PAUSED
from tests.codecs.framings import cuts, pieces_of


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


class Session:
    """A connection to a store of its own, or to another's."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.clock = Clock()
        self.store = store if store is not None else Store(1 << 22, max_value_bytes=1000, clock=self.clock)
        self.connection = CacheConnection(self.store, **options)
        self.connection.connection_made()

    def __call__(self, *pieces: bytes) -> bytes:
        """What is answered to these bytes."""
        for piece in pieces:
            self.connection.receive_data(piece)
            try:
                assert self.connection.next_event() is NEED_DATA
            except ProtocolError as error:
                self.connection.fail(error)
                self.connection.close()
                break
        return b"".join(map(bytes, self.connection.data_to_send()))


def conversation(*pairs: tuple[bytes, bytes]) -> None:
    """Requests and their answers; then all of it again in other cuts."""
    session = Session()
    for request, answer in pairs:
        assert session(request) == answer, request
    stream = b"".join(request for request, _ in pairs)
    whole = b"".join(answer for _, answer in pairs)
    assert Session()(stream) == whole
    assert Session()(*pieces_of(stream, [])) == whole


def test_storing_and_reading() -> None:
    conversation(
        (b"get a\r\n", b"END\r\n"),
        (b"set a 5 0 2\r\nhi\r\n", b"STORED\r\n"),
        (b"get a\r\n", b"VALUE a 5 2\r\nhi\r\nEND\r\n"),
        (b"gets b a\r\n", b"VALUE a 5 2 1\r\nhi\r\nEND\r\n"),
        (b"add a 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
        (b"add b 0 0 1\r\nx\r\n", b"STORED\r\n"),
        (b"replace c 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
        (b"replace b 1 0 1\r\ny\r\n", b"STORED\r\n"),
        (b"append b 9 0 1\r\nz\r\n", b"STORED\r\n"),
        (b"prepend b 9 0 1\r\nx\r\n", b"STORED\r\n"),
        (b"append c 0 0 1\r\nz\r\n", b"NOT_STORED\r\n"),
        (b"get a b\r\n", b"VALUE a 5 2\r\nhi\r\nVALUE b 1 3\r\nxyz\r\nEND\r\n"),
        (b"delete a\r\n", b"DELETED\r\n"),
        (b"delete a\r\n", b"NOT_FOUND\r\n"),
        (b"set e 0 0 0\r\n\r\n", b"STORED\r\n"),
        (b"get e\r\n", b"VALUE e 0 0\r\n\r\nEND\r\n"),
    )


def test_compare_and_swap() -> None:
    conversation(
        (b"cas a 0 0 1 1\r\nx\r\n", b"NOT_FOUND\r\n"),
        (b"set a 0 0 1\r\nx\r\n", b"STORED\r\n"),
        (b"cas a 0 0 1 1\r\ny\r\n", b"STORED\r\n"),
        (b"cas a 0 0 1 1\r\nz\r\n", b"EXISTS\r\n"),
        (b"gets a\r\n", b"VALUE a 0 1 2\r\ny\r\nEND\r\n"),
        (b"touch a 0\r\n", b"TOUCHED\r\n"),
        (b"cas a 0 0 1 2\r\nz\r\n", b"STORED\r\n"),
    )


def test_counting() -> None:
    conversation(
        (b"incr a 1\r\n", b"NOT_FOUND\r\n"),
        (b"set a 3 0 2\r\n10\r\n", b"STORED\r\n"),
        (b"decr a 1\r\n", b"9\r\n"),
        (b"get a\r\n", b"VALUE a 3 2\r\n9 \r\nEND\r\n"),
        (b"incr a 18446744073709551615\r\n", b"8\r\n"),
        (b"decr a 100\r\n", b"0\r\n"),
        (b"incr a 100\r\n", b"100\r\n"),
        (b"get a\r\n", b"VALUE a 3 3\r\n100\r\nEND\r\n"),
        (b"incr a x\r\n", b"CLIENT_ERROR invalid numeric delta argument\r\n"),
        (b"set a 0 0 2\r\n-1\r\n", b"STORED\r\n"),
        (b"incr a 1\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
        (b"set a 0 0 20\r\n18446744073709551616\r\n", b"STORED\r\n"),
        (b"incr a 1\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
        (b"set a 0 0 20\r\n18446744073709551615\r\n", b"STORED\r\n"),
        (b"incr a 1\r\n", b"0\r\n"),
    )


def test_noreply() -> None:
    conversation(
        (b"set a 0 0 1 noreply\r\n5\r\n", b""),
        (b"incr a 1 noreply\r\n", b""),
        (b"add a 0 0 1 noreply\r\n7\r\n", b""),
        (b"touch a 0 noreply\r\n", b""),
        (b"verbosity 1 noreply\r\n", b""),
        (b"get a\r\n", b"VALUE a 0 1\r\n6\r\nEND\r\n"),
        (b"delete a noreply\r\n", b""),
        (b"flush_all noreply\r\n", b""),
        (b"get a\r\n", b"END\r\n"),
    )


def test_other_commands() -> None:
    conversation(
        (b"verbosity 1\r\n", b"OK\r\n"),
        (b"flush_all\r\n", b"OK\r\n"),
        (b"stats items\r\n", b"END\r\n"),
        (b"stats nothing\r\n", b"ERROR\r\n"),
        (b"stats reset\r\n", b"RESET\r\n"),
        (b"nothing\r\n", b"ERROR\r\n"),
        (b"mn\r\n", b"MN\r\n"),
    )
    assert Session()(b"version\r\n").startswith(b"VERSION fastnet-")
    session = Session()
    session(b"set a 0 0 1\r\nx\r\nget a b\r\n")
    told = dict(line.split(b" ", 2)[1:] for line in session(b"stats\r\n").splitlines()[:-1])
    assert (told[b"get_hits"], told[b"get_misses"], told[b"cmd_set"], told[b"curr_items"]) == (b"1", b"1", b"1", b"1")
    assert (told[b"curr_connections"], told[b"limit_maxbytes"]) == (b"1", b"4194304")
    assert b"STAT item_size_max 1000\r\n" in session(b"stats settings\r\n")
    session.connection.connection_lost(None)
    assert session.store.stats()["curr_connections"] == 0


def test_time_to_live() -> None:
    session = Session()
    for key, exptime in ((b"a", 10), (b"b", -1), (b"c", 1_000_000_020), (b"d", 2592000)):
        session(b"set %b 0 %d 1\r\nx\r\n" % (key, exptime))
    assert session(b"get a b c d\r\n").count(b"VALUE") == 3
    session.clock.now += 9
    assert session(b"touch a 10\r\n") == b"TOUCHED\r\n"
    session.clock.now += 9
    assert session(b"gat 100 a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    session.clock.now += 2
    assert session(b"get a c d\r\n") == b"VALUE a 0 1\r\nx\r\nVALUE d 0 1\r\nx\r\nEND\r\n"
    session.clock.now += 98
    assert session(b"get a\r\n") == b"END\r\n"
    assert session(b"touch a 10\r\n") == b"NOT_FOUND\r\n"
    session.clock.now = 1_000_000_000 + 2592000
    assert session(b"get d\r\n") == b"END\r\n"


def test_flushing_later() -> None:
    session = Session()
    session(b"set a 0 0 1\r\nx\r\nflush_all 10\r\nset b 0 0 1\r\nx\r\n")
    assert session(b"get a b\r\n").count(b"VALUE") == 2
    session.clock.now += 10
    assert session(b"get a b\r\n") == b"END\r\n"
    session(b"set c 0 0 1\r\nx\r\n")
    session.clock.now += 10
    assert session(b"get c\r\n").count(b"VALUE") == 1


@pytest.mark.parametrize("size, answer", [
    (999, b"STORED\r\n"), (1000, b"STORED\r\n"), (1001, b"SERVER_ERROR object too large for cache\r\n")])  # fmt: skip
def test_the_limit_of_an_item(size: int, answer: bytes) -> None:
    for verb in (b"set", b"add"):
        session = Session()
        session(b"set a 0 0 1\r\nx\r\n")
        assert session(b"%b b 0 0 %d\r\n%b\r\n" % (verb, size, bytes(size))) == answer
    # An old value does not stay in the place of one that could not be stored.
    session(b"set a 0 0 %d\r\n%b\r\n" % (size, bytes(size)))
    assert (b"VALUE a 0 %d" % size in session(b"get a\r\n")) == (size <= 1000)
    assert session(b"get a\r\n").endswith(b"END\r\n")


def test_appending_over_the_limit() -> None:
    session = Session()
    session(b"set a 0 0 999\r\n%b\r\n" % bytes(999))
    assert session(b"append a 0 0 1\r\nx\r\n") == b"STORED\r\n"
    assert session(b"append a 0 0 1\r\nx\r\n") == b"SERVER_ERROR object too large for cache\r\n"
    assert session(b"get a\r\n").startswith(b"VALUE a 0 1000\r\n")


def test_a_key_that_is_too_long() -> None:
    session = Session()
    assert session(b"get %b\r\n" % (b"k" * 250)) == b"END\r\n"
    assert session(b"get %b\r\n" % (b"k" * 251)) == b"CLIENT_ERROR bad command line format\r\n"
    # Its data are not taken for commands.
    stream = b"set %b 0 0 9\r\nflush_all\r\nmn\r\n" % (b"k" * 251)
    assert session(stream) == b"CLIENT_ERROR bad command line format\r\nMN\r\n"


@pytest.mark.parametrize("stream", [b"set a 0 0 2\r\nabcd\r\n", b"set a 0 0 x\r\nflush_all\r\n", b"Host: localhost\r\n",
                                    b"get " + b"k " * 40_000])  # fmt: skip
def test_what_cannot_be_trusted_ends_the_connection(stream: bytes) -> None:
    session = Session()
    answer = session(stream + b"\r\nmn\r\n")
    assert answer.startswith(b"CLIENT_ERROR ") and answer.count(b"\r\n") == 1
    assert session.connection.closing


def test_a_reader_that_does_not_read_costs_bounded_memory() -> None:
    session = Session(Store(max_value_bytes=100_000), max_output_bytes=200_000)
    session(b"set a 0 0 50000\r\n%b\r\n" % bytes(50_000))
    connection = session.connection
    connection.receive_data(b"get a\r\n" * 10)
    answered, turns = b"", 0
    while connection.next_event() is PAUSED:
        turns += 1
        assert connection.queued_bytes <= 200_000 + 50_100
        answered += b"".join(connection.data_to_send())
    answered += b"".join(connection.data_to_send())
    assert turns == 2 and answered.count(b"END\r\n") == 10


def test_connections_share_a_store() -> None:
    store = Store()
    one, two = Session(store), Session(store)
    one(b"set a 0 0 1\r\nx\r\n")
    assert two(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    assert store.get("a") == b"x"


# --- against a model

COMMANDS = st.one_of(
    st.tuples(st.sampled_from(["set", "add", "replace", "append", "prepend"]), st.sampled_from("abc"),
              st.sampled_from([b"", b"1", b"17", b"x", b"\r\nget a\r\n"])),
    st.tuples(st.sampled_from(["get", "delete"]), st.sampled_from("abc")),
)  # fmt: skip


def expected(model: dict[str, bytes], command: tuple[Any, ...]) -> bytes:
    verb, key = command[:2]
    if verb == "get":
        value = model.get(key)
        return b"END\r\n" if value is None else b"VALUE %b 0 %d\r\n%b\r\nEND\r\n" % (key.encode(), len(value), value)
    if verb == "delete":
        return b"NOT_FOUND\r\n" if model.pop(key, None) is None else b"DELETED\r\n"
    if (verb == "add") == (key in model) and verb != "set":
        return b"NOT_STORED\r\n"
    old, new = model.get(key, b""), command[2]
    model[key] = {"append": old + new, "prepend": new + old}.get(verb, new)
    return b"STORED\r\n"


def encoded(command: tuple[Any, ...]) -> bytes:
    if len(command) == 2:
        return f"{command[0]} {command[1]}\r\n".encode()
    return b"%b %b 0 0 %d\r\n%b\r\n" % (command[0].encode(), command[1].encode(), len(command[2]), command[2])


@given(st.lists(COMMANDS, max_size=12), cuts)
def test_any_commands_in_any_cuts(commands: Sequence[tuple[Any, ...]], sizes: list[int]) -> None:
    model: dict[str, bytes] = {}
    answers = b"".join(expected(model, command) for command in commands)
    stream = b"".join(map(encoded, commands))
    assert Session()(*pieces_of(stream, sizes)) == answers
    session = Session()
    assert session(*pieces_of(stream, [])) == answers
    assert {key: session.store.get(key) for key in model} == model and len(session.store) == len(model)


def test_limits_are_told_apart() -> None:
    connection = CacheConnection(Store(), max_line_bytes=100)
    connection.receive_data(b"get " + b"k" * 100)
    with pytest.raises(LimitExceeded):
        connection.next_event()
