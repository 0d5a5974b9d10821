"""The asyncio RPC client: the same protocols and options as clients.rpc, any number of calls at the same time.

    async with AsyncClient("tcp://127.0.0.1:4000") as client:
        await client.call("add", [1, 2])
        await asyncio.gather(*(client.call("add", [i, 1]) for i in range(64)))

Calls that are made in one turn of the loop go out with one write, and what is answered together is read together. There
is no timer a call: one, for the earliest deadline, looks after all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any

from fastnet.clients.dialing import Retry
from fastnet.clients.rpc_pending import Params, Pending, Settings, check_seconds, plain_params
from fastnet.clients.rpc_target import Caller, Target
from fastnet.protocols.rpc import Answer, Call, Item
from fastnet.protocols.rpc_errors import ConnectionLost, DeadlineExceeded, RPCError
from fastnet.protocols.rpc_http import HTTPCaller
from fastnet.protocols.rpc_msgpack import MessagePackRPC

# Items of a stream that wait for their taker before no more is read from the connection, and when it goes on.
_MOST_ITEMS = 256
_FEW_ITEMS = 64
# As many as browsers have to a host, and a few.
_HTTP_CONNECTIONS = 8


class _Waiter(asyncio.Future[Any]):
    """Who waits for an answer, until `end` on the loop's clock."""

    end: float = 0.0
    id: int = 0
    items: asyncio.Queue[Any] | None = None


class _Connection(asyncio.Protocol):
    """One connection, made; it is dropped when it is lost."""

    def __init__(self, protocol: Caller, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pending: Pending[_Waiter] = Pending(protocol)
        self.lost: Exception | None = None
        self._transport: Any = None
        self._flushing = False
        self._alarm: asyncio.TimerHandle | None = None
        self._reading = True

    # --- of asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        protocol, waiters = self.pending.protocol, self.pending.waiters
        protocol.now = self.loop.time()
        try:
            protocol.receive_data(data)
            for event in self.pending.events():
                if type(event) is Answer:
                    waiter = waiters.pop(event.id, None)
                    if waiter is not None and not waiter.done():
                        if event.fault is None:
                            waiter.set_result(event.result)
                        else:
                            waiter.set_exception(event.fault)
                elif type(event) is Item:
                    self._take_item(event)
        except Exception as error:
            self.fail(error)
            return
        if protocol.queued_bytes:
            self._flush()
        if protocol.closing:
            self.fail(ConnectionLost("the server closes the connection"))

    def eof_received(self) -> None:
        try:
            self.pending.protocol.receive_eof()
            for event in self.pending.events():
                waiter = self.pending.waiters.pop(event.id, None)
                if isinstance(event, Answer) and waiter is not None and not waiter.done():
                    waiter.set_result(event.result) if event.fault is None else waiter.set_exception(event.fault)
        except Exception as error:
            self.fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        text = "the server closed the connection" if exc is None else f"the connection broke: {exc}"
        self.fail(ConnectionLost(f"{text} before it answered"))

    # --- calls ---

    def fail(self, error: Exception) -> None:
        """The end: everybody who waits is told."""
        if self.lost is None:
            self.lost = error
            self._transport.abort()
            if self._alarm is not None:
                self._alarm.cancel()
        waiters, self.pending.waiters = self.pending.waiters, {}
        for waiter in waiters.values():
            if not waiter.done():
                waiter.set_exception(error)

    def call(self, method: str, params: Params, end: float, stream: bool, told: float | None) -> _Waiter:
        waiter = _Waiter(loop=self.loop)
        if stream:
            waiter.items = asyncio.Queue()
        waiter.id = self.pending.call(waiter, method, params, stream=stream, timeout_s=told)
        self.flush_soon()
        self.watch(waiter, end)
        return waiter

    def call_many(self, calls: list[tuple[str, Params]], end: float, told: float | None) -> list[_Waiter]:
        if not isinstance(self.pending.protocol, HTTPCaller) or len(calls) < 2:
            return [self.call(method, params, end, False, told) for method, params in calls]
        made = []
        for method, params in calls:
            waiter = _Waiter(loop=self.loop)
            waiter.id = self.pending.new_id()
            self.pending.waiters[waiter.id] = waiter
            made.append((waiter, Call(waiter.id, method, plain_params(params))))
        try:
            self.pending.protocol.call_batch(call for _, call in made)
        except Exception:
            for waiter, _ in made:
                del self.pending.waiters[waiter.id]
            raise
        self.flush_soon()
        for waiter, _ in made:
            self.watch(waiter, end)
        return [waiter for waiter, _ in made]

    def cancel(self, waiter: _Waiter) -> None:
        """Nobody waits for it any more. Over HTTP there is no way but to end the connection."""
        if self.pending.waiters.get(waiter.id) is not waiter or self.lost is not None:
            return
        if isinstance(self.pending.protocol, HTTPCaller):
            self.pending.waiters.pop(waiter.id)
            self.fail(ConnectionLost("another call on this connection ran out of time, or was cancelled"))
            return
        self.pending.cancel(waiter.id)
        self.flush_soon()

    def flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self.lost is None:
            for data in self.pending.protocol.data_to_send():
                self._transport.write(data)

    # --- deadlines ---

    def watch(self, waiter: _Waiter, end: float) -> None:
        waiter.end = end
        if end == float("inf"):
            return
        if self._alarm is None or end < self._alarm.when():
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self.loop.call_at(end, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self.loop.time()
        for waiter in [each for each in self.pending.waiters.values() if each.end <= now]:
            if not waiter.done():
                waiter.set_exception(DeadlineExceeded("no answer in time"))
            self.cancel(waiter)
        ends = [each.end for each in self.pending.waiters.values()]
        if ends and min(ends) < float("inf") and self._alarm is None:
            self._alarm = self.loop.call_at(min(ends), self._ring)

    # --- streams ---

    def _take_item(self, item: Item) -> None:
        waiter = self.pending.waiters.get(item.id)
        if waiter is None or waiter.items is None:
            return
        waiter.items.put_nowait(item.value)
        if self._reading and waiter.items.qsize() >= _MOST_ITEMS:
            self._reading = False
            self._transport.pause_reading()

    def item_taken(self, waiter: _Waiter) -> None:
        if not self._reading and (waiter.items is None or waiter.items.qsize() <= _FEW_ITEMS):
            self._reading = True
            if self.lost is None:
                self._transport.resume_reading()


class _Line:
    """A connection, and the one after it when it is lost."""

    def __init__(self, target: Target, retry: Retry, timeout_s: float | None) -> None:
        self._target, self._retry, self._timeout_s = target, retry, timeout_s
        self.connection: _Connection | None = None
        self._connecting = asyncio.Lock()

    async def connect(self) -> _Connection:
        async with self._connecting:
            if self.connection is not None and self.connection.lost is None:
                return self.connection
            waits = self._retry.waits()
            while True:
                try:
                    async with asyncio.timeout(self._timeout_s):
                        self.connection = await _open(self._target)
                    return self.connection
                except OSError:
                    wait = next(waits, None)
                    if wait is None:
                        raise
                    await asyncio.sleep(wait)

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.fail(ConnectionLost("the client was closed"))


class AsyncClient(Settings):
    """Calls an RPC server, for one event loop; arguments and errors are those of clients.rpc.Client.

    Over streams there is one connection. Over HTTP there are up to eight, each with one request at a time.
    """

    def _prepare(self) -> None:
        self._lines: list[_Line] = []
        self._idle: list[_Line] = []
        self._room = asyncio.Semaphore(_HTTP_CONNECTIONS)
        if not self._target.http:
            self._new_line()

    def _new_line(self) -> _Line:
        self._lines.append(_Line(self._target, self._retry, self._connect_timeout_s))
        return self._lines[-1]

    @contextlib.asynccontextmanager
    async def _line(self) -> AsyncIterator[_Line]:
        """The one there is, or, over HTTP, one without a request: a server may close a connection after any answer."""
        if not self._target.http:
            yield self._lines[0]
            return
        async with self._room:
            line = self._idle.pop() if self._idle else self._new_line()
            try:
                yield line
            finally:
                self._idle.append(line)

    def _end(self, timeout_s: float | None) -> float:
        seconds = self._timeout_s if timeout_s is None else timeout_s
        if timeout_s is not None:
            check_seconds(timeout_s=timeout_s)
        return float("inf") if seconds is None else asyncio.get_running_loop().time() + seconds

    def _told(self, end: float) -> float | None:
        if not self._send_deadlines or end == float("inf"):
            return None
        return max(0.0, end - asyncio.get_running_loop().time())

    async def call(
        self, method: str, params: Params = (), *, timeout_s: float | None = None, idempotent: bool = False
    ) -> Any:
        """Call a method and return its result; see Client.call(). Being cancelled cancels the call."""
        end = self._end(timeout_s)
        if not self._target.http:
            return await self._call(self._lines[0], method, params, end, idempotent)
        async with self._line() as line:
            return await self._call(line, method, params, end, idempotent)

    async def _call(self, line: _Line, method: str, params: Params, end: float, idempotent: bool) -> Any:
        connection = line.connection
        if connection is None or connection.lost is not None:
            connection = await line.connect()
        waiter = connection.call(method, params, end, False, self._told(end))
        try:
            return await waiter
        except asyncio.CancelledError:
            connection.cancel(waiter)
            raise
        except ConnectionLost:
            if not idempotent:
                raise
        connection = await line.connect()
        return await connection.call(method, params, end, False, self._told(end))

    async def call_many(self, calls: Iterable[tuple[str, Params]], *, timeout_s: float | None = None) -> list[Any]:
        """Call methods at the same time, over HTTP with JSON as a batch; see Client.call_many()."""
        end = self._end(timeout_s)
        if not self._target.batches:
            return await self._one_by_one(list(calls), end)
        async with self._line() as line:
            return await self._call_many(line, list(calls), end)

    async def _one_by_one(self, calls: list[tuple[str, Params]], end: float) -> list[Any]:
        found: list[Any] = []
        async with self._line() as line:
            for method, params in calls:
                try:
                    found.append(await self._call(line, method, params, end, False))
                except RPCError as fault:
                    found.append(fault)
        return found

    async def _call_many(self, line: _Line, calls: list[tuple[str, Params]], end: float) -> list[Any]:
        connection = await line.connect()
        waiters = connection.call_many(calls, end, self._told(end))
        try:
            return await asyncio.gather(*waiters, return_exceptions=True)
        except asyncio.CancelledError:
            for waiter in waiters:
                connection.cancel(waiter)
            raise

    async def notify(self, method: str, params: Params = ()) -> None:
        """Send a notification: nobody will tell what became of it."""
        async with self._line() as line:
            connection = await line.connect()
            connection.pending.notify(method, params)
            connection.flush_soon()
            await asyncio.sleep(0)

    async def stream(self, method: str, params: Params = (), *, timeout_s: float | None = None) -> AsyncIterator[Any]:
        """The items that a method gives, as they come (MessagePack-RPC); an async generator. Leaving cancels the call.

        timeout_s is for all of them. While a taker is slow, nothing is read from the connection.
        """
        if not isinstance(self._target.make(), MessagePackRPC):
            raise TypeError("only MessagePack-RPC has streams")
        end = float("inf") if timeout_s is None else self._end(timeout_s)
        connection = await self._lines[0].connect()
        waiter = connection.call(method, params, end, True, None if timeout_s is None else self._told(end))
        items = waiter.items
        assert items is not None
        # The end of the stream is told to whoever waits for the next item.
        waiter.add_done_callback(lambda _: items.put_nowait(_END))
        try:
            while (item := await items.get()) is not _END:
                connection.item_taken(waiter)
                yield item
            await waiter
        finally:
            connection.cancel(waiter)
            waiter.cancel()
            waiter.items = None
            connection.item_taken(waiter)

    async def close(self) -> None:
        """Close the connections; the next call makes a new one."""
        for line in self._lines:
            line.close()
        await asyncio.sleep(0)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


_END: Any = object()


async def _open(target: Target) -> _Connection:
    loop = asyncio.get_running_loop()
    made = _Connection(target.make(), loop)
    if target.path:
        await loop.create_unix_connection(lambda: made, target.path)
    else:
        # All addresses are tried; by asyncio the next one before the one before has failed (RFC 8305).
        eyes: dict[str, Any] = {} if type(loop).__module__.startswith("uvloop") else {"happy_eyeballs_delay": 0.25}
        await loop.create_connection(
            lambda: made,
            target.host,
            target.port,
            ssl=target.tls,
            server_hostname=target.host if target.tls else None,
            **eyes,
        )
    return made
