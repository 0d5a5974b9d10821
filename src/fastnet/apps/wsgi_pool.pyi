import asyncio
from collections.abc import Callable
from typing import final

from fastnet.apps.wsgi import WSGIApp

@final
class PooledWSGIApp:
    def __init__(
        self,
        wsgi: WSGIApp,
        loop: asyncio.AbstractEventLoop,
        threads: int,
        begin: Callable[[int, float, bytes], object],
        end: Callable[[int], object],
    ) -> None: ...
    def close(self) -> None: ...
