"""Options of the clients, and how many requests are sent before replies are read."""

from typing import Any

import pytest

from fastnet.clients.hashing import Ketama
from fastnet.clients.memcache_commands import Call
from fastnet.clients.memcache_settings import Settings, address_of, rounds_of
from fastnet.errors import ConfigError
from fastnet.protocols.memcache import LINE, VALUES


@pytest.mark.parametrize("option, value", [
    ("nodes", []), ("nodes", ["nowhere"]), ("nodes", ["a:0"]), ("nodes", ["a:65536"]), ("nodes", [":1"]),
    ("timeout_s", 0), ("timeout_s", "1"), ("connect_timeout_s", float("nan")), ("max_connections", 0),
    ("unreachable", "no"), ("min_compress_bytes", -1), ("max_expanded_bytes", None)])  # fmt: skip
def test_options(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(**{option: value})
    assert caught.value.option == option


def test_addresses() -> None:
    assert address_of("host:1") == ("host", 1)
    assert address_of("[::1]:65535") == ("::1", 65535)
    assert address_of("unix:/run/cache.sock") == "/run/cache.sock"
    Settings(Ketama(["a:1", "b:2"]))


def test_lines_go_out_together_and_values_one_by_one() -> None:
    lines = [Call("a", b"", LINE) for _ in range(600)]
    assert [len(each["a"]) for each in rounds_of(lines)] == [256, 256, 88]
    values = [Call(node, b"", VALUES) for node in ("a", "b", "a")]
    assert rounds_of(values) == [{"a": [0], "b": [1]}, {"a": [2]}]
    assert rounds_of([Call("a", b"", LINE), Call("a", b"", VALUES), Call("a", b"", LINE)]) == [
        {"a": [0]}, {"a": [1]}, {"a": [2]}]  # fmt: skip
    assert rounds_of([]) == [{}]
