"""service(): what it makes of functions, classes and protocols, and what it refuses."""

from typing import Any

import pytest

import fastnet
from fastnet.apps.service import Service, as_service, service
from fastnet.errors import ConfigError
from fastnet.framing import Lines
from fastnet.protocols import DatagramProtocol, Framed, Protocol


def test_a_function_is_decorated_and_can_still_be_called() -> None:
    @fastnet.service(framing=Lines(), message_timeout=3, idle_timeout=7)
    def echo(message: bytes) -> bytes:
        return message

    assert isinstance(echo, Service)
    assert echo(b"x") == b"x"
    assert (echo.is_async, echo.keeps_state, echo.wants_connection) == (False, False, False)
    assert echo.name.endswith("echo")
    protocol = echo.protocol()
    assert type(protocol) is Framed and protocol.framing == Lines()
    assert (protocol.message_timeout, protocol.idle_timeout) == (3, 7)


def test_how_a_handler_is_called_is_seen() -> None:
    @service(framing=Lines())
    async def two(message: bytes, connection: Any) -> None: ...

    class Called:
        async def __call__(self, message: bytes) -> None: ...

    assert two.is_async and two.wants_connection
    one = service(Called(), framing=Lines())
    assert one.is_async and not one.wants_connection and not one.keeps_state

    @service(framing=Lines())
    class Kept:
        async def on_message(self, message: bytes) -> None: ...

    assert Kept.is_async and Kept.keeps_state and not Kept.wants_connection


def test_classes_of_protocols_are_services_by_themselves() -> None:
    class Mine(Protocol): ...

    class Ours(DatagramProtocol): ...

    stream, datagram = as_service(Mine), as_service(Ours)
    assert stream is not None and stream.protocol is Mine and stream.datagram is None and stream.answer is None
    assert datagram is not None and datagram.datagram is Ours and datagram.protocol is None
    assert as_service(stream) is stream
    assert as_service(Mine()) is None and as_service(lambda message: message) is None
    with pytest.raises(TypeError, match="no handler"):
        stream(b"")


def test_what_cannot_be_served_is_refused_by_name() -> None:
    class Silent:
        pass

    class Late:
        def on_message(self, message: bytes) -> None: ...
        async def on_close(self, error: Exception | None) -> None: ...

    for option, arguments in (
        ("protocol", {"handler": print}),
        ("protocol", {"handler": print, "framing": Lines(), "protocol": Protocol}),
        ("handler", {"handler": Silent, "framing": Lines()}),
        ("handler", {"handler": Late, "framing": Lines()}),
        ("concurrency", {"handler": print, "framing": Lines(), "concurrency": 0}),
        ("idle_timeout", {"handler": print, "framing": Lines(), "idle_timeout": 0}),
        ("message_timeout", {"handler": print, "framing": Lines(), "message_timeout": float("nan")}),
    ):
        with pytest.raises(ConfigError) as caught:
            service(**arguments)
        assert caught.value.option == option
