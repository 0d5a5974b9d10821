import asyncio
from typing import Any, final

from fastnet.apps.stepping import Stepper
from fastnet.protocols.websocket_options import Options

@final
class ASGIApp:
    state: dict[str, Any]
    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def stepper(self) -> Stepper: ...
    def __init__(
        self, callable: Any, loop: asyncio.AbstractEventLoop, *, root_path: str = "", websocket: Options | None = None
    ) -> None: ...
    def close(self) -> None: ...
