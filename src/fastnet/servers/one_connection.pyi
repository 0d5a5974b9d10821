import ssl
from typing import Any

from fastnet.apps.static_files import StaticFiles
from fastnet.servers.config import Config

def serve_connection(
    config: Config,
    app: Any,
    interface: str,
    fd: int,
    client: tuple[str, int] | None,
    server: tuple[str, int | None],
    tls: ssl.SSLContext | None,
    ending: int,
    files: StaticFiles | None = None,
) -> None: ...
