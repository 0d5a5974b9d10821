"""What a cache holds: items by key, within a budget of bytes, the least recently used given up first."""

from collections.abc import Callable
from typing import TypeVar, final

from typing_extensions import Buffer

T = TypeVar("T")

@final
class Store:
    """The items of a cache. Any number of connections and threads share one; a process may use it by itself, too.

    Args:
        max_bytes: what items may take, all counted: keys, values and the objects around them. At least 1 MiB.
        max_value_bytes: of one value; at most half of max_bytes.
        clock: seconds that never go back, for tests; the monotonic clock by default.

    Raises ConfigError for a size that cannot be.
    """

    def __init__(
        self, max_bytes: int = 67108864, *, max_value_bytes: int = 1048576, clock: Callable[[], float] | None = None
    ) -> None: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def max_value_bytes(self) -> int: ...
    @property
    def used_bytes(self) -> int: ...
    def __len__(self) -> int:
        """Items, with those that have expired and were not asked for since."""
    def get(self, key: str | bytes, default: T = ...) -> bytes | T:
        """The value of `key`, or `default`, None. Raises ValueError for a key that cannot be, as all methods here."""
    def set(self, key: str | bytes, value: Buffer, ttl_s: float | None = None) -> bool:
        """Store `value` for `ttl_s` seconds, or for ever. ValueError if it is too large."""
    def add(self, key: str | bytes, value: Buffer, ttl_s: float | None = None) -> bool:
        """Store `value` if there is none of this key; whether it was."""
    def delete(self, key: str | bytes) -> bool:
        """Let go of a value; whether there was one."""
    def clear(self) -> None:
        """Let go of all values."""
    def stats(self) -> dict[str, int]:
        """What `stats` tells: counters since the start or reset_stats(), sizes, items, connections."""
    def reset_stats(self) -> None:
        """Begin to count anew."""
