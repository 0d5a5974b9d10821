"""Services: a protocol, and what answers its events. The short way from a function to a server; see `service()`.

A `Service` only describes. It is served by `fastnet serve module:name` and `fastnet.serve()` under any model, tested by
`fastnet.testing`, and its protocol is what `fastnet.connect()` speaks on the other side.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastnet.codecs.framing import Framing
from fastnet.errors import ConfigError
from fastnet.protocols.base import DatagramProtocol, Protocol
from fastnet.protocols.framed import Framed

# What a class may have beside on_message: all of them plain functions, called in the thread that serves.
HOOKS = ("on_connect", "on_close", "on_timeout")


@dataclass(frozen=True)
class Service:
    """A protocol, and what answers its events; made by service(). Never changes.

    `protocol` makes the Protocol of a stream connection, `datagram` the DatagramProtocol of a socket; one may be None.
    `handler` is a function, or a class of which each connection has an object, or None: the protocol answers by itself.
    """

    protocol: Callable[[], Protocol] | None
    datagram: Callable[[], DatagramProtocol] | None = None
    handler: Callable[..., Any] | None = None
    concurrency: int = 1
    name: str = "service"

    def __post_init__(self) -> None:
        if self.protocol is None and self.datagram is None:
            raise ConfigError("protocol", None, "a framing, a protocol or a datagram protocol")
        if not isinstance(self.concurrency, int) or self.concurrency < 1:
            raise ConfigError("concurrency", self.concurrency, "an integer, at least 1")
        if self.handler is not None and not callable(self.handler):
            raise ConfigError("handler", self.handler, "a function or a class with on_message()")
        if inspect.isclass(self.handler):
            if not callable(getattr(self.handler, "on_message", None)):
                raise ConfigError("handler", self.handler, "a class with a method on_message(message)")
            for hook in HOOKS:
                if inspect.iscoroutinefunction(getattr(self.handler, hook, None)):
                    raise ConfigError("handler", self.handler, f"{hook} as def; only on_message may be async def")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The handler itself, as it was written: for tests, and for other handlers."""
        if self.handler is None:
            raise TypeError(f"{self.name} has no handler to call")
        return self.handler(*args, **kwargs)

    @property
    def keeps_state(self) -> bool:
        """Each connection has an object of the handler, which is a class."""
        return inspect.isclass(self.handler)

    @property
    def answer(self) -> Callable[..., Any] | None:
        """What is called with each event: the function, or the class's on_message."""
        return self.handler.on_message if inspect.isclass(self.handler) else self.handler  # type: ignore[attr-defined]

    @property
    def is_async(self) -> bool:
        """Whether that is `async def`, and so needs an event loop."""
        answer = self.answer
        return inspect.iscoroutinefunction(answer) or inspect.iscoroutinefunction(type(answer).__call__)

    @property
    def wants_connection(self) -> bool:
        """Whether a function takes (message, connection) rather than (message)."""
        if self.handler is None or self.keeps_state:
            return False
        try:
            inspect.signature(self.handler).bind(None, None)
        except (TypeError, ValueError):
            return False
        return True


def service(
    handler: Callable[..., Any] | None = None,
    *,
    framing: Framing[Any, Any] | None = None,
    protocol: Callable[[], Protocol] | None = None,
    datagram: Callable[[], DatagramProtocol] | None = None,
    message_timeout: float = 20.0,
    idle_timeout: float = 60.0,
    concurrency: int = 1,
) -> Any:
    """Make a Service of a function or class that answers messages; a decorator, too.

        @fastnet.service(framing=framing.Lines())
        def echo(message):
            return message

    A function, `def` or `async def`, is called with the message, or with (message, connection) if it takes two
    arguments. What it returns is sent, None apart; a generator's items are sent as the peer takes them. Messages of
    one connection are answered one after the other, in order, unless `concurrency` says otherwise.

    A class has an object for each connection, made without arguments, and `on_message(message)`, `def` or `async def`.
    It may have `on_connect(connection)`, which gives it the Connection to send by at any time; `on_close(error)`, with
    None after a proper end; and `on_timeout()`, called when `connection.set_timeout(seconds)` has run out.

    A handler that raises ends its connection and nothing else: ProtocolError for a fault of the peer, which is logged
    in a line; anything else is ours, and is logged with its traceback. See Protocol.fail() for a last word.

    Args:
        handler: the function or class.
        framing: how messages stand in a stream: see fastnet.framing. Messages are what the framing's frames are.
        protocol: instead of that, what makes the Protocol of a connection, such as its class; messages are its events.
        datagram: what makes the DatagramProtocol of a UDP socket.
        message_timeout: with `framing`, seconds from the first byte of a message to its last; inf: any time.
        idle_timeout: with `framing`, seconds without a message, after which the connection is closed; inf: never.
        concurrency: messages of one connection that an `async def` handler may be busy with. Above 1, answers go out
            as they are ready, so the protocol must tell which is whose.

    Raises:
        ConfigError: an argument is missing, or cannot be used.
    """
    if framing is not None:
        if protocol is not None:
            raise ConfigError("protocol", protocol, "a protocol or a framing, not both")
        for name, value in (("message_timeout", message_timeout), ("idle_timeout", idle_timeout)):
            if not isinstance(value, (int, float)) or math.isnan(value) or value <= 0:
                raise ConfigError(name, value, "seconds above 0, or inf")
        protocol = functools.partial(
            Framed, framing, message_timeout=float(message_timeout), idle_timeout=float(idle_timeout)
        )

    def make(handler: Callable[..., Any]) -> Service:
        name = getattr(handler, "__qualname__", type(handler).__qualname__)
        return Service(protocol, datagram, handler, concurrency, name)

    return make if handler is None else make(handler)


def as_service(target: Any) -> Service | None:
    """The Service that `target` is, or that a Protocol or DatagramProtocol class is by itself; else None."""
    if isinstance(target, Service):
        return target
    if inspect.isclass(target) and issubclass(target, Protocol):
        return Service(target, name=target.__qualname__)
    if inspect.isclass(target) and issubclass(target, DatagramProtocol):
        return Service(None, target, name=target.__qualname__)
    return None
