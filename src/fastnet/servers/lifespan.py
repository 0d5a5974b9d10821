"""The lifespan of an ASGI application (lifespan protocol, message spec 2.0): one task that lives as long as its loop.

An application without lifespan support is served all the same: one that raises, or returns, before it asks for the
first message has none. One that fails once it has begun its startup stops the server from starting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastnet.errors import StartupError
from fastnet.servers.log import LOGGER

Message = MutableMapping[str, Any]
ASGI = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Lifespan:
    """Runs the lifespan of `app` on the running loop: startup() before serving, shutdown() after it.

    `state` is what the application put into the scope's state in its startup.
    """

    def __init__(self, app: ASGI) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._started: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._stopped: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Returns when the application has started. Raises StartupError when it says that it cannot, or raises."""
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = asyncio.create_task(self._run(), name="lifespan")
        failure = await self._started
        if failure is not None:
            last = failure.strip().splitlines()[-1] if failure.strip() else "it did not say why"
            raise StartupError(f"the startup of the application failed: {' '.join(last.split())}", failure)

    async def shutdown(self) -> None:
        """Returns when the application has shut down; what goes wrong is logged."""
        if self._task is None or self._task.done():
            return
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        failure = await self._stopped
        if failure is not None:
            LOGGER.error("the shutdown of the application failed: %s", failure.strip())
        # What stands behind its last message belongs to the shutdown, too.
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        scope: Message = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
            if not self._asked:
                LOGGER.debug("the application has no lifespan: %s", text)
            elif not self._started.done():
                self._started.set_result(text)
            elif not self._stopped.done():
                LOGGER.error("the lifespan of the application ended with an error", exc_info=error)
        finally:
            for ended in (self._started, self._stopped):
                if not ended.done():
                    ended.set_result(None)

    async def _receive(self) -> Message:
        self._asked = True
        return await self._messages.get()

    async def _send(self, message: Message) -> None:
        step, _, outcome = message["type"].removeprefix("lifespan.").partition(".")
        ended = {"startup": self._started, "shutdown": self._stopped}.get(step)
        if ended is None or outcome not in ("complete", "failed"):
            raise ValueError(f"{message['type']!r} is no message of a lifespan")
        if ended.done():
            raise RuntimeError(f"{message['type']} after the end of the {step}")
        ended.set_result(None if outcome == "complete" else message.get("message", ""))
