"""The task that requests are stepped in; see fastnet.apps.stepping, which imports this once there is a loop."""

from __future__ import annotations

import asyncio
from typing import Any


class RequestTask(asyncio.Task[None]):
    """A task that tells its coroutine, a Spare, when somebody leaves a mark on it."""

    def cancel(self, msg: Any = None) -> bool:
        _touch(self)
        return super().cancel(msg)

    def set_name(self, value: object) -> None:
        _touch(self)
        super().set_name(value)

    def add_done_callback(self, callback: Any, *, context: Any = None) -> None:
        _touch(self)
        super().add_done_callback(callback, context=context)

    def __setattr__(self, name: str, value: Any) -> None:
        _touch(self)
        super().__setattr__(name, value)


def _touch(task: RequestTask) -> None:
    spare: Any = task.get_coro()
    if spare is not None:
        spare.touch()
