"""The one pump: bytes -> Connection -> app -> bytes, whatever the driver. From Python only made and handed on."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastnet.apps.asgi import ASGIApp
from fastnet.apps.service import Service
from fastnet.apps.session import ServiceApp
from fastnet.apps.static import StaticApp
from fastnet.apps.static_files import StaticFiles
from fastnet.apps.wsgi import WSGIApp
from fastnet.apps.wsgi_pool import PooledWSGIApp
from fastnet.protocols.websocket_options import Options
from fastnet.protocols.workspace import Settings, Workspace
from fastnet.servers.accesslog import AccessLog
from fastnet.servers.config import Config

class Pump:
    """What the connections of one thread share."""

    def __init__(
        self,
        ws: Workspace,
        app: WSGIApp | ASGIApp | PooledWSGIApp | ServiceApp | StaticApp,
        access: AccessLog | None = None,
        tracer: object | None = None,
        multiplex: Callable[[Any], Any] | None = None,
    ) -> None: ...
    @property
    def access(self) -> AccessLog | None: ...
    @property
    def multiplex(self) -> Callable[[Any], Any] | None:
        """What makes the streams of a channel whose client speaks HTTP/2."""
    @property
    def tracer(self) -> object | None:
        """A Tracer: tracing.pyx is not built where there is no epoll."""

def settings_of(config: Config) -> Settings:
    """The Settings that a Config asks for."""

def service_app(service: Service, config: Config, loop: asyncio.AbstractEventLoop | None = None) -> ServiceApp:
    """What answers the connections of a service, as a Config says."""

def files_of(config: Config) -> StaticFiles | None:
    """The files that a Config has in front of an application, for all threads of a process; None: there are none."""

def with_files(
    app: WSGIApp | ASGIApp | PooledWSGIApp, files: StaticFiles | None
) -> WSGIApp | ASGIApp | PooledWSGIApp | StaticApp:
    """`app`, behind what files_of() gave."""

def websocket_options(config: Config) -> Options:
    """The Options of an ASGI app's WebSockets."""

def wsgi_options(config: Config) -> dict[str, Any]:
    """What a Config says to a WSGIApp, by name."""
