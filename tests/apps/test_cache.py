"""The service of a cache: sizes as people write them, options, one store for all its connections."""

from typing import Any

import pytest

from fastnet.apps.cache import cache_service, check_workers, parse_size
from fastnet.errors import ConfigError


@pytest.mark.parametrize("text, size", [("5", 5), (7, 7), ("64m", 64 << 20), ("1K", 1024), ("3MB", 3 << 20)])
def test_sizes(text: Any, size: int) -> None:
    assert parse_size("memory", text) == size


@pytest.mark.parametrize("text", ["", "m", "1.5m", "-1", "1 m", "1t", True, "\u0661m"])
def test_what_is_no_size(text: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_size("memory", text)
    assert caught.value.option == "memory"


@pytest.mark.parametrize("option, value", [("memory", "1k"), ("max_item", "0"), ("max_item", "33m"),
                                           ("idle_timeout", -1), ("request_timeout", -1)])  # fmt: skip
def test_options(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_service(**{option: value})
    assert (caught.value.option, caught.value.value) == (option, value)


def test_one_worker() -> None:
    check_workers(1)
    with pytest.raises(ConfigError, match="a cache of its own"):
        check_workers(2)


def test_connections_of_a_service_share_a_store() -> None:
    service = cache_service("2m", max_item="10k")
    assert service.protocol is not None
    one, two = service.protocol(), service.protocol()
    one.receive_data(b"set a 0 0 1\r\nx\r\n")
    one.next_event()
    two.receive_data(b"get a\r\n")
    two.next_event()
    assert b"".join(map(bytes, two.data_to_send())) == b"VALUE a 0 1\r\nx\r\nEND\r\n"
