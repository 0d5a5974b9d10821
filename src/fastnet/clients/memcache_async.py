"""The async face of the memcached client: any number of tasks over few connections, requests one behind the other.

A connection answers in order, so what is asked while replies are due needs no connection of its own: a new one is
opened only while all that there are have replies due, up to the limit. A request that is not answered in time takes its
connection down, for the replies behind it are late, too.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, TypeVar, cast

from fastnet.clients.memcache_commands import Call, Compute, Key, Pause, Steps, Value
from fastnet.clients.memcache_settings import Settings, rounds_of
from fastnet.errors import FastnetError
from fastnet.protocols.base import NEED_DATA
from fastnet.protocols.memcache import ClientConnection

T = TypeVar("T")


class _Connection(asyncio.Protocol):
    """A transport and what is spoken on it. `due`: futures of the replies, in order; `number`: in order of opening."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.protocol = ClientConnection()
        self.due: deque[asyncio.Future[Any]] = deque()
        self.lost = False
        self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, calls: Iterable[Call]) -> list[asyncio.Future[Any]]:
        """Send; the futures get the replies."""
        if self.lost:
            raise ConnectionResetError("the server closed the connection")
        loop = asyncio.get_running_loop()
        asked = []
        for call in calls:
            call.ask(self.protocol)
            asked.append(loop.create_future())
        self.due.extend(asked)
        self.transport.write(b"".join(self.protocol.data_to_send()))
        return asked

    def data_received(self, data: bytes) -> None:
        self.used = True
        try:
            self.protocol.receive_data(data)
            while (event := self.protocol.next_event()) is not NEED_DATA:
                future = self.due.popleft()
                if not future.done():
                    future.set_result(event)
        except FastnetError as error:
            self.drop(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.drop(exc if isinstance(exc, OSError) else ConnectionResetError("the server closed the connection"))

    def drop(self, error: Exception) -> None:
        """Give the connection up, and with it all replies that are due."""
        self.lost = True
        self.transport.abort()
        while self.due:
            future = self.due.popleft()
            if not future.done():
                future.set_result(error)


class AsyncClient(Settings):
    """The async face. Use it as an async context manager, or await close(); within one event loop.

    >>> client = AsyncClient(["127.0.0.1:11211"])  # doctest: +SKIP
    >>> await client.get("greeting")  # doctest: +SKIP
    'hello'
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open: dict[str, list[_Connection]] = {node: [] for node in self._addresses}
        self._opening = {node: asyncio.Lock() for node in self._addresses}
        self._opened = 0

    __init__.__doc__ = Settings.__init__.__doc__

    async def close(self) -> None:
        """Close all connections; replies that are due are lost."""
        for connections in self._open.values():
            for connection in connections:
                connection.drop(ConnectionAbortedError("the client was closed"))
            connections.clear()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- doing what the commands say

    async def _run(self, steps: Steps[T]) -> T:
        try:
            wanted = next(steps)
            while True:
                try:
                    result = await self._do(wanted)
                except BaseException as error:
                    wanted = steps.throw(error)
                else:
                    wanted = steps.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _do(self, wanted: Any) -> Any:
        if isinstance(wanted, Pause):
            return await asyncio.sleep(wanted.seconds)
        if isinstance(wanted, Compute):
            value = wanted.function()
            return await value if inspect.isawaitable(value) else value
        results: list[Any] = [None] * len(wanted)
        for parts in rounds_of(wanted):
            if len(parts) == 1:
                ((node, some),) = parts.items()
                await self._exchange(node, some, wanted, results)
            else:
                await asyncio.gather(*(self._exchange(node, some, wanted, results) for node, some in parts.items()))
        return results

    async def _exchange(self, node: str, some: list[int], calls: list[Call], results: list[Any]) -> None:
        mine = [calls[i] for i in some]
        after = 0
        while True:
            try:
                connection = await self._connection(node, after)
                reused = connection.used
                asked = connection.ask(mine)
            except OSError as error:
                found: list[Any] = [error] * len(mine)
                break
            _, late = await asyncio.wait(asked, timeout=self._timeout_s)
            if late:
                connection.drop(TimeoutError(f"{node} did not reply within {self._timeout_s:g} s"))
            found = [future.result() for future in asked]
            # Closed while it was idle: nothing of the request was read.
            if after or not reused or not isinstance(found[0], ConnectionError) or not all(c.again for c in mine):
                break
            after = connection.number
        for i, result in zip(some, found, strict=True):
            results[i] = result

    def _usable(self, node: str, most: int, after: int) -> _Connection | None:
        """The least busy connection; None if it is busy and there are fewer than `most`, or if there is none.

        Only those opened after number `after` are of use: who asks has found that one closed, and maybe all before it.
        """
        self._open[node] = connections = [each for each in self._open[node] if not each.lost]
        newer = [each for each in connections if each.number > after]
        least = min(newer, key=lambda each: len(each.due), default=None)
        if least is not None:
            return least if not least.due or len(connections) >= most else None
        if len(connections) >= most:
            # There is no room for a new one, unless an idle one makes it.
            least = min(connections, key=lambda each: len(each.due))
            if least.due:
                return least
            least.drop(ConnectionAbortedError("another connection takes its place"))
            connections.remove(least)
        return None

    async def _connection(self, node: str, after: int) -> _Connection:
        """A connection to send on. One at a time is opened; while it is, the others do, if there are any."""
        opening = self._opening[node]
        found = None
        if not after or not opening.locked():
            found = self._usable(node, 1 if opening.locked() else self._max_connections, after)
        if found is None:
            async with opening:
                found = self._usable(node, self._max_connections, after)
                if found is None:
                    found = await self._connect(node)
                    self._open[node].append(found)
        return found

    async def _connect(self, node: str) -> _Connection:
        address, loop = self._addresses[node], asyncio.get_running_loop()
        self._opened += 1
        make = functools.partial(_Connection, self._opened)
        async with asyncio.timeout(self._connect_timeout_s):
            if isinstance(address, str):
                _, made = await loop.create_unix_connection(make, address)
            else:
                _, made = await loop.create_connection(make, *address, ssl=self._tls)
        return made

    # --- commands. They raise ValueError for what cannot be sent, ServerRefused, OSError, ProtocolError

    async def get(self, key: Key, default: Any = None) -> Any:
        """As Client.get()."""
        return await self._run(self._commands.get(key, default))

    async def get_many(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """As Client.get_many()."""
        return await self._run(self._commands.get_many(keys))

    async def gets(self, key: Key) -> tuple[Value, int] | None:
        """As Client.gets()."""
        return await self._run(self._commands.gets(key))

    async def set(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """As Client.set()."""
        return (await self._run(self._commands.store("set", key, value, ttl_s))) == "STORED"

    async def add(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """As Client.add()."""
        return (await self._run(self._commands.store("add", key, value, ttl_s))) == "STORED"

    async def replace(self, key: Key, value: Value, ttl_s: float | None = None) -> bool:
        """As Client.replace()."""
        return (await self._run(self._commands.store("replace", key, value, ttl_s))) == "STORED"

    async def cas(self, key: Key, value: Value, cas: int, ttl_s: float | None = None) -> bool | None:
        """As Client.cas()."""
        reply = await self._run(self._commands.store("cas", key, value, ttl_s, cas))
        return None if reply == "NOT_FOUND" else reply == "STORED"

    async def append(self, key: Key, value: bytes) -> bool:
        """As Client.append()."""
        return await self._run(self._commands.join("append", key, value))

    async def prepend(self, key: Key, value: bytes) -> bool:
        """As Client.prepend()."""
        return await self._run(self._commands.join("prepend", key, value))

    async def set_many(self, values: Mapping[Key, Value], ttl_s: float | None = None) -> list[Key]:
        """As Client.set_many()."""
        return await self._run(self._commands.set_many(values, ttl_s))

    async def delete(self, key: Key) -> bool:
        """As Client.delete()."""
        return await self._run(self._commands.delete(key))

    async def touch(self, key: Key, ttl_s: float | None = None) -> bool:
        """As Client.touch()."""
        return await self._run(self._commands.touch(key, ttl_s))

    async def incr(self, key: Key, delta: int = 1) -> int | None:
        """As Client.incr()."""
        return await self._run(self._commands.count("incr", key, delta))

    async def decr(self, key: Key, delta: int = 1) -> int | None:
        """As Client.decr()."""
        return await self._run(self._commands.count("decr", key, delta))

    async def flush_all(self, delay_s: int = 0) -> None:
        """As Client.flush_all()."""
        await self._run(self._commands.flush_all(delay_s))

    async def stats(self, *words: str) -> dict[str, dict[str, str]]:
        """As Client.stats()."""
        return await self._run(self._commands.stats(words))

    async def get_or_compute(
        self,
        key: Key,
        compute: Callable[[], Value | Awaitable[Value]],
        ttl_s: float,
        *,
        lock_s: float = 30.0,
        early_s: float | None = None,
    ) -> Value:
        """As Client.get_or_compute(); `compute` may be `async def`."""
        return await self._run(self._commands.get_or_compute(key, compute, ttl_s, lock_s, early_s))
