import asyncio
from collections.abc import Callable
from typing import final

from fastnet.apps.service import Service
from fastnet.apps.session import Connection, ServiceApp
from fastnet.protocols.base import Protocol
from fastnet.servers.board import Board

class ServiceProtocol(asyncio.Protocol):
    @property
    def connection(self) -> Connection: ...
    def drain(self) -> None: ...

@final
class ProtocolFactory:
    def __call__(self) -> ServiceProtocol: ...
    def place(self, board: Board, worker: int, thread: int) -> None: ...

def service_protocol(
    app: ServiceApp, loop: asyncio.AbstractEventLoop, write_timeout: float, min_rate: float, kind: type[ServiceProtocol]
) -> ProtocolFactory: ...
def asyncio_protocol(
    target: Service | Callable[..., Protocol],
    *,
    max_output: int = 262144,
    idle_timeout: float = 60.0,
    write_timeout: float = 30.0,
    min_rate: float = 500.0,
    kind: type[ServiceProtocol] = ...,
) -> ProtocolFactory: ...
