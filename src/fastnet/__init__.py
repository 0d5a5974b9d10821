"""Network protocols written once, without I/O, and run under any server model.

``fastnet.serve(app)`` runs a WSGI or ASGI app, or what ``fastnet.service()`` makes, and ``fastnet.connect()`` reaches
it; ``fastnet.codecs`` and ``fastnet.protocols`` are the parsers and connections by themselves. Importing this package
imports none of its dependencies.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastnet._version import __version__
from fastnet.errors import ConfigError, FastnetError, LimitExceeded, ProtocolError, StartupError

if TYPE_CHECKING:
    from fastnet.apps.service import service as service
    from fastnet.apps.websocket import websocket as websocket
    from fastnet.clients.stream import connect as connect
    from fastnet.clients.stream_async import connect_async as connect_async
    from fastnet.clients.websocket import connect_websocket as connect_websocket
    from fastnet.clients.websocket_async import connect_websocket_async as connect_websocket_async
    from fastnet.protocols.base import DatagramProtocol as DatagramProtocol
    from fastnet.protocols.base import Protocol as Protocol
    from fastnet.servers.stream_protocol import asyncio_protocol as asyncio_protocol

__all__ = [
    "ConfigError",
    "DatagramProtocol",
    "FastnetError",
    "LimitExceeded",
    "Protocol",
    "ProtocolError",
    "StartupError",
    "__version__",
    "asyncio_protocol",
    "connect",
    "connect_async",
    "connect_websocket",
    "connect_websocket_async",
    "get_include",
    "serve",
    "service",
    "websocket",
]

# Loaded when first asked for, so that importing fastnet stays as cheap as what is used of it.
_LATER = {
    "DatagramProtocol": "fastnet.protocols.base",
    "Protocol": "fastnet.protocols.base",
    "asyncio_protocol": "fastnet.servers.stream_protocol",
    "connect": "fastnet.clients.stream",
    "connect_async": "fastnet.clients.stream_async",
    "connect_websocket": "fastnet.clients.websocket",
    "connect_websocket_async": "fastnet.clients.websocket_async",
    "service": "fastnet.apps.service",
    "websocket": "fastnet.apps.websocket",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)


def serve(target: Any, **options: Any) -> int:
    """Run an app until SIGTERM or SIGINT; the same as the command ``fastnet serve``. For the main thread only.

    Args:
        target: a WSGI or ASGI app, a service (see service()) or Protocol class, or "module:attribute" naming one.
        options: the fields of `fastnet.servers.config.Config`: bind="127.0.0.1:8000",
            model="prefork" | "threaded" | "async", workers=1, threads=8, ...

    Returns:
        The exit status that the command would have: 0 when every request could be finished.

    Raises:
        ConfigError: an option has a value that cannot be used.
        StartupError: the address is taken, or the app does not load or start.
    """
    from fastnet.servers import run

    return run(target, **options)


def get_include() -> str:
    """The folder to compile against: it holds ``fastnet/*.h``. The .pxd files are found by Cython itself."""
    here = Path(__file__).resolve().parent
    installed = here / "include"
    return str(installed if installed.is_dir() else here.parents[1] / "csrc" / "include")
