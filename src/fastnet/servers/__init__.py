"""The server models: what runs an application on sockets, in processes and threads."""

from __future__ import annotations

from typing import Any

from fastnet.errors import ConfigError


def run(target: Any, **options: Any) -> int:
    """Serve until SIGTERM or SIGINT; see fastnet.serve()."""
    from fastnet.servers.config import Config
    from fastnet.servers.config import options as known
    from fastnet.servers.supervisor import Supervisor

    names = [name for name, _ in known()]
    for name, value in options.items():
        if name not in names:
            raise ConfigError(name, value, "one of the options " + ", ".join(names))
    return Supervisor(Config(target=target, **options)).run()
