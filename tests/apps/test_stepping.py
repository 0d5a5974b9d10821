"""A coroutine's first step is taken at once, in a task that is real for everybody who looks."""

import asyncio
import contextvars
import gc
import weakref

import anyio
import pytest
import sniffio
import uvloop

from fastnet.apps.stepping import Stepper

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
var = contextvars.ContextVar("var", default="unset")


@pytest.fixture(params=LOOPS)
def run(request):
    """Run a coroutine function, given a Stepper, on a loop of each kind."""

    def run(main):
        loop = LOOPS[request.param]()
        try:
            return loop.run_until_complete(asyncio.wait_for(main(Driver(loop)), 20))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    return run


class Driver:
    """Submits coroutines as a protocol would, from a callback, in which no task is current."""

    def __init__(self, loop):
        self.loop = loop
        self.stepper = Stepper(loop)

    async def finish(self, *coroutines):
        """Submit them in one callback; returns the outcome (None or the exception) of each when all have ended."""
        ended = [self.loop.create_future() for _ in coroutines]

        def submit():
            for coroutine, future in zip(coroutines, ended, strict=True):
                self.stepper.submit(coroutine, future.set_result)

        self.loop.call_soon(submit)
        return await asyncio.gather(*ended)

    async def close(self):
        self.stepper.close()
        await asyncio.sleep(0)


def test_one_task_serves_all_that_never_wait(run):
    async def main(driver):
        names = []

        async def quick():
            names.append(asyncio.current_task().get_name())

        for _ in range(3):
            assert await driver.finish(*(quick() for _ in range(10))) == [None] * 10
        before = asyncio.all_tasks()
        await driver.close()
        await asyncio.sleep(0)
        assert len(set(names)) == 1
        assert len(before - asyncio.all_tasks()) == 1

    run(main)


def test_first_step_is_taken_at_once(run):
    async def main(driver):
        log = []

        async def quick():
            log.append("step")

        def submit():
            driver.stepper.submit(quick(), lambda error: log.append(("ended", error)))
            log.append("back")

        driver.loop.call_soon(submit)
        await asyncio.sleep(0)
        await driver.close()
        assert log == ["step", ("ended", None), "back"]

    run(main)


@pytest.mark.parametrize("wait", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(0.01)])
def test_waiting_keeps_task_and_ends(run, wait):
    async def main(driver):
        seen = []

        async def slow(n):
            before = asyncio.current_task()
            await wait()
            await wait()
            assert asyncio.current_task() is before
            assert sniffio.current_async_library() == "asyncio"
            seen.append((n, before))

        for _ in range(3):
            assert await driver.finish(*(slow(n) for n in range(5))) == [None] * 5
        await driver.close()
        assert len(seen) == 15
        assert len({task for _, task in seen}) == 15, "tasks of coroutines that waited are not shared"
        await asyncio.sleep(0)
        assert all(task.done() and not task.cancelled() and task.exception() is None for _, task in seen)

    run(main)


def test_mixture_of_waiting_and_quick(run):
    async def main(driver):
        seen = []

        async def request(n):
            if n % 3 == 0:
                await asyncio.sleep(0.001 * (n % 5))
            seen.append(n)

        await driver.finish(*(request(n) for n in range(100)))
        await driver.close()
        assert sorted(seen) == list(range(100))

    run(main)


def test_contextvars_stay_in_their_request(run):
    async def main(driver):
        seen = []

        async def request(n):
            assert var.get() == "unset"
            var.set(n)
            if n % 2:
                await asyncio.sleep(0.001)
                child = asyncio.create_task(child_value())
                seen.append((n, var.get(), await child))
            else:
                seen.append((n, var.get(), n))

        async def child_value():
            return var.get()

        assert await driver.finish(*(request(n) for n in range(10))) == [None] * 10
        assert await driver.finish(*(request(n) for n in range(10))) == [None] * 10
        await driver.close()
        assert all(n == value == child for n, value, child in seen)
        assert var.get() == "unset"

    run(main)


def test_exceptions_are_told(run):
    async def main(driver):
        async def quick():
            raise ValueError("quick")

        async def slow():
            await asyncio.sleep(0)
            raise ValueError("slow")

        async def leaves():
            raise SystemExit(3)

        first, second, third = await driver.finish(quick(), slow(), leaves())
        await driver.close()
        assert (str(first), str(second)) == ("quick", "slow")
        assert isinstance(third, SystemExit)

    run(main)


def test_timeout_in_the_first_wait(run):
    async def main(driver):
        outcome = []

        async def request():
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(5)
            except TimeoutError:
                outcome.append(asyncio.current_task().cancelling())

        assert await driver.finish(request(), request()) == [None, None]
        await driver.close()
        assert outcome == [0, 0]

    run(main)


def test_task_is_cancelled_from_outside_while_it_waits(run):
    async def main(driver):
        tasks = []

        async def request():
            tasks.append(asyncio.current_task())
            await asyncio.sleep(5)

        waiting = asyncio.ensure_future(driver.finish(request(), request()))
        while len(tasks) < 2:
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel("enough")
        outcome = await waiting
        await asyncio.sleep(0)
        await driver.close()
        assert all(isinstance(error, asyncio.CancelledError) for error in outcome)
        assert all(task.cancelled() for task in tasks)

    run(main)


def test_cancelled_between_first_step_and_take_over(run):
    """The second coroutine's task has not begun when it is cancelled, in the same turn of the loop."""

    async def main(driver):
        cleaned = []
        ended = []

        async def request(n):
            tasks.append(asyncio.current_task())
            try:
                await asyncio.sleep(5)
            finally:
                cleaned.append(n)

        tasks = []

        def submit():
            for n in range(3):
                driver.stepper.submit(request(n), ended.append)
            for task in tasks:
                task.cancel()

        driver.loop.call_soon(submit)
        await asyncio.sleep(0.02)
        await driver.close()
        assert cleaned == [0, 1, 2]
        assert [type(error) for error in ended] == [asyncio.CancelledError] * 3

    run(main)


def test_cancelling_oneself_in_the_first_step(run):
    async def main(driver):
        reached = []

        async def request():
            asyncio.current_task().cancel()
            reached.append("before")
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                reached.append("cancelled")
                raise

        async def never_waits():
            asyncio.current_task().cancel()

        async def innocent():
            await asyncio.sleep(0)
            reached.append("innocent")

        for _ in range(2):
            outcome = await driver.finish(request(), never_waits(), innocent())
            assert [type(error) for error in outcome] == [asyncio.CancelledError, type(None), type(None)]
        await driver.close()
        assert sorted(reached) == sorted(["before", "cancelled", "innocent"] * 2)

    run(main)


def test_marks_on_the_task_do_not_reach_the_next_request(run):
    async def main(driver):
        called = []
        tasks = []

        async def names():
            asyncio.current_task().set_name("mine")

        async def calls_back():
            asyncio.current_task().add_done_callback(lambda task: called.append(task))

        async def sets_attribute():
            asyncio.current_task().mark = 1

        async def keeps():
            tasks.append(asyncio.current_task())

        weak = weakref.WeakKeyDictionary()

        async def keeps_weakly():
            weak[asyncio.current_task()] = 1

        async def looks():
            task = asyncio.current_task()
            assert task.get_name() != "mine"
            assert not hasattr(task, "mark")
            assert task not in weak
            assert task not in tasks
            assert task.cancelling() == 0

        for _ in range(2):
            outcome = await driver.finish(
                looks(), names(), looks(), calls_back(), looks(), sets_attribute(), looks(), keeps(), looks(),
                keeps_weakly(), looks(),
            )  # fmt: skip
            assert outcome == [None] * 11
            await asyncio.sleep(0.01)
        await driver.close()
        await asyncio.sleep(0)
        assert len(called) == 2 and all(task.done() for task in called)
        assert len(tasks) == 2 and all(task.done() for task in tasks)
        called.clear()
        tasks.clear()
        gc.collect()
        assert len(weak) == 0

    run(main)


def test_task_group_and_gather(run):
    async def main(driver):
        results = []

        async def part(n):
            await asyncio.sleep(0.001 * n)
            return n

        async def request():
            async with asyncio.TaskGroup() as group:
                children = [group.create_task(part(n)) for n in range(3)]
            results.append([child.result() for child in children])
            results.append(await asyncio.gather(part(1), part(0)))

        async def failing():
            async with asyncio.TaskGroup() as group:
                group.create_task(part(50))
                group.create_task(fails())

        async def fails():
            raise KeyError("child")

        first, second = await driver.finish(request(), failing())
        await driver.close()
        assert first is None
        assert isinstance(second, ExceptionGroup) and isinstance(second.exceptions[0], KeyError)
        assert results == [[0, 1, 2], [1, 0]]

    run(main)


def test_anyio_scopes_and_task_groups(run):
    async def main(driver):
        log = []

        async def times_out():
            with anyio.move_on_after(0.01) as scope:
                await anyio.sleep(5)
            log.append(scope.cancelled_caught)

        async def nested():
            with anyio.move_on_after(5) as outer:
                with anyio.move_on_after(0.01) as inner:
                    await anyio.sleep(5)
                await anyio.sleep(0.001)
            log.append((outer.cancelled_caught, inner.cancelled_caught))

        async def cancels_itself_at_once():
            with anyio.CancelScope() as scope:
                scope.cancel()
                await anyio.sleep(5)
            log.append(scope.cancelled_caught)

        async def group():
            async with anyio.create_task_group() as tg:
                tg.start_soon(anyio.sleep, 5)
                tg.cancel_scope.cancel()
            async with anyio.create_task_group() as tg:
                await tg.start(started)
                tg.cancel_scope.cancel()
            log.append("group")

        async def started(*, task_status):
            task_status.started()
            await anyio.sleep(5)

        async def shielded():
            with anyio.move_on_after(0.01):
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.03)
                    log.append("shielded")
                await anyio.sleep(5)

        async def in_thread():
            log.append(await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(answer)))

        async def answer():
            return "thread"

        for _ in range(2):
            log.clear()
            outcome = await driver.finish(
                times_out(), nested(), cancels_itself_at_once(), group(), shielded(), in_thread()
            )
            assert outcome == [None] * 6
            assert sorted(map(str, log)) == sorted(["True", "(False, True)", "True", "group", "shielded", "thread"])
        await driver.close()

    run(main)


def test_awaitables_that_are_no_coroutines(run):
    async def main(driver):
        class Odd:
            def __await__(self):
                yield from asyncio.sleep(0).__await__()
                yield from asyncio.sleep(0.001).__await__()

        ended = await driver.finish(Odd(), Odd())
        await driver.close()
        assert ended == [None, None]

    run(main)


def test_bad_yield_reaches_the_coroutine(run):
    async def main(driver):
        class Bad:
            def __await__(self):
                yield 42

        async def request():
            await Bad()

        (error,) = await driver.finish(request())
        await driver.close()
        assert isinstance(error, RuntimeError) and "42" in str(error)

    run(main)


def test_task_can_be_looked_into(run):
    async def main(driver):
        tasks = []

        async def request():
            tasks.append(asyncio.current_task())
            await asyncio.sleep(0.01)

        waiting = asyncio.ensure_future(driver.finish(request()))
        while not tasks:
            await asyncio.sleep(0)
        assert "request" in repr(tasks[0])
        assert tasks[0].get_stack()[0].f_code is request.__code__
        await waiting
        await driver.close()
        repr(tasks[0])

    run(main)


def test_nothing_is_left_behind(run):
    async def main(driver):
        async def quick():
            pass

        async def slow():
            await asyncio.sleep(0)

        await driver.finish(*(slow() for _ in range(50)), *(quick() for _ in range(50)))
        await driver.close()
        await asyncio.sleep(0)
        gc.collect()
        assert asyncio.all_tasks() == {asyncio.current_task()} or len(asyncio.all_tasks()) == 2

    run(main)
