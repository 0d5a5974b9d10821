"""WSGI (PEP 3333) over the pump. From Python only made and handed on."""

from collections.abc import Callable
from typing import Any, final

@final
class WSGIApp:
    """A WSGI application, for one thread at a time.

    spool: bytes of a request body kept in memory, before a file in spool_dir ("": the system's place) takes it.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        *,
        multithread: bool = False,
        multiprocess: bool = False,
        spool: int = 524288,
        spool_dir: str = "",
        root_path: str = "",
        scheme: str = "http",
    ) -> None: ...
    @property
    def spool(self) -> int: ...
    @property
    def spool_dir(self) -> str: ...
