"""A memcached client, sync and async: the same commands, over a pool of connections to each node.

A `Client` may be used by any number of threads, each connection by one at a time; an `AsyncClient` belongs to one event
loop and sends requests of any number of tasks over few connections, one behind the other. Requests to several nodes,
or many to one, are all sent before the first reply is waited for. A request that finds its pooled connection closed is
sent again on a new one, if that cannot do harm. Keys are spread as fastnet.clients.hashing says.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from fastnet.clients.dialing import Destination, dial, secured
from fastnet.clients.memcache_async import AsyncClient
from fastnet.clients.memcache_commands import Call, Compute, Key, Pause, Steps, Value
from fastnet.clients.memcache_settings import Settings, rounds_of
from fastnet.errors import FastnetError, ProtocolError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.memcache import ClientConnection, ServerRefused

__all__ = ["AsyncClient", "Client", "ServerRefused"]

T = TypeVar("T")
_RECEIVE_BYTES = 65536


class _Connection:
    """A socket and what is spoken on it."""

    def __init__(self, address: tuple[str, int] | str, connect_s: float, timeout_s: float, tls: Any) -> None:
        if isinstance(address, str):
            sock = dial(Destination("unix", path=address), connect_s)
        else:
            sock = secured(dial(Destination("tcp", *address), connect_s), connect_s, tls, address[0])
        sock.settimeout(timeout_s)
        self.socket, self.protocol, self.used = sock, ClientConnection(), False

    def send(self, calls: Iterable[Call]) -> None:
        for call in calls:
            call.ask(self.protocol)
        self.socket.sendall(b"".join(self.protocol.data_to_send()))

    def reply(self) -> Any:
        protocol = self.protocol
        while (event := protocol.next_event()) is NEED_DATA:
            data = self.socket.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError("the server closed the connection before it replied")
            protocol.receive_data(data)
            self.used = True
        return event


class _Pool:
    """Connections to one node: at most so many at once; the one used last is used first."""

    def __init__(self, open_one: Callable[[], _Connection], most: int, timeout_s: float) -> None:
        self._open, self._timeout_s = open_one, timeout_s
        self._free: deque[_Connection] = deque()
        self._room = threading.BoundedSemaphore(most)

    def take(self, fresh: bool = False) -> _Connection:
        if not self._room.acquire(timeout=self._timeout_s):
            raise TimeoutError(f"no connection was free for {self._timeout_s:g} s")
        try:
            if not fresh:
                with contextlib.suppress(IndexError):
                    return self._free.pop()
            return self._open()
        except BaseException:
            self._room.release()
            raise

    def give(self, connection: _Connection, good: bool) -> None:
        if good:
            self._free.append(connection)
        else:
            connection.socket.close()
        self._room.release()

    def close(self) -> None:
        while self._free:
            self._free.pop().socket.close()


class Client(Settings):
    """The sync face. Use it as a context manager, or close() it.

    >>> client = Client(["127.0.0.1:11211"])  # doctest: +SKIP
    >>> client.set("greeting", "hello", ttl_s=60), client.get("greeting")  # doctest: +SKIP
    (True, 'hello')
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pools = {node: _Pool(self._opener(node), self._max_connections, self._timeout_s)
                       for node in self._addresses}  # fmt: skip

    __init__.__doc__ = Settings.__init__.__doc__

    def _opener(self, node: str) -> Callable[[], _Connection]:
        address = self._addresses[node]
        return lambda: _Connection(address, self._connect_timeout_s, self._timeout_s, self._tls)

    def close(self) -> None:
        """Close the connections that are not in use."""
        for pool in self._pools.values():
            pool.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- doing what the commands say

    def _run(self, steps: Steps[T]) -> T:
        try:
            wanted = next(steps)
            while True:
                try:
                    result = self._do(wanted)
                except BaseException as error:
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _do(self, wanted: Any) -> Any:
        if isinstance(wanted, Pause):
            return time.sleep(wanted.seconds)
        if isinstance(wanted, Compute):
            return wanted.function()
        results: list[Any] = [None] * len(wanted)
        for parts in rounds_of(wanted):
            self._exchange(parts, wanted, results)
        return results

    def _exchange(self, parts: dict[str, list[int]], calls: list[Call], results: list[Any]) -> None:
        """Send to every node, then read from every node."""
        begun: list[tuple[str, list[int], _Connection | Exception]] = []
        for node, some in parts.items():
            try:
                begun.append((node, some, self._begin(node, [calls[i] for i in some])))
            except (OSError, FastnetError) as error:
                begun.append((node, some, error))
        for node, some, connection in begun:
            if isinstance(connection, _Connection):
                self._finish(node, some, connection, calls, results)
            else:
                for i in some:
                    results[i] = connection

    def _begin(self, node: str, calls: list[Call], fresh: bool = False) -> _Connection:
        pool = self._pools[node]
        connection = pool.take(fresh)
        try:
            connection.send(calls)
            return connection
        except BaseException as error:
            reused = connection.used
            pool.give(connection, good=False)
            # Closed while it was idle: nothing of the request was read.
            if reused and isinstance(error, ConnectionError) and all(call.again for call in calls):
                return self._begin(node, calls, fresh=True)
            raise

    def _finish(
        self, node: str, some: list[int], connection: _Connection, calls: list[Call], results: list[Any]
    ) -> None:
        pool, done, reused = self._pools[node], 0, connection.used
        try:
            for i in some:
                results[i] = connection.reply()
                done += 1
        except (OSError, ProtocolError) as error:
            pool.give(connection, good=False)
            left = [calls[i] for i in some]
            if done == 0 and reused and isinstance(error, ConnectionError) and all(call.again for call in left):
                try:
                    return self._finish(node, some, self._begin(node, left, fresh=True), calls, results)
                except OSError as second:
                    error = second
            for i in some[done:]:
                results[i] = error
        except BaseException:
            pool.give(connection, good=False)
            raise
        else:
            pool.give(connection, good=True)

    # --- commands. They raise ValueError for what cannot be sent, ServerRefused, OSError, ProtocolError

    def get(self, key: Key, default: Any = None) -> Any:
        """The value of `key`, or `default`."""
        return self._run(self._commands.get(key, default))

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """The values of those of `keys` that there are, each under the key as it was given."""
        return self._run(self._commands.get_many(keys))

    def gets(self, key: Key) -> tuple[Value, int] | None:
        """The value of `key` and its cas unique, for cas(); None where there is none."""
        return self._run(self._commands.gets(key))

    def set(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """Store a value: bytes, str or int. ttl_s: seconds to live, None for ever. False: it was not stored."""
        return self._run(self._commands.store("set", key, value, ttl_s)) == "STORED"

    def add(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """Store a value where there is none yet."""
        return self._run(self._commands.store("add", key, value, ttl_s)) == "STORED"

    def replace(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """Store a value where there is one already."""
        return self._run(self._commands.store("replace", key, value, ttl_s)) == "STORED"

    def cas(self, key: Key, value: Value, cas: int, ttl_s: float | None = None) -> bool | None:
        """Store a value if it is still the one that gets() gave; False: it was changed; None: it is gone."""
        reply = self._run(self._commands.store("cas", key, value, ttl_s, cas))
        return None if reply == "NOT_FOUND" else reply == "STORED"

    def append(self, key: Key, value: bytes) -> bool:
        """Put bytes behind the value; they and it must be plain bytes, small enough not to be compressed."""
        return self._run(self._commands.join("append", key, value))

    def prepend(self, key: Key, value: bytes) -> bool:
        """Put bytes before the value; as append()."""
        return self._run(self._commands.join("prepend", key, value))

    def set_many(self, values: Mapping[Key, Value], ttl_s: float | None = None) -> list[Key]:
        """Store many values; returns the keys that were not stored."""
        return self._run(self._commands.set_many(values, ttl_s))

    def delete(self, key: Key) -> bool:
        """Let go of a value; False: there is none."""
        return self._run(self._commands.delete(key))

    def touch(self, key: Key, ttl_s: float | None = None) -> bool:
        """Give a value a new time to live; False: there is none."""
        return self._run(self._commands.touch(key, ttl_s))

    def incr(self, key: Key, delta: int = 1) -> int | None:
        """Add to a number, which goes around at 64 bits; the new one, or None where there is none."""
        return self._run(self._commands.count("incr", key, delta))

    def decr(self, key: Key, delta: int = 1) -> int | None:
        """Subtract from a number, down to 0; as incr()."""
        return self._run(self._commands.count("decr", key, delta))

    def flush_all(self, delay_s: int = 0) -> None:
        """Let go of all values, on all nodes."""
        self._run(self._commands.flush_all(delay_s))

    def stats(self, *words: str) -> dict[str, dict[str, str]]:
        """What each node tells about itself."""
        return self._run(self._commands.stats(words))

    def get_or_compute(
        self,
        key: Key,
        compute: Callable[[], Value],
        ttl_s: float,
        *,
        lock_s: float = 30.0,
        early_s: float | None = None,
    ) -> Value:
        """The value of `key`, computed where there is none: by one client, while all others wait for what it stores.

        Within the last `early_s` of its life (a tenth of ttl_s by default; 0: never) one client computes it anew while
        the others still get the old one, so that a value in demand is never missed. If who computes has stored nothing
        after `lock_s`, another one does. What `compute` raises is raised here, and another one computes at once. A
        value that is set or deleted while it is computed is not overwritten. Needs memcached 1.6 or fastnet's cache.
        """
        return self._run(self._commands.get_or_compute(key, compute, ttl_s, lock_s, early_s))  # type: ignore[no-any-return]
