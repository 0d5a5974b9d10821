"""The short way from a function to a WebSocket server: `@fastnet.websocket`. It makes a Service like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnet.apps.service import service
from fastnet.errors import ConfigError
from fastnet.protocols.websocket_handshake import server
from fastnet.protocols.websocket_options import Options


def websocket(handler: Callable[..., Any] | None = None, *, concurrency: int = 1, **options: Any) -> Any:
    """Make a Service of a function or class that answers messages, `str` or `bytes`; a decorator, too.

        @fastnet.websocket
        def echo(message):
            return message

    Handlers are those of fastnet.service(): `def` or `async def`, given the message, or (message, connection), under
    every model; or a class whose `on_connect(connection)` is called once the opening handshake is complete. By its
    `connection`, `send(message)` sends at any time, from any thread; `send(Close(code, reason))` and `close()` end it.
    `connection.protocol` is a WebSocket: `request`, `subprotocol`, `close_code`, `latency`.

    Pings are sent and answered, and a Close is, without the handler. When the server drains, clients get a Close, 1001.

    Args:
        handler: the function or class.
        concurrency: as of service().
        options: the fields of protocols.websocket_options.Options: max_message_bytes, ping_interval, origins, ...

    Raises:
        ConfigError: an argument cannot be used.
    """
    try:
        chosen = Options(**options)
    except TypeError:
        unknown = next(name for name in options if name not in Options.__dataclass_fields__)
        expected = ", ".join(["concurrency", *Options.__dataclass_fields__])
        raise ConfigError(unknown, options[unknown], f"one of the options {expected}") from None
    return service(handler, protocol=server(chosen), concurrency=concurrency)
