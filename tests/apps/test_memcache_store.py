"""The store: its budget, the order in which it gives up items, time, threads."""

import os
import sys
import threading
import tracemalloc
from typing import Any

import pytest

from fastnet.apps.memcache_store import Store
from fastnet.errors import ConfigError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_set_is_there_until_it_is_deleted() -> None:
    store = Store()
    assert store.set("a", b"1") and store.set(b"b", bytearray(b"2"))
    assert (store.get("a"), store.get(b"b"), store.get("c"), store.get("c", 5)) == (b"1", b"2", None, 5)
    assert not store.add("a", b"3") and store.add("c", b"3")
    assert store.delete("a") and not store.delete("a")
    assert store.get("a") is None and len(store) == 2
    store.clear()
    assert len(store) == 0 and store.used_bytes == 0


def test_time_to_live() -> None:
    clock = Clock()
    store = Store(clock=clock)
    store.set("a", b"1", ttl_s=10)
    store.set("b", b"2")
    clock.now += 9.9
    assert store.get("a") == b"1"
    clock.now += 0.1
    assert store.get("a") is None and store.get("b") == b"2"
    assert len(store) == 1
    assert store.add("a", b"3")


def test_the_least_recently_used_goes_first() -> None:
    store = Store(1 << 20, max_value_bytes=1 << 18)
    for name in "abcd":
        store.set(name, bytes(200_000))
    assert store.get("a") is not None
    store.set("e", bytes(220_000))
    store.set("f", bytes(250_000))
    assert [name for name in "abcdef" if store.get(name) is not None] == ["a", "d", "e", "f"]
    assert store.stats()["evictions"] == 2


def test_the_budget_holds_and_counts_what_is_taken() -> None:
    budget = 4 << 20
    for size in (0, 10, 100, 5000):
        store = Store(budget)
        tracemalloc.start()
        try:
            for number in range(60_000 if size <= 100 else 5000):
                store.set(b"key-%d" % number, bytes(size))
                assert store.used_bytes <= budget
            taken = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert store.stats()["evictions"] > 0
        assert taken <= budget * 1.02, f"values of {size} bytes"
        assert taken >= budget * 0.6, f"values of {size} bytes"


def test_replacing_and_deleting_give_back() -> None:
    store = Store()
    store.set("a", bytes(1000))
    more = store.used_bytes
    store.set("a", bytes(10))
    assert store.used_bytes == more - 990
    store.set("a", bytes(1000))
    assert store.used_bytes == more
    store.delete("a")
    assert store.used_bytes == 0


@pytest.mark.parametrize("size, fits", [(999, True), (1000, True), (1001, False)])
def test_the_limit_of_a_value(size: int, fits: bool) -> None:
    store = Store(max_value_bytes=1000)
    if fits:
        assert store.set("a", bytes(size))
    else:
        with pytest.raises(ValueError, match="1001 bytes are over the limit of 1000"):
            store.set("a", bytes(size))


@pytest.mark.parametrize("option, value, options", [
    ("max_bytes", (1 << 20) - 1, {}),
    ("max_bytes", "64m", {}),
    ("max_value_bytes", 0, {}),
    ("max_value_bytes", (1 << 19) + 1, {"max_bytes": 1 << 20}),
])  # fmt: skip
def test_options(option: str, value: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(**{**options, option: value})
    assert caught.value.option == option


def test_keys_are_checked() -> None:
    store = Store()
    for key in ("", "a b", b"a\n", "k" * 251):
        for call in (store.get, store.delete, lambda key: store.set(key, b"")):
            with pytest.raises(ValueError):
                call(key)


def test_stats() -> None:
    store = Store()
    store.set("a", b"1")
    store.get("a")
    store.get("b")
    stats = store.stats()
    assert (stats["cmd_get"], stats["get_hits"], stats["get_misses"], stats["cmd_set"]) == (2, 1, 1, 1)
    assert (stats["curr_items"], stats["bytes"], stats["limit_maxbytes"]) == (1, store.used_bytes, 64 << 20)
    store.reset_stats()
    assert store.stats()["cmd_get"] == 0 and store.stats()["curr_items"] == 1


def test_threads_share_a_store() -> None:
    store = Store(1 << 20, max_value_bytes=1 << 18)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for turn in range(3000):
                key = b"key-%d" % ((turn * 7 + seed) % 500)
                store.set(key, os.urandom(1) * 3000)
                value = store.get(key)
                assert value is None or (len(value) == 3000 and len(set(value)) == 1)
                if turn % 5 == 0:
                    store.delete(key)
                if turn % 1000 == 0:
                    store.clear()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failures
    assert store.used_bytes <= 1 << 20
    keys = [b"key-%d" % number for number in range(500)]
    assert len(store) == sum(store.get(key) is not None for key in keys)
    for key in keys:
        store.delete(key)
    assert store.used_bytes == 0 and len(store) == 0
