"""A request's task tells its coroutine of every mark that is left on it."""

import asyncio
from collections.abc import Coroutine

import pytest

from fastnet.apps.request_task import RequestTask


class Marked(Coroutine):
    """Ends at its first step, and counts the marks."""

    def __init__(self):
        self.marks = 0

    def touch(self):
        self.marks += 1

    def __await__(self):
        return self

    def send(self, value):
        raise StopIteration

    def throw(self, *error):
        raise StopIteration

    def close(self):
        pass


MARKS = {
    "cancelled": lambda task: task.cancel(),
    "named": lambda task: task.set_name("x"),
    "waited for": lambda task: task.add_done_callback(print),
    "an attribute": lambda task: setattr(task, "x", 1),
}


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_a_mark_is_told(mark):
    async def main():
        coroutine = Marked()
        task = RequestTask(coroutine, loop=asyncio.get_running_loop())
        before = coroutine.marks
        assert task.get_name() and not task.done()  # to look leaves no mark
        mark(task)
        assert (before, coroutine.marks) == (0, 1)
        task.remove_done_callback(print)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())
