"""What answers a stream connection of an RPC service with `async def` methods: concurrently, to be cancelled.

A call runs until it is done, its deadline comes, its caller cancels it, or the connection is gone.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from fastnet.protocols.rpc import Call, Cancel, Item
from fastnet.protocols.rpc_errors import CallCancelled, DeadlineExceeded

if TYPE_CHECKING:
    from fastnet.apps.rpc import Service


async def within_deadline(service: Service, call: Call, result: Awaitable[Any]) -> Any:
    """Wait for what a call began. Raises DeadlineExceeded, and what the method raises."""
    deadline = service.deadline(call)
    if deadline is None:
        return await result
    limit = asyncio.timeout(deadline)
    try:
        async with limit:
            return await result
    except TimeoutError:
        if limit.expired():
            raise DeadlineExceeded(f"{call.method}() took more than {deadline:g} s") from None
        raise


class _Handler:
    """Of one connection."""

    service: Service

    def __init__(self) -> None:
        self._running: dict[Any, asyncio.Task[Any]] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._connection: Any = None

    def on_connect(self, connection: Any) -> None:
        self._connection = connection

    def on_close(self, error: BaseException | None) -> None:
        for task in list(self._running.values()):
            self._cancel(task)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        self._cancelled.add(task)
        task.cancel()

    async def on_message(self, event: Any) -> Any:
        if type(event) is Call:
            await self._answer(event)
            return None if event.one_way else event
        if type(event) is Cancel:
            task = self._running.get(event.id)
            if task is not None:
                self._cancel(task)
        return None

    async def _answer(self, call: Call) -> None:
        try:
            result = self.service.invoke(call)
            if inspect.isawaitable(result) or hasattr(result, "__anext__") or inspect.isgenerator(result):
                result = await self._finish(call, result)
            call.result = result
        except BaseException as error:
            call.fault = self.service.fault_of(error, call)

    async def _finish(self, call: Call, result: Any) -> Any:
        """Wait for the end of what was begun, however it comes."""
        task = asyncio.current_task()
        assert task is not None
        key = call.id if not call.one_way else task
        self._running[key] = task
        try:
            return await within_deadline(self.service, call, self._drive(call, result))
        except asyncio.CancelledError:
            if task not in self._cancelled:
                raise
            task.uncancel()
            raise CallCancelled() from None
        finally:
            self._cancelled.discard(task)
            if self._running.get(key) is task:
                del self._running[key]

    async def _drive(self, call: Call, result: Any) -> Any:
        if inspect.isawaitable(result):
            return await result
        if not call.stream:
            if inspect.isgenerator(result):
                return self.service.gather(result)
            return await self.service.gather_async(result)
        try:
            if inspect.isgenerator(result):
                for item in result:
                    await self._send(Item(call.id, item))
            else:
                async for item in result:
                    await self._send(Item(call.id, item))
        finally:
            if inspect.isgenerator(result):
                result.close()
            else:
                await result.aclose()
        return None

    async def _send(self, item: Item) -> None:
        await self._connection.drain()
        self._connection.send(item)


def handler_class(service: Service) -> type[_Handler]:
    """The class of which each connection of `service` has an object; see fastnet.service()."""
    return type("RPCHandler", (_Handler,), {"service": service})
