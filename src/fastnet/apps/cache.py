"""The service behind `fastnet cache`: a store of so many bytes, and memcached's protocol to it.

    service = cache_service("64m")
    fastnet.serve(service, bind="127.0.0.1:11211", model="threaded", workers=1)

All connections of a process share the store, so it is for one worker process: several would each have a cache of its
own, and a client would find a key or not by the worker that took its connection.
"""

from __future__ import annotations

import functools
import re

from fastnet.apps.memcache import CacheConnection
from fastnet.apps.memcache_store import Store
from fastnet.apps.service import Service
from fastnet.errors import ConfigError

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_size(option: str, value: int | str) -> int:
    """Bytes of a number with or without a k, m or g behind it, in powers of 1024. Raises ConfigError."""
    found = re.fullmatch(r"([0-9]+)([kmg]?)b?", str(value).lower(), re.ASCII)
    if found is None or isinstance(value, bool):
        raise ConfigError(option, value, "bytes, or a number with k, m or g: 64m")
    return int(found[1]) * _UNITS[found[2]]


def cache_service(
    memory: int | str = "64m",
    *,
    max_item: int | str = "1m",
    idle_timeout: float = 0.0,
    request_timeout: float = 30.0,
) -> Service:
    """A cache that speaks memcached's protocol, to be served in one process.

    Args:
        memory: what all items may take, in bytes or as "64m"; the least recently used go first.
        max_item: the largest value.
        idle_timeout: seconds without a request after which a connection is closed; 0: never.
        request_timeout: seconds from the first byte of a request to its last.

    Raises:
        ConfigError: a size or time that cannot be.
    """
    max_bytes, max_value_bytes = parse_size("memory", memory), parse_size("max_item", max_item)
    try:
        store = Store(max_bytes, max_value_bytes=max_value_bytes)
    except ConfigError as error:
        option, value = ("memory", memory) if error.option == "max_bytes" else ("max_item", max_item)
        raise ConfigError(option, value, error.expected) from None
    make = functools.partial(CacheConnection, store, idle_timeout_s=idle_timeout, request_timeout_s=request_timeout)
    try:
        make()
    except ConfigError as error:
        raise ConfigError(error.option.removesuffix("_s"), error.value, error.expected) from None
    return Service(make, name="cache")


def check_workers(workers: int) -> None:
    """ConfigError for a number of worker processes other than one."""
    if workers != 1:
        raise ConfigError("workers", workers, "1: each process would have a cache of its own")
