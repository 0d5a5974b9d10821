"""Network protocols written once, without I/O, and run under any server model.

``fastnet.serve(app)`` runs a WSGI or ASGI app; ``fastnet.codecs`` and ``fastnet.protocols`` are the parsers and
connections by themselves. Importing this package imports none of its dependencies.
"""

from pathlib import Path
from typing import Any

from fastnet._version import __version__
from fastnet.errors import ConfigError, FastnetError, LimitExceeded, ProtocolError, StartupError

__all__ = [
    "ConfigError",
    "FastnetError",
    "LimitExceeded",
    "ProtocolError",
    "StartupError",
    "__version__",
    "get_include",
    "serve",
]


def serve(target: Any, **options: Any) -> int:
    """Run an app until SIGTERM or SIGINT; the same as the command ``fastnet serve``. For the main thread only.

    Args:
        target: a WSGI or ASGI app, or "module:attribute" naming one.
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
