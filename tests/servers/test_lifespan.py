"""Startup and shutdown of ASGI applications: those that have a lifespan, those that have none, those that fail."""

import asyncio
import logging

import pytest

from fastnet.errors import StartupError
from fastnet.servers.lifespan import Lifespan


def live(app):
    """Start and shut down `app`; returns the state."""

    async def main():
        lifespan = Lifespan(app)
        await asyncio.wait_for(lifespan.startup(), 10)
        await asyncio.wait_for(lifespan.shutdown(), 10)
        return lifespan.state

    return asyncio.run(main())


async def obedient(scope, receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


def test_scope_messages_and_state():
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope))
        scope["state"]["pool"] = 7
        seen.append(await receive())
        await send({"type": "lifespan.startup.complete"})
        seen.append(await receive())
        await send({"type": "lifespan.shutdown.complete"})
        await asyncio.sleep(0)
        seen.append("after")

    assert live(app) == {"pool": 7}
    assert seen[0]["type"] == "lifespan" and seen[0]["asgi"] == {"version": "3.0", "spec_version": "2.0"}
    assert seen[1:] == [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}, "after"]


def test_no_lifespan_is_no_failure():
    async def asserts(scope, receive, send):
        assert scope["type"] == "http"

    async def returns(scope, receive, send):
        return

    assert live(asserts) == live(returns) == {}


def test_startup_that_says_it_failed():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "Traceback ...\nOSError: no database\n"})

    with pytest.raises(StartupError) as caught:
        live(app)
    assert str(caught.value) == "the startup of the application failed: OSError: no database"
    assert "Traceback" in caught.value.details


def test_startup_that_says_nothing_more():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed"})

    with pytest.raises(StartupError, match="did not say why"):
        live(app)


def test_startup_that_raises():
    async def app(scope, receive, send):
        await receive()
        raise OSError("no database")

    with pytest.raises(StartupError, match="OSError: no database"):
        live(app)


@pytest.mark.parametrize("message", [{"type": "lifespan.shutdown.failed", "message": "stuck"}, None])
def test_shutdown_that_fails_is_logged(caplog, message):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if message is None:
            raise OSError("stuck")
        await send(message)

    live(app)
    assert "stuck" in caplog.text and caplog.records[0].levelno == logging.ERROR


def test_an_application_that_ends_early_is_not_waited_for():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})

    live(app)


@pytest.mark.parametrize("kind", ["lifespan.nonsense.complete", "lifespan.startup.maybe", "http.response.start"])
def test_wrong_messages(kind):
    raised = []

    async def app(scope, receive, send):
        try:
            await send({"type": kind})
        except ValueError as error:
            raised.append(error)
        await obedient(scope, receive, send)

    live(app)
    assert len(raised) == 1


def test_saying_it_twice():
    raised = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        try:
            await send({"type": "lifespan.startup.complete"})
        except RuntimeError as error:
            raised.append(error)

    live(app)
    assert len(raised) == 1
