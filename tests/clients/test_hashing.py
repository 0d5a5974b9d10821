"""Keys are on the same node in every process, whatever the order of nodes; a new node takes its share and no more."""

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from fastnet.clients.hashing import Ketama, Rendezvous
from fastnet.errors import ConfigError

NODES = [f"cache{number}.example:11211" for number in range(5)]
KEYS = [f"user:{number}:profile".encode() for number in range(20_000)]
both = pytest.mark.parametrize("kind", [Rendezvous, Ketama])


@both
def test_every_process_agrees(kind: Any) -> None:
    program = f"""
from fastnet.clients.hashing import {kind.__name__} as kind
ring = kind({NODES[::-1]!r})
print(" ".join(ring.node_of(b"user:%d:profile" % number) for number in range(500)))
"""
    told = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1", "PYTHONPATH": ":".join(sys.path)},
                    {"PYTHONHASHSEED": "2", "PYTHONPATH": ":".join(sys.path)})
    }  # fmt: skip
    here = [kind(NODES).node_of(key) for key in KEYS[:500]]
    assert told == {" ".join(here) + "\n"}


@both
def test_a_new_node_takes_its_share_and_nothing_else_moves(kind: Any) -> None:
    before, after = kind(NODES), kind([*NODES, "cache5.example:11211"])
    moved = [after.node_of(key) for key in KEYS if before.node_of(key) != after.node_of(key)]
    assert set(moved) == {"cache5.example:11211"}
    assert len(moved) / len(KEYS) == pytest.approx(1 / 6, rel=0.25 if kind is Ketama else 0.05)


@both
def test_a_node_that_goes_moves_its_own_keys_only(kind: Any) -> None:
    before, after = kind(NODES), kind(NODES[1:])
    for key in KEYS[:3000]:
        assert before.node_of(key) in (NODES[0], after.node_of(key))


def test_rendezvous_is_even() -> None:
    counts = Counter(map(Rendezvous(NODES).node_of, KEYS))
    assert all(abs(counts[node] - len(KEYS) / 5) < 0.05 * len(KEYS) / 5 for node in NODES)


def test_where_keys_are_never_changes() -> None:
    """Constants: a change of the algorithm would lose everybody's cache."""
    ring = Rendezvous(NODES)
    assert [ring.node_of(key)[5] for key in KEYS[:20]] == list("32342432232132244123")
    ketama = Ketama(["10.0.1.1:11211", "10.0.1.2:11211", "10.0.1.3:11212"])
    as_libmemcached = list("23133223321332323222")
    assert [ketama.node_of(b"key-%d" % number)[7] for number in range(20)] == as_libmemcached


@both
@pytest.mark.parametrize("nodes", [[], "a:1", ["a:1", "a:1"], [1], [""]])
def test_nodes(kind: Any, nodes: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(nodes)
    assert caught.value.option == "nodes"


@both
def test_one_node_has_everything(kind: Any) -> None:
    assert {kind(["a:1"]).node_of(key) for key in KEYS[:50]} == {"a:1"}
