"""A cache that speaks memcached's protocol: each request of a connection answered from a Store, where it lies."""

from typing import Any, final

from fastnet.apps.memcache_store import Store
from fastnet.protocols.memcache import ServerConnection

@final
class CacheConnection(ServerConnection):
    """A connection whose requests `store` answers: it has no events. Options as of ServerConnection, without sizes."""

    def __init__(self, store: Store, **options: Any) -> None: ...
    @property
    def store(self) -> Store: ...
